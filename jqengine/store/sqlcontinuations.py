"""The side of a SQL store that remembers continuations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from zope.interface import implementer

from jqengine.continuation import Continuation
from jqengine.interfaces import IContinuationStore
from jqengine.queries import Page
from jqengine.store import continuations
from jqengine.store.thread import StoreThread
from jqengine.store.transacting import Operation

T = TypeVar("T")


class _Threads(Protocol):
    """What this side needs of the store it is a part of."""

    _writer: StoreThread
    _reader: StoreThread

    def _ask(self, question: Operation[T]) -> Deferred[T]: ...


@implementer(IContinuationStore)
class SqlContinuations:
    """Continuations; a part of a store."""

    def keep_continuation(self: _Threads, continuation: Continuation) -> Deferred[Continuation]:
        """See :meth:`IContinuationStore.keep_continuation`."""
        return self._writer.submit(partial(continuations.keep, continuation=continuation))

    def continuation(self: _Threads, continuation_id: str) -> Deferred[Continuation | None]:
        """See :meth:`IContinuationStore.continuation`."""
        return self._ask(partial(continuations.one, continuation_id=continuation_id))

    def resume_continuation(
        self: _Threads,
        continuation_id: str,
        session: str | None,
        paths: Collection[str],
        now: float,
    ) -> Deferred[Continuation | None]:
        """See :meth:`IContinuationStore.resume_continuation`.

        Anybody can ask for an id that does not exist.  That is the reader's to
        say, at once: a link was on disk before its client could see it.
        """
        visit = (continuation_id, session, paths, now)
        possible = self._reader.submit(lambda one: continuations.can_be_resumed(one, *visit))
        return possible.addCallback(
            lambda yes: (
                self._writer.submit(lambda one: continuations.resume(one, *visit)) if yes else None
            )
        )

    def follow_session(
        self: _Threads, before: str | None, after: str, made: Sequence[str], now: float
    ) -> Deferred[int]:
        """See :meth:`IContinuationStore.follow_session`.

        Nearly every session has no continuation, which the reader can tell
        without a transaction of the writer.
        """
        follow = partial(continuations.follow, before=before, after=after, made=made, now=now)
        if made or before is None:
            return self._writer.submit(follow)
        followed = self._ask(partial(continuations.is_followed, before=before))
        return followed.addCallback(lambda found: self._writer.submit(follow) if found else 0)

    def find_continuations(
        self: _Threads, after: str | None, limit: int
    ) -> Deferred[Page[Continuation]]:
        """See :meth:`IContinuationStore.find_continuations`."""
        return self._ask(partial(continuations.find, after=after, limit=limit))

    def drop_continuation(self: _Threads, continuation_id: str) -> Deferred[bool]:
        """See :meth:`IContinuationStore.drop_continuation`."""
        return self._writer.submit(partial(continuations.drop, continuation_id=continuation_id))

    def clear_continuations(self: _Threads, session: str | None) -> Deferred[int]:
        """See :meth:`IContinuationStore.clear_continuations`."""
        return self._writer.submit(partial(continuations.clear, session=session))

    def sweep_continuations(self: _Threads, now: float, limit: int) -> Deferred[int]:
        """See :meth:`IContinuationStore.sweep_continuations`."""
        return self._writer.submit(partial(continuations.sweep, now=now, limit=limit), limit)
