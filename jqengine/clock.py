"""The one place that reads the wall clock.

Everything else is told the time: decisions take ``now`` as an argument, and
services are given an :class:`~jqengine.interfaces.IClock`.
"""

from __future__ import annotations

import time

from zope.interface import implementer

from jqengine.interfaces import IClock


@implementer(IClock)
class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Seconds since the epoch, UTC; it may step in either direction."""
        return time.time()
