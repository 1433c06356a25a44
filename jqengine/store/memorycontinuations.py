"""Continuations in memory: their rules, and the side of the store that has them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from zope.interface import implementer

from jqengine.continuation import FORMER_SESSION, MOST_OF_SESSION, Continuation
from jqengine.interfaces import IContinuationStore
from jqengine.job import Job
from jqengine.queries import Page
from jqengine.store.continuationrules import (
    Kept,
    awaited_by,
    belongs_to,
    cursor_of,
    is_at,
    place_of,
    used_up,
    with_requests,
)

T = TypeVar("T")


@dataclass(slots=True)
class _Kept:
    continuation: Continuation
    former: str | None = None
    former_until: float = 0.0

    def former_at(self, now: float) -> str | None:
        """The session before the present one, while it still counts."""
        return self.former if self.former_until > now else None


class MemoryContinuations:
    """All continuations; see :class:`IContinuationStore`."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def keep_continuation(self, continuation: Continuation) -> Continuation:
        known = self._kept.setdefault(continuation.id, _Kept(continuation)).continuation
        if continuation.session is not None:
            mine = [one for one in self._newest() if one.session == continuation.session]
            self.forget(one.id for one in mine[MOST_OF_SESSION:])
        return known

    def continuation(self, continuation_id: str) -> Continuation | None:
        kept = self._kept.get(continuation_id)
        return None if kept is None else _without_body(kept.continuation)

    def resume_continuation(
        self, continuation_id: str, session: str | None, paths: Collection[str], now: float
    ) -> Continuation | None:
        kept = self._kept.get(continuation_id)
        if kept is None or kept.continuation.expires <= now:
            return None
        continuation = kept.continuation
        if not belongs_to(session, continuation.session, kept.former_at(now)):
            return None
        if not is_at(continuation.request.target, paths):
            return None
        if not continuation.reusable:
            self.forget([continuation_id])
        return continuation

    def follow_session(
        self, before: str | None, after: str, made: Sequence[str], now: float
    ) -> int:
        moved = 0
        for kept in self._kept.values():
            session = kept.continuation.session
            if before is not None and before in (session, kept.former_at(now)):
                if session == before:
                    kept.former, kept.former_until = before, now + FORMER_SESSION
            elif session is not None or kept.continuation.id not in made:
                continue
            kept.continuation = replace(kept.continuation, session=after)
            moved += 1
        return moved

    def find_continuations(self, after: str | None, limit: int) -> Page[Continuation]:
        place = None if after is None else place_of(after)
        found = [
            _without_body(one)
            for one in self._newest()
            if place is None or (one.created, one.id) < place
        ]
        return Page(found[:limit], cursor_of(found[limit - 1]) if len(found) > limit else None)

    def clear_continuations(self, session: str | None) -> int:
        every = [one.continuation for one in self._kept.values()]
        return self.forget([one.id for one in every if session in (None, one.session)])

    def sweep_continuations(self, now: float, limit: int) -> int:
        every = [one.continuation for one in self._kept.values()]
        return self.forget([one.id for one in every if one.expires <= now][:limit])

    def forget(self, ids: Iterable[str]) -> int:
        """Forget continuations; how many there were."""
        return sum(self._kept.pop(one, None) is not None for one in ids)

    def put_requests(
        self, new: Sequence[Job], known: Callable[[str], bool]
    ) -> tuple[Sequence[Job], Kept]:
        """*new*, those that wait for a saved request with it; and the continuations asked for."""
        awaited = {awaited_by(job) for job in new}
        kept = {one: self._kept[one].continuation for one in awaited if one in self._kept}
        before = frozenset(job.id for job in new if awaited_by(job) and known(job.id))
        return with_requests(new, kept, before), kept

    def use_up(self, ready: Sequence[Job], answers: Sequence[Job], kept: Kept) -> None:
        """Forget what the jobs *ready*, now that they have *answers*, have used."""
        self.forget(used_up(ready, answers, kept))

    def _newest(self) -> list[Continuation]:
        every = [one.continuation for one in self._kept.values()]
        return sorted(every, key=lambda one: (one.created, one.id), reverse=True)


def _without_body(continuation: Continuation) -> Continuation:
    return replace(continuation, request=replace(continuation.request, body=b""))


class _Queue(Protocol):
    @property
    def continuations(self) -> MemoryContinuations: ...


class _Store(Protocol):
    """What this side needs of the store it is a part of."""

    @property
    def queue(self) -> _Queue: ...

    def _answer(self, work: Callable[[], T]) -> Deferred[T]: ...


@implementer(IContinuationStore)
class MemoryContinuationSide:
    """Continuations; a part of a store."""

    def keep_continuation(self: _Store, continuation: Continuation) -> Deferred[Continuation]:
        """See :meth:`IContinuationStore.keep_continuation`."""
        return self._answer(lambda: self.queue.continuations.keep_continuation(continuation))

    def continuation(self: _Store, continuation_id: str) -> Deferred[Continuation | None]:
        """See :meth:`IContinuationStore.continuation`."""
        return self._answer(lambda: self.queue.continuations.continuation(continuation_id))

    def resume_continuation(
        self: _Store,
        continuation_id: str,
        session: str | None,
        paths: Collection[str],
        now: float,
    ) -> Deferred[Continuation | None]:
        """See :meth:`IContinuationStore.resume_continuation`."""
        return self._answer(
            lambda: self.queue.continuations.resume_continuation(
                continuation_id, session, paths, now
            )
        )

    def follow_session(
        self: _Store, before: str | None, after: str, made: Sequence[str], now: float
    ) -> Deferred[int]:
        """See :meth:`IContinuationStore.follow_session`."""
        return self._answer(
            lambda: self.queue.continuations.follow_session(before, after, made, now)
        )

    def find_continuations(
        self: _Store, after: str | None, limit: int
    ) -> Deferred[Page[Continuation]]:
        """See :meth:`IContinuationStore.find_continuations`."""
        return self._answer(lambda: self.queue.continuations.find_continuations(after, limit))

    def drop_continuation(self: _Store, continuation_id: str) -> Deferred[bool]:
        """See :meth:`IContinuationStore.drop_continuation`."""
        return self._answer(lambda: bool(self.queue.continuations.forget([continuation_id])))

    def clear_continuations(self: _Store, session: str | None) -> Deferred[int]:
        """See :meth:`IContinuationStore.clear_continuations`."""
        return self._answer(lambda: self.queue.continuations.clear_continuations(session))

    def sweep_continuations(self: _Store, now: float, limit: int) -> Deferred[int]:
        """See :meth:`IContinuationStore.sweep_continuations`."""
        return self._answer(lambda: self.queue.continuations.sweep_continuations(now, limit))
