"""What is counted and timed while the engine works, for whoever looks at it.

Cheap enough for every request and every run: a number is added to a list, and
nothing else happens until somebody asks.  Each of these objects has one thread
that writes; any other may read, and may find the latest number half noted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds for what is quick: an answer, a commit."""

LONG_SECONDS = (*SECONDS[2:], 30.0, 60.0, 300.0, 900.0, 3600.0)
"""Bounds for what may take long: a job, and how late it began."""

COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 20000)
"""Bounds for how many of something came together."""


class Distribution:
    """How many numbers there were up to each of some bounds, and their sum.

    :ivar bounds: in ascending order; a number that equals a bound is within it.
    :ivar counts: of the numbers between two neighbouring bounds, and last of
        those above them all.
    :ivar total: the sum of the numbers.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, number: float) -> None:
        """Note *number*; one below zero, as of a clock that was set back, is zero."""
        self.counts[bisect_left(self.bounds, number)] += 1
        if number > 0.0:
            self.total += number


class RequestMeasures:
    """The requests of one listener.

    :ivar statuses: how many were answered with a status of each class, from 1 to 5.
    :ivar seconds: from the complete request to the end of its response.
    """

    def __init__(self) -> None:
        self.statuses: dict[int, int] = defaultdict(int)
        self.seconds = Distribution(SECONDS)

    def ended(self, status: int, seconds: float) -> None:
        """Note a request that has ended."""
        self.statuses[status // 100] += 1
        self.seconds.observe(seconds)


class StoreMeasures:
    """What a store's writer does.

    :ivar seconds: that a group of calls took, its commit included.
    :ivar sizes: how many calls were in a group.
    :ivar troubles: how often the store could not be reached.
    """

    def __init__(self) -> None:
        self.seconds = Distribution(SECONDS)
        self.sizes = Distribution(COUNTS)
        self.troubles = 0

    def group(self, size: int, seconds: float) -> None:
        """Note a group that was done; one of no calls is none."""
        if size:
            self.sizes.observe(size)
            self.seconds.observe(seconds)
