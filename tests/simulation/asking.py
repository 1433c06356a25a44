"""Questions to a store from outside of the simulation."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from jqengine.testing import PlayedReactor
from tests.simulation.playedthread import Disk
from tests.simulation.stores import Shelf

T = TypeVar("T")
Question = Callable[[Any], Coroutine[Any, Any, T]]
"""Given a store with all of its interfaces."""


def ask(shelf: Shelf, question: Question[T]) -> T:
    """The answer to *question*, at once and in this thread."""
    reactor = PlayedReactor()
    disk = Disk(Random(0), (0.0, 0.0))
    store, vanish = shelf.store(reactor, disk, lambda _: "", lambda *_: None)
    answers: list[Any] = []
    Deferred.fromCoroutine(_opened(store, question)).addBoth(answers.append)
    reactor.advance(1.0)
    vanish()
    [answer] = answers
    if isinstance(answer, Failure):
        answer.raiseException()
    result: T = answer
    return result


async def _opened(store: Any, question: Question[T]) -> T:
    await store.open()
    return await question(store)
