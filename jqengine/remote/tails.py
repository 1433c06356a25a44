"""Clients that follow runs as they happen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from zope.interface import implementer

from jqengine.interfaces import IRunObserver
from jqengine.job import Outcome, Run
from jqengine.redaction import Redactor
from jqengine.remote.describe import result_as_json
from jqengine.remote.live import Piece
from jqengine.remote.pages import MOST_BYTES
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
    :param output: whether to tell what the application writes in other processes, too.
    """

    def __init__(
        self,
        line: Line,
        number: int,
        job_id: str | None,
        redactor: Redactor,
        *,
        output: bool = False,
    ) -> None:
        self._redactor = redactor
        self._line = line
        self._number = number
        self._job_id = job_id
        self._missed = 0
        self._output = output
        self._stops: list[Callable[[], None]] = []

    def until_stopped(self, stop: Callable[[], None]) -> None:
        """Call *stop* when the client follows no more."""
        self._stops.append(stop)

    def stop(self) -> None:
        """Follow no more."""
        for stop in self._stops:
            stop()

    def began(self, runs: Sequence[Run]) -> None:
        """Tell of runs that are about to begin."""
        for run in runs:
            if self._follows(run.job_id):
                self._push({"event": "began", **_about(run)})

    def ended(self, run: Run, outcome: Outcome) -> None:
        """Tell of an attempt that ended."""
        if not self._follows(run.job_id):
            return
        verdict = outcome.verdict
        event = {
            "event": "ended",
            **_about(run),
            "state": verdict.state.value,
            "result": result_as_json(outcome.attempt, outcome.result, self._redactor),
            "why": verdict.why,
        }
        if verdict.ready is not None:
            event["again"] = rfc3339(verdict.ready)
        self._push(event)

    def wrote(self, piece: Piece) -> None:
        """Tell what the application wrote."""
        facts = piece.facts
        if not self._follows(facts["id"]):
            return
        event = {
            "event": "output",
            "job": facts["id"],
            "run": facts["run"],
            "attempt": facts["attempt"],
            "label": piece.label,
        }
        for start in range(0, len(piece.data), MOST_BYTES):
            self._push(event, piece.data[start : start + MOST_BYTES])

    def relayed(self, event: dict[str, Any], data: bytes | None) -> None:
        """Tell of a run in another process."""
        is_wanted = self._output or event["event"] != "output"
        if "job" not in event or (is_wanted and self._follows(event["job"])):
            self._push(event, data)

    def _follows(self, job_id: str) -> bool:
        return self._job_id is None or job_id == self._job_id

    def _push(self, event: dict[str, Any], data: bytes | None = None) -> None:
        if self._line.full:
            self._missed += 1
            return
        if self._missed:
            self._line.push(self._number, {"event": "missed", "count": self._missed})
            self._missed = 0
        self._line.push(self._number, event, data)


def _about(run: Run) -> dict[str, Any]:
    return {"job": run.job_id, "run": run.id, "attempt": run.attempt, "label": run.label[:1000]}
