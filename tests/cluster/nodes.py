"""Nodes: ``twistd`` processes on one database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Self

from jqengine.client import JobQueue

PATIENCE = 60.0


class Node:
    """One ``twistd`` that can be killed, frozen and started again.

    :param store: the URL of the database, as this node reaches it.
    """

    def __init__(self, folder: Path, name: str, store: str, *arguments: str) -> None:
        self.name = name
        self.folder = folder / name
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.book = folder / "book"
        self.arguments = [
            *("--app", "tests.cluster.application", "--store", store),
            *("--http", f"tcp:{self.port}:interface=127.0.0.1", "--admin", "off"),
            *("--state-dir", str(self.folder / "state"), "--sink", "off", *arguments),
        ]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it takes a second to be up."""
        twistd = str(Path(sys.executable).with_name("twistd"))
        environ = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "CLUSTER_BOOK": str(self.book),
            "CLUSTER_NODE": self.name,
        }
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [twistd, "-n", "--pidfile=", "jobqueue", *self.arguments],
                cwd=self.folder,
                env=environ,
                stdout=log,
                stderr=log,
            )

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; after SIGKILL and SIGTERM it is gone."""
        assert self.process is not None
        self.process.send_signal(number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.process.wait(PATIENCE)
            self.process = None

    def get(self, path: str = "/") -> int:
        """The status of a request to it."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def wait_until_up(self) -> None:
        """Wait until it answers requests and takes jobs."""
        last = time.monotonic() + PATIENCE
        while True:
            try:
                self.get()
                self.queue().stats()
            except Exception:
                assert time.monotonic() < last, self.log()[-3000:]
                time.sleep(0.1)
            else:
                return

    def queue(self) -> JobQueue:
        """A client of it."""
        return JobQueue(f"unix:{self.folder}/state/amp.sock", timeout=30)

    def log(self) -> str:
        """All that it has said."""
        return (self.folder / "log").read_text()


class Nodes:
    """Several of them."""

    def __init__(self, *nodes: Node) -> None:
        self.all = nodes

    def __enter__(self) -> Self:
        for node in self.all:
            node.start()
        for node in self.all:
            node.wait_until_up()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for node in self.all:
            if node.process is not None:
                node.signal(signal.SIGCONT)
                node.signal(signal.SIGKILL if kind else signal.SIGTERM)


def free_port() -> int:
    """A port of the loopback that nobody has, for now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Visitors:
    """A thread that asks every node for a page, all the time.

    :ivar asked: how often; :ivar slowest: seconds; :ivar failed: what went wrong.
    """

    def __init__(self, *nodes: Node) -> None:
        self.asked = 0
        self.slowest = 0.0
        self.failed: list[str] = []
        self._nodes = nodes
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._visit)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_said: object) -> None:
        self._gone.set()
        self._thread.join()

    def _visit(self) -> None:
        while not self._gone.wait(0.02):
            for node in self._nodes:
                began = time.monotonic()
                try:
                    status = node.get("/page")
                    if status != 200:
                        self.failed.append(f"{node.name}: {status}")
                except OSError as error:
                    self.failed.append(f"{node.name}: {error}")
                self.asked += 1
                self.slowest = max(self.slowest, time.monotonic() - began)


class Relay:
    """Passes TCP connections on to a unix socket, or drops whatever comes.

    It stands for a network: while it is :attr:`cut` nothing arrives, in either
    direction, and nobody is told.
    """

    def __init__(self, target: str) -> None:
        self.cut = threading.Event()
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                one, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(one,), daemon=True).start()

    def _join(self, one: socket.socket) -> None:
        while self.cut.is_set():
            time.sleep(0.1)
        other = socket.socket(socket.AF_UNIX)
        try:
            other.connect(self._target)
        except OSError:
            one.close()
            return
        for source, sink in ((one, other), (other, one)):
            threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                while self.cut.is_set():
                    time.sleep(0.1)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            end.close()
