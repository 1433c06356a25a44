"""Clients that follow runs as they happen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from zope.interface import implementer

from jqengine.interfaces import IRunObserver
from jqengine.job import Outcome, Run
from jqengine.remote.describe import result_as_json, run_as_json
from jqengine.request.environ import rfc3339


class Line(Protocol):
    """The connection of one client, as those who answer it see it."""

    def waiting(self, change: int) -> None:
        """Note that *change* more of its calls wait for a run."""

    @property
    def full(self) -> bool:
        """Whether the client is behind with reading."""

    def push(self, tail: int, event: dict[str, Any], data: bytes | None = None) -> None:
        """Send one event."""


@implementer(IRunObserver)
class Tail:
    """Sends each step of the runs that one client follows.

    While the client is behind with reading nothing is kept for it; it is told
    how much it has missed.

    :param job_id: whose runs, or ``None`` for all.
    """

    def __init__(self, line: Line, number: int, job_id: str | None) -> None:
        self._line = line
        self._number = number
        self._job_id = job_id
        self._missed = 0
        self.stop: Callable[[], None] = lambda: None

    def began(self, runs: Sequence[Run]) -> None:
        """Tell of runs that are about to begin."""
        for run in runs:
            if self._follows(run):
                self._push({"event": "began", "run": run_as_json(run)})

    def ended(self, run: Run, outcome: Outcome) -> None:
        """Tell of an attempt that ended."""
        if not self._follows(run):
            return
        verdict = outcome.verdict
        event = {
            "event": "ended",
            "run": run_as_json(run._replace(state=verdict.state)),
            "result": result_as_json(outcome.attempt, outcome.result),
            "why": verdict.why,
        }
        if verdict.ready is not None:
            event["again"] = rfc3339(verdict.ready)
        self._push(event)

    def _follows(self, run: Run) -> bool:
        return self._job_id is None or run.job_id == self._job_id

    def _push(self, event: dict[str, Any]) -> None:
        if self._line.full:
            self._missed += 1
            return
        if self._missed:
            self._line.push(self._number, {"event": "missed", "count": self._missed})
            self._missed = 0
        self._line.push(self._number, event)
