"""SQLite: how its file is opened, and what its errors mean.

Write-ahead log, so that readers and the writer never wait for each other;
``synchronous=FULL``, so that what is committed is on disk; ``BEGIN IMMEDIATE``,
so that a transaction that will write takes the lock before it has read.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from errno import EACCES, EISDIR

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from jqengine.errors import StoreError, StoreFull, StoreUnavailable
from jqengine.store.ballast import Ballast, NoRoom
from jqengine.store.bodyfiles import BodyFiles
from jqengine.store.migrating import bring_up_to_date
from jqengine.store.transacting import Trouble

PATIENCE = 10.0
"""Seconds to wait for a lock that another process holds."""

NEXT_TO_NOTHING = 2**16
"""Bytes free on a disk that is as good as full."""

OLDEST = (3, 35, 0)
"""The first version of SQLite with ``RETURNING``."""

_FOR_WRITING = {
    "synchronous": "FULL",
    # Only macOS needs to be told that "synced" shall mean what it says.
    "fullfsync": "ON",
    "foreign_keys": "ON",
    # Lists of ids and results of RETURNING would else be files in /tmp.
    "temp_store": "MEMORY",
    # KiB, negative: enough for the pages that a thousand runs touch.
    "cache_size": "-8000",
    # What the log has grown to in a burst is given back down to this.
    "journal_size_limit": str(64 * 2**20),
}
_FOR_READING = {"query_only": "ON", "temp_store": "MEMORY"}


class SqliteFile:
    """The file of a store.  Safe to use from any thread.

    :param path: absolute.
    :param patience: seconds to wait for another process's lock.
    """

    def __init__(self, path: str, patience: float = PATIENCE) -> None:
        self.path = path
        self.patience = patience
        stem, _ = os.path.splitext(path)
        self.bodies = BodyFiles(f"{stem}.bodies")
        self.ballast = Ballast(f"{stem}.ballast", path)
        self._identity: tuple[int, int] | None = None

    def database(self, *, writing: bool) -> SqliteDatabase:
        """What one of a store's threads needs."""
        return SqliteDatabase(self, writing=writing)

    def create(self) -> None:
        """Make the file if there is none, for nobody but its owner.

        :raises StoreError: that cannot be done.
        """
        if sqlite3.sqlite_version_info < OLDEST:
            raise StoreError(
                f"SQLite {sqlite3.sqlite_version} is too old; the store needs 3.35 or newer"
            )
        try:
            self._make()
        except OSError as error:
            raise StoreError(f"cannot open the store {self.path}: {error.strerror}") from error
        self._identity = self._found()

    def _make(self) -> None:
        try:
            # SQLite gives the files it makes beside this one the same mode.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            # Not opened to see whether it can be: to close a file takes away
            # every lock that this process holds on it, SQLite's own too.
            if os.path.isdir(self.path):
                raise IsADirectoryError(EISDIR, os.strerror(EISDIR)) from None
            if not os.access(self.path, os.R_OK | os.W_OK):
                raise PermissionError(EACCES, os.strerror(EACCES)) from None

    def check(self) -> None:
        """Raise :class:`StoreUnavailable` when the file at the path is not the one opened.

        SQLite would go on writing to a file that nobody can find any more.
        """
        found = self._found()
        if found is None:
            raise StoreUnavailable(f"the store {self.path} is gone; put it back where it was")
        if found != self._identity:
            raise StoreUnavailable(
                f"another file has taken the place of the store {self.path}; restart the engine"
            )

    @property
    def complaint(self) -> str:
        """Why it takes no new jobs though it answers; empty when it takes them."""
        return self.ballast.complaint

    def close(self) -> None:
        """Leave nothing beside the file that is of no use without an engine."""
        self.ballast.remove()

    def _found(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_dev, found.st_ino


class SqliteDatabase:
    """A connection's worth of a store's file.  For one of the store's threads.

    :param writing: whether its transactions change anything.
    """

    def __init__(self, file: SqliteFile, *, writing: bool) -> None:
        self._file = file
        self._writing = writing
        self._driver: sqlite3.Connection | None = None
        self._was_full = False
        self._engine = _engine(file)
        event.listen(self._engine, "connect", self._prepare)
        begin = "BEGIN IMMEDIATE" if writing else "BEGIN"
        event.listen(self._engine, "begin", lambda connection: connection.exec_driver_sql(begin))

    def check(self) -> None:
        """See :meth:`SqliteFile.check`; and whether its disk has room."""
        self._file.check()
        if self._writing:
            self._see_to_room()

    def _see_to_room(self) -> None:
        """Give the ballast's room away once the disk was full; lay it when there is room."""
        if self._was_full:
            self._was_full = False
            self._file.ballast.give_way()
            self._shorten_log()
        self._file.ballast.look()

    def _shorten_log(self) -> None:
        """Give back what a transaction that was too large has left to the log."""
        if self._driver is not None:
            with suppress(sqlite3.Error):
                self._driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def connect(self) -> Connection:
        """A connection; for one that writes, the schema is up to date."""
        try:
            return self._connect()
        except Exception as error:
            self.trouble(error)
            if not self._was_full:
                raise
            self._see_to_room()
            return self._connect()

    def _connect(self) -> Connection:
        connection = self._engine.connect()
        self._file.bodies.attach(connection)
        self._file.ballast.attach(connection)
        if self._writing:
            try:
                with connection.begin():
                    bring_up_to_date(connection, f"the store {self._file.path}")
            except BaseException:
                connection.close()
                raise
        return connection

    def _prepare(self, connection: sqlite3.Connection, _record: object) -> None:
        self._driver = connection
        if self._writing:
            _keep_log(self._file, connection)
        for name, value in (_FOR_WRITING if self._writing else _FOR_READING).items():
            connection.execute(f"PRAGMA {name}={value}")

    def transaction(self, _connection: Connection) -> None:
        """A commit that fails has not happened."""

    def was_committed(self, _connection: Connection, _transaction: str) -> bool:
        """Never asked."""
        raise NotImplementedError

    def trouble(self, error: Exception) -> Trouble | None:
        """What *error* says about the file, if it is about the file."""
        if isinstance(error, StoreError):
            return self._noted(Trouble(error, reconnect=False))
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, sqlite3.Error):
            return None
        # Errors that Python's module raises on its own have no code.
        code: int | None = getattr(cause, "sqlite_errorcode", None)
        meaning = None if code is None else _MEANINGS.get(code & 0xFF)
        if meaning is None:
            return None
        return self._noted(meaning(self._file, f"{cause} ({cause.sqlite_errorname})"))

    def _noted(self, trouble: Trouble) -> Trouble:
        if isinstance(trouble.error, StoreFull) and not isinstance(trouble.error, NoRoom):
            self._was_full = self._writing
        return trouble


