"""What the neighbours share."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

THREADS = 10


def count() -> int:
    """How many tasks to run."""
    return int(sys.argv[1])


def timed(action: Callable[[], object]) -> float:
    """Seconds that *action* takes."""
    began = time.monotonic()
    action()
    return time.monotonic() - began


def until(reached: Callable[[], bool]) -> None:
    """Wait until *reached*, looking ten times a second."""
    deadline = time.monotonic() + 300
    while not reached():
        assert time.monotonic() < deadline, "it took more than five minutes"
        time.sleep(0.1)


def report(adding: float, running: float) -> None:
    """Print the two halves and end, whatever threads are left."""
    print(json.dumps({"count": count(), "add": adding, "run": running}), flush=True)
    os._exit(0)


@contextmanager
def redis_server() -> Iterator[int]:
    """A Redis on a free port that syncs its log every second, its usual setting."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder,
             "--appendonly", "yes", "--save", ""],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        os.environ["PEER_REDIS"] = f"redis://127.0.0.1:{port}/0"
        until(lambda: _answers(port))
        try:
            yield port
        finally:
            server.kill()
            server.wait()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
