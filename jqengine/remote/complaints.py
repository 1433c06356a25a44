"""What is wrong with clients, said in the log at most once a minute.

Whoever can make an engine complain can make it complain a thousand times a
second; the disk beneath the log is not his to fill.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

INTERVAL = 60.0
"""Seconds between two lines."""


class Complaints:
    """Logs the first complaint of a minute, and how many came in the one before."""

    _log = Logger()

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor
        self._next = float("-inf")
        self._unsaid = 0

    def __call__(self, complaint: str) -> None:
        """Log *complaint*, or count it."""
        now = self._reactor.seconds()
        if now < self._next:
            self._unsaid += 1
            return
        self._next = now + INTERVAL
        unsaid, self._unsaid = self._unsaid, 0
        if unsaid:
            self._log.warn("{complaint} (and {count} before)", complaint=complaint, count=unsaid)
        else:
            self._log.warn("{complaint}", complaint=complaint)
