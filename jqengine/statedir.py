"""The state directory: all that one engine keeps, and who it is.

Blocking calls on a few small files, made once while an engine starts.
"""

from __future__ import annotations

import fcntl
import os
import re
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jqengine.errors import ConfigurationError, StateDirectoryInUse
from jqengine.job import Owner

LOCK_FILE = "lock"
NODE_FILE = "node"

_NODE = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)


class StateDirectory:
    """A state directory that this process holds, until it is closed.

    :ivar path: its absolute path.
    :ivar owner: this engine: the node keeps its name as long as the directory
        is kept; the boot is new each time the directory is opened.
    """

    def __init__(self, path: Path, owner: Owner, lock: int) -> None:
        self.path = path
        self.owner = owner
        self._lock = lock

    def close(self) -> None:
        """Let another engine have the directory."""
        # The file stays: whoever removed it might remove another's lock.
        os.close(self._lock)


def open_state_directory(path: str, random_bits: Callable[[int], int]) -> StateDirectory:
    """Make the directory if it is not there, with mode 0700, and hold it.

    To be called by the process that uses it, after it has become a daemon and
    has dropped its privileges.

    :param random_bits: like ``random.getrandbits``.
    :raises StateDirectoryInUse: another engine holds it.
    :raises ConfigurationError: it cannot be made, written or trusted.
    """
    directory = Path(path)
    with _one_line_errors(path):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_if_open_to_all(directory)
        lock = _hold(directory, LOCK_FILE)
        try:
            node = _node_name(directory / NODE_FILE, random_bits)
        except BaseException:
            os.close(lock)
            raise
    return StateDirectory(directory, _owner(node, random_bits), lock)


def open_worker_directory(
    path: str, node: str, random_bits: Callable[[int], int]
) -> StateDirectory:
    """The part of a state directory that is a worker's, while its parent holds the whole.

    :param node: the worker's name.
    :raises StateDirectoryInUse: an earlier worker of that name is not yet gone.
    :raises ConfigurationError: the directory cannot be used.
    """
    directory = Path(path)
    with _one_line_errors(path):
        lock = _hold(directory, f"{node}.{LOCK_FILE}")
    return StateDirectory(directory, _owner(node, random_bits), lock)


def _owner(node: str, random_bits: Callable[[int], int]) -> Owner:
    return Owner(node, f"{random_bits(64):016x}")


@contextmanager
def _one_line_errors(path: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise ConfigurationError(f"state directory {path}: it is not a directory") from None
    except OSError as error:
        raise ConfigurationError(f"state directory {path}: {error.strerror}") from None


def _refuse_if_open_to_all(directory: Path) -> None:
    mode = directory.stat().st_mode
    if mode & stat.S_IWOTH:
        raise ConfigurationError(
            f"state directory {directory}: anyone may write to it (mode {stat.S_IMODE(mode):04o}); "
            "expected 0700"
        )


def _hold(directory: Path, name: str) -> int:
    """The descriptor of the lock file *name*, locked for as long as it is open."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    lock = os.open(directory / name, flags, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError:
        holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
        os.close(lock)
        process = f" (process {holder})" if holder else ""
        raise StateDirectoryInUse(
            f"state directory {directory}: another engine uses it{process}"
        ) from None
    except BaseException:
        os.close(lock)
        raise
    return lock


def _node_name(file: Path, random_bits: Callable[[int], int]) -> str:
    """The name in *file*, or a new one that is then written there.

    Its random part tells apart machines of one host name that share a store.
    """
    try:
        name = file.read_text("ascii", "replace").strip()
    except FileNotFoundError:
        name = ""
    if _NODE.fullmatch(name):
        return name
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:80] or "node"
    name = f"{host}-{random_bits(32):08x}"
    # Renamed into place, so that a crash never leaves half a name.
    fresh = file.with_suffix(".new")
    fresh.write_text(f"{name}\n", "ascii")
    fresh.replace(file)
    return name
