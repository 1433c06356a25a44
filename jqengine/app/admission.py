"""How many jobs run at once, by how long visitors wait.

In Python one thread at a time has the interpreter.  A job that computes gives it
up only every few milliseconds, so ten such jobs make a visitor wait ten times
that, at each of the steps of a response, while the jobs themselves gain nothing
by being ten.  Jobs that wait for something cost nobody anything.  Nobody can
tell the two apart beforehand; but one sees how long a request that was read has
to wait until a thread has it, and how much of a processor the jobs use.
"""

from __future__ import annotations

import time
from collections.abc import Callable

LATE = 0.004
"""Seconds within which a free thread is to have a request."""

INTERVAL = 0.05
"""Seconds of waits that are judged together."""

MOSTLY = 0.5
"""The part of all that the process computes from which jobs are to blame for a wait."""

A_LITTLE = 0.1
"""The part of one processor below which they are not, whatever the process does."""

PATIENCE = 10
"""Good intervals in a row before one more job is admitted."""

CALM = 1.0
"""Seconds without a visitor after which jobs may have everything."""


class Admission:
    """Admits jobs to threads.  Safe to call from any thread.

    When a wait is late while jobs compute, half as many may be at work, down to
    one; when waits have been short for a while, one more is admitted.

    :param threads: how many there are.
    :param seconds: monotonic time.
    :param computed: seconds of processor time that the jobs have used so far.
    :param process: seconds of processor time that the whole process has.
    """

    def __init__(
        self,
        threads: int,
        seconds: Callable[[], float],
        computed: Callable[[], float] = lambda: 0.0,
        process: Callable[[], float] = time.process_time,
    ) -> None:
        self._threads = threads
        self._seconds = seconds
        self._computed = computed
        self._process = process
        self._then = (0.0, 0.0)
        self._admitted = threads
        self._longest = 0.0
        self._good = 0
        self._judged = self._visited = seconds() - CALM

    @property
    def admitted(self) -> int:
        """How many jobs may be at work; at least one."""
        if self._admitted < self._threads and self._seconds() - self._visited > CALM:
            self._admitted = self._threads
        return self._admitted

    @property
    def share(self) -> float:
        """The part of all threads that may be at work."""
        return self.admitted / self._threads

    def waited(self, since: float) -> None:
        """A visitor's request, read at *since*, has its thread now."""
        # Threads may come between one another here; then a wait is judged a
        # moment earlier or later, or not at all, and the next one is.
        now = self._seconds()
        self._visited = now
        self._longest = max(self._longest, now - since)
        if now - self._judged >= INTERVAL:
            longest, elapsed = self._longest, now - self._judged
            self._longest, self._judged = 0.0, now
            self._judge(longest, elapsed)

    def _judge(self, longest: float, elapsed: float) -> None:
        to_blame = self._are_to_blame(elapsed)
        if longest > LATE:
            self._good = 0
            if to_blame:
                self._admitted = max(1, self._admitted // 2)
            return
        self._good += 1
        if self._good > PATIENCE:
            self._admitted, self._good = min(self._threads, self._admitted + 1), 0

    def _are_to_blame(self, elapsed: float) -> bool:
        """Whether it is the jobs that compute."""
        computed, process = self._then
        self._then = self._computed(), self._process()
        computed, process = self._then[0] - computed, self._then[1] - process
        return computed > MOSTLY * process and computed > A_LITTLE * elapsed
