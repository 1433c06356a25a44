"""What every store decides alike about continuations.  Pure."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Iterator, Mapping

from jqengine.continuation import Continuation, with_saved_request
from jqengine.errors import BadValue
from jqengine.job import Job
from jqengine.request.continuation import decoded_path

Kept = Mapping[str, Continuation]
"""Continuations that are there, by id."""


def awaited_by(job: Job) -> str | None:
    """The id of the continuation whose request *job* waits for, if it waits for one."""
    continued = job.definition.request.continuation
    return continued.id if continued is not None and continued.state is None else None


def with_requests(jobs: Iterable[Job], kept: Kept, known: frozenset[str]) -> list[Job]:
    """*jobs*, each that waits for a saved request with it.

    :param known: ids of jobs that were accepted before, and are left alone.
    :raises NoSuchContinuation, NotPossible: see :meth:`jqengine.interfaces.IStore.add`.
    """
    unused = dict(kept)
    ready = []
    for job in jobs:
        awaited = None if job.id in known else awaited_by(job)
        if awaited is not None:
            job = with_saved_request(job, unused.get(awaited))
            if not kept[awaited].reusable:
                del unused[awaited]
        ready.append(job)
    return ready


def used_up(ready: Iterable[Job], answers: Iterable[Job], kept: Kept) -> set[str]:
    """Ids of the continuations that are no more, now that *ready* got *answers*.

    A job that another one is the answer for has used nothing.
    """
    used = set(_continuations_of(ready)) & set(_continuations_of(answers))
    return {key for key in used if key in kept and not kept[key].reusable}


def _continuations_of(jobs: Iterable[Job]) -> Iterator[str]:
    for job in jobs:
        continued = job.definition.request.continuation
        if continued is not None:
            yield continued.id


def is_at(target: str, paths: Collection[str]) -> bool:
    """Whether the path of *target* is one of *paths*, which are decoded."""
    return decoded_path(target) in paths


def belongs_to(session: str | None, current: str | None, former: str | None) -> bool:
    """Whether *session* is the *current* one of a continuation, or its *former*.

    It takes the same time wherever they differ.
    """
    if session is None:
        return False
    return _are_same(session, current) | _are_same(session, former)


def _are_same(session: str, other: str | None) -> bool:
    return other is not None and hmac.compare_digest(session, other)


def place_of(cursor: str) -> tuple[float, str]:
    """Instant and id of the last continuation of a page.

    :raises BadValue: *cursor* is none that was given.
    """
    created, _, continuation_id = cursor.partition(",")
    try:
        return float(created), continuation_id
    except ValueError:
        raise BadValue(f"no page ends at {cursor[:60]!r}") from None


def cursor_of(continuation: Continuation) -> str:
    """What names the place of *continuation* in a list."""
    return f"{continuation.created!r},{continuation.id}"
