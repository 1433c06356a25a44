"""How long visitors wait while the job side has all it can do, and while it is idle.

Run it with ``python -m tests.bench live``.  A client sends so many requests a
second at fixed instants, whatever became of those before (a slow answer is not
hidden by asking less), over a few connections, while jobs of one kind fill all
job threads: jobs that wait (they release the interpreter lock), jobs that only
count (they do not), and jobs that do nothing (which keep the reactor busy).
Rounds are interleaved; the medians over rounds are printed.
"""

from __future__ import annotations

import math
import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from jqengine.client import JobQueue
from tests.bench import figures
from tests.bench.servers import Server

ROUNDS = 3
SECONDS = 4.0
RATE = 200
"""Requests a second; an idle engine serves sixty times as many."""

CONNECTIONS = 4
KINDS = {
    "idle": None,
    "jobs that wait": "/wait",
    "jobs that count": "/busy",
    "jobs that do nothing": "/nothing",
}
PATIENCE = 60.0
"""Seconds for what is left of one kind to run before the next is measured."""

BATCH = 250
"""Jobs that are added at once, and how many wait at least."""

ENGINE = Server(
    "jqengine",
    [
        *("twistd", "--nodaemon", "--pidfile=", "jobqueue"),
        *("--app", "tests.bench.live_app", "--http", "tcp:PORT:interface=127.0.0.1"),
        *("--access-log", "off", "--admin", "off", "--sink", "off", "--state-dir", "STATE"),
    ],
)
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Waits(NamedTuple):
    """Milliseconds from the instant at which a request was to be sent to its answer,
    and the jobs that ran beside it, a second."""

    p50: float
    p99: float
    longest: float
    jobs: float


def main() -> None:
    """Print the table."""
    ENGINE.start()
    assert ENGINE.state is not None
    try:
        queue = JobQueue(f"unix:{ENGINE.state.name}/amp.sock")
        rounds = [
            {name: _measured(queue, path) for name, path in KINDS.items()} for _ in range(ROUNDS)
        ]
    finally:
        ENGINE.stop()
    found = {
        name: Waits(*map(statistics.median, zip(*(one[name] for one in rounds), strict=True)))
        for name in KINDS
    }
    _show(found)
    if figures.wanted(sys.argv):
        _write(found)


def _write(found: Mapping[str, Waits]) -> None:
    figures.write_table(
        "live",
        ("beside", "p50, ms", "p99, ms", "p99 against idle", "jobs a second"),
        [
            (
                name,
                f"{waits.p50:.1f}",
                f"{waits.p99:.1f}",
                f"{waits.p99 / found['idle'].p99:.1f}",
                f"{waits.jobs:,.0f}",
            )
            for name, waits in found.items()
        ],
    )


def _show(found: Mapping[str, Waits]) -> None:
    print(f"{RATE} requests a second, milliseconds, medians of {ROUNDS} rounds")
    for name, waits in found.items():
        ratio = waits.p99 / found["idle"].p99
        print(
            f"  {name:24} p50 {waits.p50:6.2f}  p99 {waits.p99:6.2f} ({ratio:4.1f}x idle)"
            f"  longest {waits.longest:6.1f}  {waits.jobs:7,.0f} jobs/s"
        )


def _measured(queue: JobQueue, path: str | None) -> Waits:
    with _kept_busy(queue, path):
        before, began = _ended(queue), time.monotonic()
        waits = sorted(_ask())
        jobs = (_ended(queue) - before) / (time.monotonic() - began)
    _drain(queue)
    return Waits(
        waits[len(waits) // 2] * 1e3,
        waits[math.ceil(len(waits) * 0.99) - 1] * 1e3,
        waits[-1] * 1e3,
        jobs,
    )


@contextmanager
def _kept_busy(queue: JobQueue, path: str | None) -> Iterator[None]:
    """Let there always be more jobs than threads."""
    ended = threading.Event()

    def feed() -> None:
        while not ended.wait(0.02):
            if path is not None and _waiting(queue) < BATCH:
                queue.schedule_many([{"target": path}] * BATCH)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        time.sleep(1.0)
        yield
    finally:
        ended.set()
        feeder.join()


def _ask() -> list[float]:
    """Ask for so long, from one thread for each connection."""
    waits: list[float] = []
    start = time.perf_counter() + 0.1

    def ask(number: int) -> None:
        with socket.create_connection(("127.0.0.1", ENGINE.port)) as connection:
            for step in range(number, int(RATE * SECONDS), CONNECTIONS):
                instant = start + step / RATE
                time.sleep(max(0.0, instant - time.perf_counter()))
                connection.sendall(REQUEST)
                answer = b""
                while not answer.endswith(b"Hello world\n"):
                    answer += connection.recv(4096)
                waits.append(time.perf_counter() - instant)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits


def _ended(queue: JobQueue) -> int:
    stats = queue.stats()
    return stats["finished"] + stats["failed"]


def _waiting(queue: JobQueue) -> int:
    return queue.stats()["due"]


def _drain(queue: JobQueue) -> None:
    last = time.monotonic() + PATIENCE
    while any(queue.stats()[name] for name in ("due", "running")):
        if time.monotonic() > last:
            raise SystemExit(f"the jobs do not end: {queue.stats()}")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
