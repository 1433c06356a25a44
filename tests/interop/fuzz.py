"""Send an engine whatever a hostile peer might, for as long as you like.

    python -m tests.interop.fuzz [SECONDS]

starts an engine, floods its socket with random bytes, mutilated boxes and
connections that are never finished, while an honest client schedules jobs; then
says what became of the engine's memory and of the jobs.
"""

from __future__ import annotations

import random
import re
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from jqengine.client import JobQueue
from jqengine.remote.commands import COMMANDS
from jqengine.wire.boxes import pack_box
from tests.interop.conftest import APPLICATION, amp_addresses
from tests.system.engine_process import EngineProcess, engine

HALF_OPEN = 10_000


@dataclass
class Report:
    """What was done, and what became of it.

    :ivar resident: MiB of the engine after the warm-up and at the end.
    :ivar slowest: seconds of the honest client's slowest call.
    :ivar missing: jobs that were accepted and are not there, or not as they were.
    """

    hostile: int = 0
    accepted: int = 0
    slowest: float = 0.0
    resident: tuple[float, float] = (0.0, 0.0)
    missing: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def fuzz(one: EngineProcess, path: str, seconds: float, half_open: int, seed: int = 1) -> Report:
    """Attack the engine at the socket *path*."""
    report = Report()
    honest = JobQueue(path, timeout=20, patience=5)
    accepted: dict[str, str] = {}
    stop = threading.Event()
    worker = threading.Thread(target=_be_honest, args=(honest, accepted, report, stop))
    worker.start()
    _attack(path, min(seconds, 5.0), half_open // 4, report, seed)
    warm = _resident(one)
    _attack(path, seconds, half_open, report, seed + 1)
    report.resident = warm, _resident(one)
    stop.set()
    worker.join()
    found = {job.id: job.view.target for job in honest.jobs(limit=None)}
    report.missing = [one for one, target in accepted.items() if found.get(one) != target]
    report.accepted = len(accepted)
    honest.close()
    return report


def _be_honest(
    queue: JobQueue, accepted: dict[str, str], report: Report, stop: threading.Event
) -> None:
    while not stop.is_set():
        target = f"/honest/{len(accepted)}"
        began = time.monotonic()
        try:
            accepted[queue.schedule(target, after="1d").id] = target
        except Exception as error:
            report.errors.append(repr(error))
        report.slowest = max(report.slowest, time.monotonic() - began)
        stop.wait(0.005)


def _attack(path: str, seconds: float, half_open: int, report: Report, seed: int) -> None:
    chance = random.Random(seed)
    deadline = time.monotonic() + seconds
    kept: list[socket.socket] = []
    unfinished = pack_box({b"_command": b"Upload", b"upload": b"1", b"data": b"x" * 60_000})[:-20]
    while time.monotonic() < deadline or half_open > 0:
        make = chance.choice(ATTACKS)
        _send(path, make(chance), kept, keep=False)
        for _ in range(min(half_open, 20)):
            _send(path, unfinished[: chance.randint(1, len(unfinished))], kept, keep=True)
            half_open -= 1
        report.hostile += 1
        while len(kept) > 300:
            kept.pop(0).close()
    for one in kept:
        one.close()


def _send(path: str, data: bytes, kept: list[socket.socket], *, keep: bool) -> None:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(2)
    with suppress(OSError):
        connection.connect(path)
        connection.sendall(data)
        if not keep:
            connection.settimeout(0.002)
            connection.recv(65536)
    if keep:
        kept.append(connection)
    else:
        connection.close()


def _random_bytes(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randint(1, 3000))


def _random_box(chance: random.Random) -> bytes:
    """A call of some command with arguments of its own names and others' values."""
    command = chance.choice(COMMANDS)
    names = [name for name, _ in command.arguments if chance.random() < 0.6]
    box = {b"_command": command.commandName, b"_ask": b"1"}
    box.update((name, _value(chance)) for name in names)
    return pack_box(box)


def _value(chance: random.Random) -> bytes:
    return chance.choice(
        [
            chance.randbytes(chance.randint(0, 50)),
            b"7",
            b"-1",
            b"9" * chance.randint(1, 5000),
            b"[" * chance.randint(1, 60_000),
            b'{"a":' * 5000,
            b'"\\ud800"',
            b"[]",
            b"x" * 65_535,
            "é\u202e\x00".encode(),
            b"1h",
            b"every friday",
            b"* * * * *",
        ]
    )


def _mutilated(chance: random.Random) -> bytes:
    data = bytearray(b"".join(_random_box(chance) for _ in range(chance.randint(1, 4))))
    for _ in range(chance.randint(1, 8)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data[: chance.randint(1, len(data))])


def _no_call(chance: random.Random) -> bytes:
    return chance.choice(
        [
            pack_box({b"_answer": b"1", b"x": b"y"}),
            pack_box({b"_error": b"1"}),
            pack_box({b"x": b"y"}),
            pack_box({b"_command": b"StartTLS", b"_ask": b"1"}),
            b"\0\0" * 100,
            b"GET / HTTP/1.1\r\n\r\n",
        ]
    )


ATTACKS: list[Callable[[random.Random], bytes]] = [
    _random_bytes,
    _random_box,
    _mutilated,
    _no_call,
]


def _resident(one: EngineProcess) -> float:
    status = Path(f"/proc/{one.process.pid}/status").read_text()
    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert match is not None
    return int(match[1]) / 1024


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory(prefix="jq") as name:
        folder = Path(name)
        (folder / "echoing.py").write_text(APPLICATION)
        arguments = ("--app", "echoing", "--sink", "off", "--amp", "unix:amp.sock")
        with engine(folder, *arguments) as one:
            [address] = amp_addresses(one)
            print(fuzz(one, address.removeprefix("unix:"), seconds, HALF_OPEN))
            failures = [event for event in one.events if "log_failure" in str(event)]
            print(f"{len(failures)} failures in the log")


if __name__ == "__main__":
    main()
