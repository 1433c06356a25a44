"""The key that all processes of one state directory share.

What one worker hides behind a hash, or hands out in a form, may come back to
another, and to the engine that is started next.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from jqengine.errors import ConfigurationError

NAME = "key"
LENGTH = 32


def shared_key(state_dir: str, random_bytes: Callable[[int], bytes]) -> bytes:
    """The key that is kept in *state_dir*, or a new one that is then kept there.

    Blocks for a few small files; of several processes that make a key at once
    all get the same.

    :raises ConfigurationError: the file cannot be read or written, or is no key.
    """
    file = Path(state_dir, NAME)
    try:
        if not file.exists():
            _make(file, random_bytes(LENGTH))
        key = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from None
    if len(key) != LENGTH:
        raise ConfigurationError(f"{file} is not a key; remove it, and a new one is made")
    return key


def subkey(key: bytes, purpose: str) -> bytes:
    """A key for one *purpose*, which tells nothing of those for others."""
    return hmac.digest(key, purpose.encode("ascii"), "sha256")


def _make(file: Path, key: bytes) -> None:
    aside = file.with_name(f"{NAME}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, key)
        os.fsync(descriptor)
        with suppress(FileExistsError):  # another process was faster
            os.link(aside, file)
    finally:
        os.close(descriptor)
        os.unlink(aside)
