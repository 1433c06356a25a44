"""Following runs as they happen."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

from jqengine.client.link import Link
from jqengine.errors import JobQueueError
from jqengine.wire.asks import Answer, Backlog, ask
from jqengine.wire.events import Event, event_of

_LONG = 3600.0
_NUMBER = 1


def follow(
    link: Link,
    job: str | None,
    name: str | None,
    *,
    output: bool,
    seconds: float | None,
    timeout: float,
) -> Iterator[Event]:
    """The events of a job, or of all, for *seconds* or for ever; closes *link*."""
    try:
        answers: list[Answer | JobQueueError] = []
        call = ask("Tail", tail=_NUMBER, job=job, name=name, output=output or None)
        link.exchange(Backlog([call]), answers, timeout)
        [answer] = answers
        if isinstance(answer, JobQueueError):
            raise answer
        deadline = monotonic() + seconds if seconds is not None else float("inf")
        while (left := deadline - monotonic()) > 0:
            box = link.next_pushed(min(left, _LONG))
            if box is not None:
                yield event_of(box)
    finally:
        link.close()
