"""Fakes of the lowest layer, stepped by hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.task import Clock


class HandReactor(Clock):
    """Time, and calls from threads that wait until the test lets them in."""

    def __init__(self) -> None:
        super().__init__()
        self.wake_ups: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()

    def callFromThread(self, function: Callable[..., object], *arguments: object) -> None:
        self.wake_ups.append((function, arguments))

    def look(self) -> int:
        """Perform what threads have asked for; how much that was."""
        count = len(self.wake_ups)
        for _ in range(count):
            function, arguments = self.wake_ups.popleft()
            function(*arguments)
        return count


class SameThread:
    """A pool of no threads: calls happen at once, or when the test says so."""

    def __init__(self, *, held: bool = False) -> None:
        self.held = held
        self.calls: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()

    def callInThread(self, function: Callable[..., object], *arguments: object) -> None:
        self.calls.append((function, arguments))
        if not self.held:
            self.work()

    def work(self) -> None:
        while self.calls:
            function, arguments = self.calls.popleft()
            function(*arguments)


class SteadyClock:
    """The wall clock of a test: 2026-11-24 03:00:00 UTC, for ever."""

    NOW = 1795489200.0

    def now(self) -> float:
        return self.NOW
