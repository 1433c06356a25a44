"""From the application's threads back to the reactor: many things, one wake-up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from twisted.internet.interfaces import IReactorFromThreads

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Carries items from any thread to the reactor thread, in order and in batches.

    Waking the reactor costs a system call and a turn of its loop.  Everything
    posted between one wake-up and the moment the reactor looks goes with that
    wake-up.

    :param receive: called on the reactor thread with the items of one batch;
        it must not raise.
    """

    def __init__(
        self, reactor: IReactorFromThreads, receive: Callable[[Sequence[T]], None]
    ) -> None:
        self._reactor = reactor
        self._receive = receive
        self._items: deque[T] = deque()
        self._woken = False

    def post(self, item: T) -> None:
        """Send *item* to the reactor thread.  Safe to call from any thread."""
        self._items.append(item)
        # The order matters: a sender that sees the flag still up has appended
        # its item before the reactor takes the flag down and looks.
        if not self._woken:
            self._woken = True
            self._reactor.callFromThread(self._deliver)

    def _deliver(self) -> None:
        self._woken = False
        take = self._items.popleft
        # Not more than is there now, lest busy senders keep the reactor here.
        batch = [take() for _ in range(len(self._items))]
        if batch:
            self._receive(batch)
