"""The servers that the HTTP benchmark compares, each in processes of its own."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

APPLICATION = "tests.bench.http_app"
THREADS = 10
ROOT = Path(__file__).parents[2]


@dataclass
class Server:
    """One server under test.

    :ivar command: a script beside the interpreter and its arguments; ``PORT``
        and ``STATE`` stand for a port and a directory of its own.
    """

    name: str
    command: list[str]
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    state: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    def available(self) -> bool:
        """Whether it is installed; says so if not."""
        found = self._script().exists()
        if not found:
            print(f"{self.name} is not installed and is left out")
        return found

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.port = _free_port()
        self.state = tempfile.TemporaryDirectory()
        words = [
            word.replace("PORT", str(self.port)).replace("STATE", self.state.name)
            for word in self.command
        ]
        self.process = subprocess.Popen(
            [str(self._script()), *words[1:]],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait()

    def stop(self) -> None:
        """End all of its processes."""
        assert self.process is not None
        assert self.state is not None
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(20)
        self.state.cleanup()

    def cpu(self) -> float:
        """Seconds of processor time that all its processes have used."""
        ticks = os.sysconf("SC_CLK_TCK")
        return sum(int(one[11]) + int(one[12]) for one in self._stats()) / ticks

    def resident(self) -> int:
        """Bytes of memory that all its processes hold."""
        return sum(int(one[21]) for one in self._stats()) * os.sysconf("SC_PAGE_SIZE")

    def _script(self) -> Path:
        return Path(sys.executable).with_name(self.command[0])

    def _stats(self) -> list[list[str]]:
        assert self.process is not None
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == self.process.pid:
                found.append(fields)
        return found

    def _wait(self) -> None:
        for _ in range(150):
            time.sleep(0.1)
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                client.request("GET", "/")
                assert client.getresponse().read() == b"Hello world\n"
            except OSError:
                continue
            finally:
                client.close()
            return
        raise SystemExit(f"{self.name} does not answer")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _ours(name: str, access_log: str) -> Server:
    return Server(
        name,
        [
            *("twistd", "--nodaemon", "--pidfile=", "jobqueue"),
            *("--app", APPLICATION, "--http", "tcp:PORT:interface=127.0.0.1"),
            *("--threads", str(THREADS), "--access-log", access_log, "--state-dir", "STATE"),
            *("--admin", "off"),
        ],
    )


OURS = _ours("jqengine", "off")

SERVERS = [
    OURS,
    _ours("jqengine, access log", "on"),
    Server(
        "gunicorn",
        [
            *("gunicorn", "--worker-class", "gthread", "--workers", "1"),
            *("--threads", str(THREADS), "--bind", "127.0.0.1:PORT", APPLICATION),
        ],
    ),
    Server(
        "waitress",
        [
            *("waitress-serve", "--threads", str(THREADS), "--listen", "127.0.0.1:PORT"),
            f"{APPLICATION}:application",
        ],
    ),
    Server(
        "twistd web",
        [
            *("twistd", "--nodaemon", "--pidfile=", "web"),
            *("--listen", "tcp:PORT:interface=127.0.0.1", f"--wsgi={APPLICATION}.application"),
        ],
    ),
]
