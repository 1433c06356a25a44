"""How many runs to hold claimed at once.  Pure but for its one memory.

Too few and the threads starve while the store commits; too many and a crash
or another node waits for work that nobody has begun.
"""

from __future__ import annotations

HORIZON = 0.1
"""Seconds of work to hold: several commits of the store, not more."""

MOST_CLAIMED = 2000


class ClaimWindow:
    """Watches how long jobs take and sizes the claims accordingly.

    :param threads: size of the job pool.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._seconds_per_job = HORIZON

    def observe(self, count: int, seconds: float) -> None:
        """Note that *count* jobs took *seconds* of thread time together.

        No time at all says nothing: nothing ran.
        """
        if not seconds:
            return
        weight = min(1.0, count / (4.0 * self._threads))
        mean = max(seconds / count, 1e-6)
        self._seconds_per_job += weight * (mean - self._seconds_per_job)

    @property
    def size(self) -> int:
        """Runs that may be claimed and not yet ended."""
        soon = int(self._threads * HORIZON / self._seconds_per_job)
        return max(self._threads, min(soon, MOST_CLAIMED))

    def room(self, claimed: int) -> int:
        """How many more runs to claim with *claimed* in hand.

        Zero until half the window is free: claims in handfuls cost as much as
        claims in hundreds.  A pool with an idle thread is never kept waiting.
        """
        free = self.size - claimed
        if free <= 0 or (free < self.size // 2 and claimed >= self._threads):
            return 0
        return free
