"""Following runs as they happen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from jqengine.client.link import Backlog, Link
from jqengine.errors import JobQueueError
from jqengine.wire.asks import Answer, ask
from jqengine.wire.boxes import Box
from jqengine.wire.views import ResultView, RunView, result_view, run_view

_LONG = 3600.0
_NUMBER = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step of a run.

    :ivar kind: ``began``, ``output``, ``ended``, or ``missed`` when the engine
        had to leave some out because they were not read in time.
    :ivar run: of ``began``, ``output`` and ``ended``.
    :ivar result: of ``ended``, without its body.
    :ivar why: of ``ended``: what the engine made of it, in a few words.
    :ivar again: of ``ended``: when the run will be tried again, if it will.
    :ivar data: of ``output``: what the application wrote.
    :ivar count: of ``missed``: how many were left out.
    """

    kind: str
    run: RunView | None = None
    result: ResultView | None = None
    why: str = ""
    again: datetime | None = None
    data: bytes = b""
    count: int = 0


def follow(
    link: Link, job: str | None, name: str | None, seconds: float | None, timeout: float
) -> Iterator[Event]:
    """The events of a job, or of all, for *seconds* or for ever; closes *link*."""
    try:
        answers: list[Answer | JobQueueError] = []
        link.exchange(Backlog([ask("Tail", tail=_NUMBER, job=job, name=name)]), answers, timeout)
        [answer] = answers
        if isinstance(answer, JobQueueError):
            raise answer
        deadline = monotonic() + seconds if seconds is not None else float("inf")
        while (left := deadline - monotonic()) > 0:
            box = link.next_pushed(min(left, _LONG))
            if box is not None:
                yield _event(box)
    finally:
        link.close()


def _event(box: Box) -> Event:
    said: dict[str, Any] = json.loads(box[b"event"])
    return Event(
        kind=said["event"],
        run=run_view(said["run"]) if "run" in said else None,
        result=result_view(said["result"]) if "result" in said else None,
        why=said.get("why", ""),
        again=datetime.fromisoformat(said["again"]) if "again" in said else None,
        data=box.get(b"data", b""),
        count=said.get("count", 0),
    )
