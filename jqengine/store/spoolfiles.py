"""Jobs that wait on the local disk for a store that cannot be reached.

One file for each batch of them, whole or not there.  Blocking; for one thread
at a time.
"""

from __future__ import annotations

import fcntl
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from jqengine.errors import StoreError
from jqengine.job import Job
from jqengine.store.rows import job_from, job_values

VERSION = 1
WHOLE, PART, REFUSED = ".jobs", ".part", ".refused"
LOCK_FILE = "lock"

OLD = 60.0
"""Seconds after which a file that is not whole has nobody who writes it."""


class Batch(NamedTuple):
    """The jobs of one file."""

    path: Path
    jobs: Sequence[Job]


class SpoolFiles:
    """The files of a spool, which several processes of a machine may share.

    :param new_id: names files, in the order in which they are written.
    :param most: bytes that the files may have together.
    """

    def __init__(self, directory: str, new_id: Callable[[float], str], most: int) -> None:
        self.directory = Path(directory)
        self._new_id = new_id
        self._most = most

    def open(self, now: float) -> None:
        """Make the directory, and remove what killed processes have left half done.

        :raises OSError: that cannot be done.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in self.directory.glob(f"*{PART}"):
            if part.stat().st_mtime < now - OLD:
                part.unlink(missing_ok=True)

    def write(self, jobs: Sequence[Job], now: float) -> None:
        """Write *jobs*; they are on disk when this returns.

        :raises OSError: they are not.
        :raises StoreError: there is no room for them.
        """
        data = _text_of(jobs)
        if sum(path.stat().st_size for path in self._whole()) + len(data) > self._most:
            raise StoreError(f"the spool {self.directory} is full")
        name = f"{self._new_id(now)}.{len(jobs)}"
        part = self.directory / f"{name}{PART}"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
        except OSError:
            part.unlink()
            raise
        part.rename(self.directory / f"{name}{WHOLE}")
        self._sync_directory()

    def oldest(self) -> Batch | None:
        """The first batch, if there is one.

        One that cannot be read is put aside.

        :raises ValueError: it is put aside; the sentence names it.
        """
        path = next(iter(self._whole()), None)
        if path is None:
            return None
        try:
            return Batch(path, _jobs_of(path.read_bytes()))
        except FileNotFoundError:
            return self.oldest()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{self.refuse(path)}: {error!r}") from error

    def drop(self, path: Path) -> None:
        """Forget a batch."""
        path.unlink(missing_ok=True)
        self._sync_directory()

    def refuse(self, path: Path) -> Path:
        """Put a batch aside, and give its new place."""
        aside = path.with_suffix(REFUSED)
        path.rename(aside)
        return aside

    def count(self) -> int:
        """How many jobs wait."""
        return sum(int(path.name.split(".")[1]) for path in self._whole())

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Whether this process, of all that share the spool, may empty it now."""
        lock = os.open(self.directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
        except BlockingIOError:
            yield False
        finally:
            os.close(lock)

    def _whole(self) -> list[Path]:
        return sorted(self.directory.glob(f"*{WHOLE}"))

    def _sync_directory(self) -> None:
        descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _text_of(jobs: Sequence[Job]) -> bytes:
    return json.dumps({"version": VERSION, "jobs": [_values(job) for job in jobs]}).encode()


def _values(job: Job) -> dict[str, Any]:
    body = b64encode(job.definition.request.body).decode()
    return {**job_values(job, job.id), "body": body, "body_id": None}


def _jobs_of(text: bytes) -> list[Job]:
    said = json.loads(text)
    if said["version"] != VERSION:
        raise ValueError(f"version {said['version']}, where {VERSION} was expected")
    return [_job(values) for values in said["jobs"]]


def _job(values: dict[str, Any]) -> Job:
    return job_from(SimpleNamespace(**{**values, "body": b64decode(values["body"])}), {})
