"""Another server than the engine: gunicorn, with an application that speaks to one."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")

needs_gunicorn = pytest.mark.skipif(
    importlib.util.find_spec("gunicorn") is None, reason="gunicorn is not installed"
)


@contextmanager
def gunicorn(folder: Path, application: str, environment: Mapping[str, str]) -> Iterator[int]:
    """Two workers on a free port, which is given."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", application],
        cwd=folder,
        env={**os.environ, **environment},
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _is_open(port))
        yield port
    finally:
        server.terminate()
        server.wait(30)


def until(reached: Callable[[], T]) -> T:
    """What *reached* gives, once it is something true."""
    deadline = time.monotonic() + 30
    while not (found := reached()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
