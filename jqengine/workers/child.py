"""A worker as its parent sees it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.interfaces import IReactorProcess
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from jqengine.workers.orders import CONTROL, REPORT, Orders, Word
from jqengine.workers.voice import pass_on

STDERR = 2

LONGEST_LINE = 1024 * 1024
"""Bytes of a line of a worker's log; what exceeds them is cut off."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended.

    :ivar why: for people.
    :ivar cleanly: whether it ended as it does when it is asked to.
    :ivar refused: why it could not start, if it has said so.
    """

    why: str
    cleanly: bool
    refused: str | None = None


class Child(ProcessProtocol):
    """One process of a worker, from its start to its end.

    :param up: called when the worker is up.
    :param alive: called each time it says that it does its work.
    :param ended: called once, when the process is gone.
    """

    transport: Any

    def __init__(
        self,
        node: str,
        up: Callable[[], None],
        alive: Callable[[], None],
        ended: Callable[[Ended], None],
    ) -> None:
        self._node = node
        self._up = up
        self._alive = alive
        self._ended = ended
        self._refused: str | None = None
        self._lines: dict[int, bytes] = {}

    def start(
        self, reactor: IReactorProcess, orders: Orders, descriptors: Mapping[int, Any]
    ) -> None:
        """Start the process.

        :param descriptors: of the child, each with what becomes of it: one of
            ours, or ``"r"`` for a pipe that we read.
        """
        program = [sys.executable, "-m", "jqengine.workers", type(reactor).__module__, self._node]
        reactor.spawnProcess(
            self,
            sys.executable,
            program,
            env=None,
            path=orders.directory,
            childFDs={**descriptors, CONTROL: "w", REPORT: "r"},
        )
        self.transport.writeToChild(CONTROL, orders.as_line())

    @property
    def pid(self) -> int | None:
        """The id of the process."""
        pid: int | None = self.transport.pid
        return pid

    def tell(self, word: Word) -> None:
        """Say *word* to the worker."""
        self.transport.writeToChild(CONTROL, word.encode() + b"\n")

    def kill(self) -> None:
        """End the process as it is."""
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess("KILL")

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Take what the worker says or logs."""
        *lines, rest = (self._lines.get(childFD, b"") + data).split(b"\n")
        if len(rest) > LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        self._lines[childFD] = rest
        for line in lines:
            self._take(childFD, line)

    def processEnded(self, reason: Failure) -> None:
        """Tell how it ended."""
        rest = self._lines.get(STDERR)
        if rest:
            pass_on(rest, self._node)
        value: Any = reason.value
        if reason.check(ProcessDone):
            ended = Ended("it has ended", True, self._refused)
        elif value.signal is not None:
            ended = Ended(f"it was ended by signal {value.signal}", False, self._refused)
        else:
            ended = Ended(f"it ended with status {value.exitCode}", False, self._refused)
        self._ended(ended)

    def _take(self, descriptor: int, line: bytes) -> None:
        if descriptor == STDERR:
            pass_on(line, self._node)
            return
        facts = json.loads(line)
        if "failed" in facts:
            self._refused = str(facts["failed"])
        elif "alive" in facts:
            self._alive()
        else:
            self._up()
