"""A real engine as a service of systemd, without systemd."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.engine_process import EngineProcess

APPLICATION = """
import os
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr(sorted(n for n in os.environ if n.startswith(("NOTIFY", "WATCH")))).encode()]
"""
ACTIVATED = ("python", str(Path(__file__).with_name("activated.py")), "twistd", "-n", "--pidfile=")


@pytest.fixture
def notify(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(30)
        yield listening


def heard(notify: socket.socket, wanted: str) -> str:
    """The first news that begins with *wanted*; only heartbeats come before it."""
    while True:
        news = notify.recv(4096).decode()
        if news.startswith(wanted):
            return news
        assert news == "WATCHDOG=1", news


def test_a_unit_is_told_of_the_start_a_reload_and_the_end(
    tmp_path: Path, notify: socket.socket
) -> None:
    (tmp_path / "app.wsgi").write_text(APPLICATION)
    crontab = tmp_path / "jobs.tab"
    crontab.write_text("@daily - /\n")
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
    arguments = ("--app", "app.wsgi", "--crontab", "jobs.tab")
    with EngineProcess(
        tmp_path,
        *arguments,
        "--http",
        "systemd:domain=INET:index=0",
        runner=ACTIVATED,
        environment=environment,
    ) as engine:
        ready = heard(notify, "READY=1")
        assert ready == f"READY=1\nSTATUS=Serving at http://127.0.0.1:{engine.port}/"
        for _ in range(3):
            assert notify.recv(4096) == b"WATCHDOG=1"
        assert engine.ask("/") == (200, b"[]")

        crontab.write_text("@daily - /\n@hourly - /more\n")
        engine.process.send_signal(signal.SIGHUP)
        assert "\nMONOTONIC_USEC=" in heard(notify, "RELOADING=1")
        assert heard(notify, "READY=1") == ready
        crontab.write_text("nonsense\n")
        engine.process.send_signal(signal.SIGHUP)
        heard(notify, "RELOADING=1")
        assert "STATUS=The crontabs were not read again" in heard(notify, "READY=1")

        engine.process.send_signal(signal.SIGTERM)
        assert "\nEXTEND_TIMEOUT_USEC=45000000\n" in heard(notify, "STOPPING=1")
        assert engine.wait() == -signal.SIGTERM


def test_a_watchdog_is_not_fed_by_a_reactor_that_does_not_turn(
    tmp_path: Path, notify: socket.socket
) -> None:
    (tmp_path / "app.wsgi").write_text(APPLICATION)
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
    with EngineProcess(
        tmp_path, "--app", "app.wsgi", "--http", "off", environment=environment
    ) as engine:
        assert heard(notify, "READY=1") == "READY=1\nSTATUS=Running jobs"
        os.kill(engine.process.pid, signal.SIGSTOP)
        notify.setblocking(False)
        deadline = time.monotonic() + 1
        silent_since = time.monotonic()
        while time.monotonic() < deadline:
            try:
                notify.recv(4096)
                silent_since = time.monotonic()
            except BlockingIOError:
                time.sleep(0.05)
        os.kill(engine.process.pid, signal.SIGCONT)
        assert time.monotonic() - silent_since > 0.5
        assert engine.stop() == -signal.SIGTERM
