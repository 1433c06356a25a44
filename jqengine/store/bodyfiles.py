"""Large bodies of results in files beside the database.

A row holds a reference in the place of such a body.  The file is on disk before
the row that names it; one whose run is forgotten goes some time after it.  A
body that looks like a reference is put into a file however short it is, so that
nothing an application says is ever taken for one.

For the store's threads.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import islice

from sqlalchemy import Connection, func, select

from jqengine.errors import StoreFull, StoreUnavailable
from jqengine.job import Outcome, Result
from jqengine.store.schema import attempts, runs
from jqengine.store.selecting import select_in

LONGEST_INLINE = 256 * 1024
"""Bytes of a body that stays in its row.

A body of a megabyte takes SQLite five times as long as a file does.
"""

SWEPT_AT_ONCE = 2000
"""Files looked at in one transaction that forgets runs."""

LONGEST_REFERENCE = 120
"""Bytes of what stands for a body, at most."""

_MAGIC = b"\0jqengine-body:"
_NAME = re.compile(r"([0-9A-Za-z_-]{1,64})-[0-9a-f]{16}")
_KEY = "jqengine body files"


class BodyFiles:
    """The files of one database.

    :param directory: where they lie; made when there is a first one.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._all: Iterator[str] = iter(())
        self._doomed: list[str] = []

    def attach(self, connection: Connection) -> None:
        """Let operations on *connection* find these files."""
        connection.info[_KEY] = self

    def put(self, run_id: str, body: bytes) -> bytes:
        """Write *body* to the disk; what stands for it in a row.

        :raises StoreUnavailable: that cannot be done now.
        """
        name = f"{run_id}-{sha256(body).hexdigest()[:16]}"
        try:
            self._write(name, body)
        except OSError as error:
            kind = StoreFull if error.errno == errno.ENOSPC else StoreUnavailable
            raise kind(f"cannot write to {self._directory}: {error.strerror}") from error
        return b"%b%b:%d" % (_MAGIC, name.encode("ascii"), len(body))

    def get(self, reference: bytes, offset: int = 0, size: int = -1) -> bytes | None:
        """The body that *reference* stands for, or a part of it; ``None`` when
        its file is gone."""
        name = _name_in(reference)
        if not _NAME.fullmatch(name):
            return None
        try:
            with open(os.path.join(self._directory, name), "rb") as file:
                file.seek(offset)
                return file.read(size)
        except OSError:
            return None

    def _write(self, name: str, body: bytes) -> None:
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        path = os.path.join(self._directory, name)
        aside = f"{path}.new"
        try:
            _write_synced(aside, body)
            os.rename(aside, path)
        except OSError:
            # On a full disk a part of it is the last that there is room for.
            with suppress(OSError):
                os.unlink(aside)
            raise
        folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def doom(self, references: Iterable[bytes]) -> None:
        """Note bodies whose run is being forgotten: the next sweep looks at them first."""
        self._doomed += [_name_in(reference) for reference in references]

    def sweep(self, connection: Connection) -> None:
        """Remove files whose run is forgotten, looking at some of them at a time.

        Not in the transaction that forgets the run, which may yet come to
        nothing, but in a later one.
        """
        doomed, self._doomed = self._doomed, []
        names = [*doomed, *islice(self._all, SWEPT_AT_ONCE)]
        if len(names) == len(doomed):
            with suppress(OSError):
                self._all = iter(os.listdir(self._directory))
        run_of = {name: name.rpartition("-")[0] for name in names}
        known = select_in(connection, select(runs.c.id), runs.c.id, set(run_of.values()))
        kept = {row.id for row in known}
        for name, run_id in run_of.items():
            if run_id not in kept:
                with suppress(OSError):
                    os.unlink(os.path.join(self._directory, name))

    def size(self) -> int:
        """Bytes of all files."""
        try:
            with os.scandir(self._directory) as entries:
                return sum(entry.stat().st_size for entry in entries)
        except OSError:
            return 0


def _write_synced(path: str, body: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with open(os.open(path, flags, 0o600), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _name_in(reference: bytes) -> str:
    return reference[len(_MAGIC) :].partition(b":")[0].decode("ascii", "replace")


def put_away(connection: Connection, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """*outcomes* with references in the place of bodies that belong in files."""
    files: BodyFiles | None = connection.info.get(_KEY)
    if files is None:
        return outcomes
    return [_with_reference(files, one) if _is_for_a_file(one) else one for one in outcomes]


def _is_for_a_file(outcome: Outcome) -> bool:
    body = outcome.result.body
    return len(body) > LONGEST_INLINE or body.startswith(_MAGIC)


def _with_reference(files: BodyFiles, outcome: Outcome) -> Outcome:
    reference = files.put(outcome.run_id, outcome.result.body)
    return outcome._replace(result=outcome.result._replace(body=reference))


def whole(connection: Connection, result: Result) -> Result:
    """*result* with its body, wherever that lies.

    A body whose file is gone counts as cut off at its beginning.
    """
    files: BodyFiles | None = connection.info.get(_KEY)
    if files is None or not result.body.startswith(_MAGIC):
        return result
    body = files.get(result.body)
    return result._replace(body=body or b"", truncated=result.truncated or body is None)


def part_in_file(
    connection: Connection, reference: bytes, offset: int, size: int
) -> tuple[bytes, int] | None:
    """A part of a body and its whole length, if *reference* is the beginning of
    a row's body that stands for a file."""
    files: BodyFiles | None = connection.info.get(_KEY)
    if files is None or not reference.startswith(_MAGIC):
        return None
    length = int(reference.rpartition(b":")[2])
    return files.get(reference, offset, size) or b"", length


def sweep(connection: Connection) -> None:
    """Remove some files whose run was forgotten earlier."""
    files: BodyFiles | None = connection.info.get(_KEY)
    if files is not None:
        files.sweep(connection)


def doom(connection: Connection, run_ids: Sequence[str]) -> None:
    """Note the files of runs that are about to be forgotten."""
    files: BodyFiles | None = connection.info.get(_KEY)
    if files is None:
        return
    for table, key in ((runs, runs.c.id), (attempts, attempts.c.run_id)):
        head = func.substr(table.c.response_body, 1, LONGEST_REFERENCE)
        query = select(head).where(func.substr(table.c.response_body, 1, len(_MAGIC)) == _MAGIC)
        files.doom(bytes(row[0]) for row in select_in(connection, query, key, run_ids))


def size_of_files(connection: Connection) -> int:
    """Bytes of all bodies beside the database."""
    files: BodyFiles | None = connection.info.get(_KEY)
    return 0 if files is None else files.size()
