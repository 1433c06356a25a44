"""A real ``twistd -n jobqueue`` in a process of its own, for the system tests."""

from __future__ import annotations

import atexit
import http.client
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.nursery import Forked, Nursery

PATIENCE = 30.0
_SHOWING = re.compile(r"shown at http://127\.0\.0\.1:(\d+)")
_LISTENING = re.compile(r"http://127\.0\.0\.1:(\d+)")
TWISTD = ("twistd", "-n", "--pidfile=")

# What a process looks at as it begins, and one that is forked does not.
_EARLY = ("LD_", "PYTHON")


class EngineProcess:
    """One engine, its log events and what its ``stdout:`` sink printed.

    :param folder: where it runs; its state directory and files are in it.
    :param arguments: the command line after ``jobqueue``.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        runner: tuple[str, ...] = TWISTD,
        environment: dict[str, str] | None = None,
    ) -> None:
        if "--admin" not in arguments:
            arguments += ("--admin", "off")
        self.output: list[str] = []
        self.events: list[dict[str, Any]] = []
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.process = started(folder, runner, ("jobqueue", *arguments), environment or {})
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self._take_output)),
            threading.Thread(target=self._read, args=(self.process.stderr, self._take_event)),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.wait()

    def wait(self) -> int:
        """Wait until it has ended; its exit status."""
        status = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return status

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Send *how* and wait for the end; the exit status."""
        self.process.send_signal(how)
        return self.wait()

    def until(self, reached: Callable[[], Any], patience: float = PATIENCE) -> Any:
        """Wait until *reached* gives something true, looking at each line that comes."""
        deadline = time.monotonic() + patience
        while not (found := reached()):
            left = deadline - time.monotonic()
            if left <= 0 or (self.process.poll() is not None and self._news.empty()):
                raise AssertionError(f"it did not happen; events: {self.messages}")
            try:
                self._news.get(timeout=min(left, 0.5))
            except queue.Empty:
                continue
        return found

    @property
    def messages(self) -> list[str]:
        """The messages of all log events so far."""
        return [event["message"] for event in self.events]

    def has_said(self, part: str) -> bool:
        """Whether some log message holds *part*."""
        return any(part in message for message in self.messages)

    @property
    def port(self) -> int:
        """The HTTP port, once the engine is up."""

        def found() -> re.Match[str] | None:
            return next(filter(None, map(_LISTENING.search, self.messages)), None)

        match: re.Match[str] = self.until(found)
        return int(match[1])

    @property
    def admin_port(self) -> int:
        """The port of the admin listener, once the engine is up."""

        def found() -> re.Match[str] | None:
            return next(filter(None, map(_SHOWING.search, self.messages)), None)

        match: re.Match[str] = self.until(found)
        return int(match[1])

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        *,
        port: int | None = None,
        **headers: str,
    ) -> tuple[int, bytes]:
        """Status and body of the answer to a real HTTP request."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _read(self, stream: Any, take: Callable[[str], None]) -> None:
        for line in stream:
            take(line.decode(errors="replace").rstrip("\n"))
            self._news.put(None)

    def _take_output(self, line: str) -> None:
        self.output.append(line)

    def _take_event(self, line: str) -> None:
        try:
            self.events.append(json.loads(line))
        except ValueError:
            self.events.append({"message": line})


@cache
def nursery() -> Nursery:
    """The one of this run of the tests."""
    one = Nursery()
    atexit.register(one.close)
    return one


def started(
    folder: Path,
    runner: Sequence[str],
    arguments: Sequence[str],
    environment: Mapping[str, str],
) -> subprocess.Popen[bytes] | Forked:
    """A process: forked where that makes no difference but in time."""
    environ = {**os.environ, **environment}
    if runner == TWISTD and not any(name.startswith(_EARLY) for name in environment):
        return Forked(nursery(), (*runner[1:], *arguments), folder, environ)
    script = str(Path(sys.executable).with_name(runner[0]))
    return subprocess.Popen(
        [script, *runner[1:], *arguments],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@contextmanager
def engine(folder: Path, *arguments: str, **options: Any) -> Iterator[EngineProcess]:
    """An engine on a free port that has come up."""
    with EngineProcess(folder, "--http", "tcp:0:interface=127.0.0.1", *arguments, **options) as one:
        assert one.port
        yield one
