"""``file:DIR`` keeps one file for each result, and ``latest``.

A file appears whole or not at all: it is written under another name, flushed
to the disk, and renamed.  Its name is made of ids and the status, never of
what a job or an answer says, and no symbolic link that somebody left in the
directory is ever written through.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import unquote

from twisted.internet.defer import Deferred
from zope.interface import implementer

from jqengine.errors import BadValue, DeliveryFailed
from jqengine.interfaces import IResultSink
from jqengine.mediatype import media_type
from jqengine.sinktools import Parcel, SinkTools
from jqengine.sinkurl import OptionParsers, SinkURL

LATEST = "latest"


@implementer(IResultSink)
class FileSink:
    """Writes bodies into a directory, which it makes when it is not there."""

    durable = True
    compares = False
    options: OptionParsers = {}

    def __init__(self, url: SinkURL, tools: SinkTools) -> None:
        self._path = os.path.normpath(os.path.join(tools.directory, parse_directory(url)))
        self._in_thread = tools.in_thread
        self.lane = f"file:{self._path}"

    def deliver(self, parcel: Parcel) -> Deferred[None]:
        """Write the body to the disk."""
        return self._in_thread(lambda: write(self._path, parcel))


def parse_directory(url: SinkURL) -> str:
    """The directory that *url* names: ``file:results``, ``file:/var/x`` or ``file:///var/x``.

    :raises BadValue: it names none, one on another machine, or climbs with ``..``.
    """
    name = url.target
    if name.startswith("//"):
        host, slash, rest = name[2:].partition("/")
        if host not in ("", "localhost"):
            raise BadValue(f"{url.text!r} is a file on {host}; expected file:DIR")
        name = slash + rest
    try:
        name = unquote(name, errors="strict")
    except UnicodeDecodeError:
        raise BadValue(f"{url.text!r} is not UTF-8 behind its % signs") from None
    if not name.strip("/") or not name.isprintable():
        raise BadValue(f"{url.text!r} names no directory; expected file:DIR")
    if ".." in name.split("/"):
        raise BadValue(f"{url.text!r} climbs with ..; expected the directory itself")
    return name


def write(directory: str, parcel: Parcel) -> None:
    """Put the parcel's body into *directory*; blocks until it is on the disk.

    Doing it again puts the same file in the place of the first.

    :raises DeliveryFailed: the directory is no directory, or a symbolic link.
    :raises OSError: the system refuses something else.
    """
    name = file_name(parcel)
    with _opened(directory) as folder:
        _write_aside(folder, name, parcel.result.body)
        _point(folder, LATEST, name)
        os.fsync(folder)


def file_name(parcel: Parcel) -> str:
    """The run's id, the attempt, the status and a suffix from the media type."""
    run, result = parcel.run, parcel.result
    cut = "-cut" if result.truncated else ""
    suffix = media_type(result).suffix
    return f"{run.id}-{run.attempt}-{result.status:03d}{cut}{suffix}"


@contextmanager
def _opened(directory: str) -> Iterator[int]:
    """A descriptor of the directory: what is then done stays in it, whatever
    becomes of its name."""
    _make(directory)
    try:
        folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            raise DeliveryFailed(f"{directory} is a symbolic link or a file") from None
        raise
    try:
        yield folder
    finally:
        os.close(folder)


def _make(directory: str) -> None:
    """Make *directory* and what is missing above it, so that it stays made."""
    if os.path.lexists(directory):
        return
    above = os.path.dirname(directory) or "."
    _make(above)
    with suppress(FileExistsError):
        os.mkdir(directory)
    parent = os.open(above, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def _write_aside(folder: int, name: str, body: bytes) -> None:
    aside = f".{name}.{os.urandom(8).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(aside, flags, 0o666, dir_fd=folder)
    try:
        with open(descriptor, "wb", buffering=0) as file:
            _write_all(file.fileno(), body)
            os.fsync(file.fileno())
        os.rename(aside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(aside, dir_fd=folder)
        raise


def _write_all(descriptor: int, body: bytes) -> None:
    rest = memoryview(body)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _point(folder: int, link: str, name: str) -> None:
    """Make *link* a symbolic link to *name*, in one step."""
    aside = f".{link}.{os.urandom(8).hex()}"
    os.symlink(name, aside, dir_fd=folder)
    os.rename(aside, link, src_dir_fd=folder, dst_dir_fd=folder)
