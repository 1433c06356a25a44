"""Room on the disk that is kept for the day when the disk is full.

On a full disk SQLite can do nothing at all: even to forget an old run it has to
write.  So a file of a few megabytes lies beside the database.  When the disk is
full the file is removed; in its room what runs is recorded and old results are
forgotten, while new jobs are refused.  When there is room again it is laid anew.

Whether it lies there is the same for all processes that share the database, so
that none of them takes jobs into the room that another one has made.
"""

from __future__ import annotations

import os
from contextlib import suppress

from sqlalchemy import Connection
from twisted.logger import Logger

from jqengine.errors import StoreFull

LARGEST = 8 * 2**20
"""Bytes that are kept free, on a disk that is not small."""

SHARE = 16
"""The part of a small disk that is kept: one in so many."""


_KEY = "jqengine ballast"


class NoRoom(StoreFull):
    """Refused beforehand: there may be room, but not for this."""


class Ballast:
    """The file.  For the thread that writes; :attr:`complaint` for any.

    :param path: of the ballast.
    :param of: what it is kept for, in a message: the path of the database.
    """

    _log = Logger()

    def __init__(self, path: str, of: str) -> None:
        self._path = path
        self._of = of
        self.complaint = ""

    def look(self) -> None:
        """See whether it lies there, and lay it if it does not and there is room."""
        if os.path.exists(self._path):
            if self.complaint:
                self._log.info("There is room again on the disk of {store}", store=self._of)
            self.complaint = ""
            return
        self._lay()

    def require_room(self) -> None:
        """Make sure that there is room for more than what must be written.

        :raises NoRoom: there is not; the sentence names the disk.
        """
        if self.complaint:
            raise NoRoom(self.complaint)

    def give_way(self) -> bool:
        """Let its room be used; whether there was any."""
        if not self.remove():
            return False
        self._log.warn(
            "The disk of {store} is full; what was kept for this is used", store=self._of
        )
        return True

    def remove(self) -> bool:
        """Take it away, as at an orderly end; whether it lay there."""
        try:
            os.unlink(self._path)
        except OSError:
            return False
        return True

    def attach(self, connection: Connection) -> None:
        """Let operations on *connection* ask for room."""
        connection.info[_KEY] = self

    def _lay(self) -> None:
        try:
            size, free = self._sizes()
            if free < 2 * size:
                self._complain(_complaint(self._of, free, 2 * size))
                return
            _allocate(self._path, size)
        except OSError as error:
            self._complain(f"no room can be kept beside the store {self._of}: {error.strerror}")
            return
        self.look()

    def _complain(self, complaint: str) -> None:
        if not self.complaint:
            self._log.critical("No new jobs: {complaint}", complaint=complaint)
        self.complaint = complaint

    def _sizes(self) -> tuple[int, int]:
        """How large it is to be, and how many bytes are free."""
        disk = os.statvfs(os.path.dirname(self._path))
        size = min(LARGEST, disk.f_blocks * disk.f_frsize // SHARE)
        return size, disk.f_bavail * disk.f_frsize


def require_room(connection: Connection) -> None:
    """Make sure that a database on *connection* may grow.

    :raises NoRoom: its disk is full.
    """
    ballast: Ballast | None = connection.info.get(_KEY)
    if ballast is not None:
        ballast.require_room()


def _complaint(of: str, free: int, needed: int) -> str:
    return (
        f"the disk that holds the store {of} is full: {_in_mib(free)} are free,"
        f" and new jobs are taken again with {_in_mib(needed)}"
    )


def _in_mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"


def _allocate(path: str, size: int) -> None:
    """Make a file whose every byte has its place on the disk."""
    aside = f"{path}.new"
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        finally:
            os.close(descriptor)
        os.rename(aside, path)
    except OSError:
        with suppress(OSError):
            os.unlink(aside)
        raise