def _engine(file: SqliteFile) -> Engine:
    return create_engine(
        URL.create("sqlite", database=file.path),
        poolclass=NullPool,
        # No isolation level: transactions begin where we say so.
        connect_args={"timeout": file.patience, "isolation_level": None},
    )


def _keep_log(file: SqliteFile, connection: sqlite3.Connection) -> None:
    """Let *connection* write ahead to a log, whatever mode the file was in.

    Of several processes that do so at once SQLite turns some away without
    regard to the time they are willing to wait.
    """
    last = time.monotonic() + file.patience
    mode = None
    while mode is None:
        try:
            ((mode,),) = connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not _is_locked(error) or time.monotonic() > last:
                raise
            time.sleep(_LOG_PAUSE)
    if mode != "wal":
        raise StoreError(
            f"the store {file.path} cannot keep a write-ahead log there; "
            "put it on a file system of this machine"
        )


_LOG_PAUSE = 0.02


def _is_locked(error: sqlite3.Error) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _locked(file: SqliteFile, _said: str) -> Trouble:
    return Trouble(
        StoreUnavailable(
            f"the store {file.path} is locked by another process, for {file.patience:g} s now"
        ),
        reconnect=False,
    )


def _full(file: SqliteFile, _said: str) -> Trouble:
    return Trouble(StoreFull(f"the disk that holds the store {file.path} is full"), False)


def _input_output(file: SqliteFile, said: str) -> Trouble:
    space = os.statvfs(os.path.dirname(file.path))
    if space.f_bavail * space.f_frsize < NEXT_TO_NOTHING:
        # Where the log cannot grow SQLite calls it an I/O error.
        return _full(file, said)
    return _unavailable(file, said)


def _unavailable(file: SqliteFile, said: str) -> Trouble:
    return Trouble(
        StoreUnavailable(f"cannot read or write the store {file.path}: {said}"), reconnect=True
    )


def _not_a_store(file: SqliteFile, _said: str) -> Trouble:
    return Trouble(StoreError(f"{file.path} is not an SQLite database"), reconnect=True)


def _damaged(file: SqliteFile, said: str) -> Trouble:
    return Trouble(StoreError(f"the store {file.path} is damaged: {said}"), reconnect=True)


_MEANINGS = {
    sqlite3.SQLITE_BUSY: _locked,
    sqlite3.SQLITE_LOCKED: _locked,
    sqlite3.SQLITE_FULL: _full,
    sqlite3.SQLITE_IOERR: _input_output,
    sqlite3.SQLITE_READONLY: _unavailable,
    sqlite3.SQLITE_CANTOPEN: _unavailable,
    sqlite3.SQLITE_PERM: _unavailable,
    sqlite3.SQLITE_PROTOCOL: _unavailable,
    sqlite3.SQLITE_NOTADB: _not_a_store,
    sqlite3.SQLITE_CORRUPT: _damaged,
}
