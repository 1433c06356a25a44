"""What a service manager is told, on sockets of this test."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from jqengine.systemd import Heartbeat, ServiceManager


class Told:
    """The other side: what has come on a socket."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.setblocking(False)
        self.address = address

    def all(self) -> list[str]:
        """Everything so far, and no more of it."""
        news = []
        while True:
            try:
                news.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return news


@pytest.fixture(params=["path", "abstract"])
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Told]:
    path = str(tmp_path / "notify")
    told = Told(path if request.param == "path" else f"@jqengine-{os.getpid()}{time.time_ns()}")
    yield told
    told.socket.close()


def test_each_piece_of_news_is_one_datagram(told: Told) -> None:
    manager = ServiceManager(told.address)
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    manager.ready("Serving at\nhttp://127.0.0.1/")
    manager.reloading()
    manager.stopping("Waiting", 45.0)
    manager.alive()
    ready, reloading, stopping, alive = told.all()
    assert ready == "READY=1\nSTATUS=Serving at http://127.0.0.1/"
    what, when, _ = reloading.split("\n")
    assert what == "RELOADING=1"
    assert before <= int(when.removeprefix("MONOTONIC_USEC=")) < before + 60_000_000
    assert stopping == "STOPPING=1\nEXTEND_TIMEOUT_USEC=45000000\nSTATUS=Waiting"
    assert alive == "WATCHDOG=1"


@pytest.mark.parametrize(
    "address",
    [None, "", "/nowhere/at/all", "@nobody-is-there", "vsock:2:1234", "/" + "x" * 300, "a\0b"],
)
def test_a_manager_that_cannot_be_told_harms_nothing(address: str | None) -> None:
    manager = ServiceManager(address)
    manager.ready("up")
    manager.stopping("down", 1.0)


def test_nobody_waits_for_a_manager_that_does_not_read(tmp_path: Path) -> None:
    told = Told(str(tmp_path / "notify"))
    manager = ServiceManager(told.address)
    began = time.monotonic()
    for _ in range(5000):
        manager.alive()
    assert time.monotonic() - began < 10
    assert set(told.all()) == {"WATCHDOG=1"}
    told.socket.close()


ME = str(os.getpid())


@pytest.mark.parametrize(
    ("environ", "patience"),
    [
        ({}, None),
        ({"NOTIFY_SOCKET": "/x"}, None),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30000000"}, 30.0),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": ME}, 30.0),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "0"}, None),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "30000000"}, None),
    ],
)
def test_the_environment_names_it_and_is_passed_on_without(
    environ: dict[str, str], patience: float | None
) -> None:
    given = {"HOME": "/", **environ}
    assert ServiceManager.of(given).patience == patience
    assert given == {"HOME": "/"}


def test_a_heart_beats_twice_in_the_managers_patience_while_all_is_alive(tmp_path: Path) -> None:
    told, clock, alive = Told(str(tmp_path / "notify")), Clock(), [True]
    heart = Heartbeat(ServiceManager(told.address, 10.0), clock, lambda: alive[0])
    heart.startService()
    clock.pump([5.0] * 4)
    assert told.all() == ["WATCHDOG=1"] * 5
    alive[0] = False
    clock.pump([5.0] * 4)
    assert told.all() == []
    alive[0] = True
    clock.advance(5.0)
    assert told.all() == ["WATCHDOG=1"]
    heart.stopService()
    assert clock.getDelayedCalls() == []
    told.socket.close()


def test_no_heart_beats_for_a_manager_that_does_not_mind(tmp_path: Path) -> None:
    told, clock = Told(str(tmp_path / "notify")), Clock()
    heart = Heartbeat(ServiceManager(told.address), clock, lambda: True)
    heart.startService()
    assert clock.getDelayedCalls() == []
    heart.stopService()
    assert told.all() == []
    told.socket.close()
