"""The steps of runs, as an engine sends them to those who follow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jqengine.wire.boxes import Box
from jqengine.wire.views import ResultView, result_view


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step of a run.

    :ivar kind: ``began``, ``output``, ``ended``, or ``missed`` when the engine
        had to leave some out because they were not read in time.
    :ivar job: the job's id, and *run* that of the run.
    :ivar label: the job's name, or its request line.
    :ivar attempt: which attempt, from 1.
    :ivar state: of ``ended``: the run's state; ``waiting`` if it will be tried again.
    :ivar result: of ``ended``, without its body.
    :ivar why: of ``ended``: what the engine made of it, in a few words.
    :ivar again: of ``ended``: when the run will be tried again, if it will.
    :ivar data: of ``output``: what the application wrote.
    :ivar count: of ``missed``: how many were left out.
    """

    kind: str
    job: str = ""
    run: str = ""
    label: str = ""
    attempt: int = 0
    state: str = ""
    result: ResultView | None = None
    why: str = ""
    again: datetime | None = None
    data: bytes = b""
    count: int = 0


def event_of(box: Box) -> Event:
    """The event in a box that an engine pushed."""
    said: dict[str, Any] = json.loads(box[b"event"])
    return Event(
        kind=said["event"],
        job=said.get("job", ""),
        run=said.get("run", ""),
        label=said.get("label", ""),
        attempt=said.get("attempt", 0),
        state=said.get("state", ""),
        result=result_view(said["result"]) if "result" in said else None,
        why=said.get("why", ""),
        again=datetime.fromisoformat(said["again"]) if "again" in said else None,
        data=box.get(b"data", b""),
        count=said.get("count", 0),
    )
