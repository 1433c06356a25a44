"""How an engine is at one moment, and what is wrong with it.  Pure.

Readiness, metrics and the dashboard all show this one value.
"""

from __future__ import annotations

from dataclasses import dataclass

from jqengine.units import format_duration

LONGEST_SILENCE = 45.0
"""Seconds after which a dispatcher that has not looked at its store is in trouble.

It looks every 30 seconds when there is nothing to do.
"""

LONGEST_UNRENEWED = 30.0
"""Seconds after which an engine that could not renew its leases claims nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What can be said of an engine's job side without asking anybody.

    All ages are in seconds of monotonic time.

    :ivar tick_age: since the dispatcher last began to look for what is due.
    :ivar lease_age: since this node's leases were last renewed.
    :ivar in_hand: runs that are claimed and whose end is not on disk.
    :ivar threads: job threads that there are to be.
    :ivar stuck: threads still in the application for a run that was given up.
    :ivar able: whether any job thread is left that is not stuck.
    :ivar store: why the store takes no new jobs though it answers; empty when it takes them.
    :ivar dispatching: why the dispatcher's last look failed; empty when it did not.
    :ivar spooled: jobs that were accepted and are not in the store yet.
    """

    tick_age: float
    lease_age: float
    in_hand: int
    threads: int
    stuck: int
    able: bool
    store: str
    dispatching: str
    spooled: int = 0

    @property
    def complaints(self) -> tuple[str, ...]:
        """Why jobs cannot be accepted or run now, each reason a line; nothing when they can."""
        found = (
            self.store,
            self.dispatching,
            self._silence(),
            self._leases(),
            self._threads(),
            self._spool(),
        )
        return tuple(dict.fromkeys(filter(None, found)))

    def _silence(self) -> str:
        if self.tick_age <= LONGEST_SILENCE:
            return ""
        return f"nobody has looked for due jobs for {format_duration(self.tick_age)}"

    def _leases(self) -> str:
        if self.lease_age <= LONGEST_UNRENEWED:
            return ""
        return (
            f"the leases of this node have not been renewed for {format_duration(self.lease_age)};"
            " it claims no jobs"
        )

    def _spool(self) -> str:
        return f"{self.spooled} accepted jobs wait in the spool" if self.spooled else ""

    def _threads(self) -> str:
        if self.able:
            return ""
        return (
            f"all job threads are stuck: {self.stuck} requests do not end;"
            " restart the engine to be rid of them"
        )
