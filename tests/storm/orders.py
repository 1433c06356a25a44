"""What a storm tells the engine's process, by its environment."""

from __future__ import annotations

from jqengine.dispatch import dispatcher, leases

BOOK, PROCESS, CALM = "STORM_BOOK", "STORM_PROCESS", "STORM_CALM"
FAIL, LEASE = "STORM_FAIL", "STORM_LEASE"


def shorten_leases(seconds: float) -> None:
    """Let claims be valid for so long, in this process."""
    dispatcher.LEASE = leases.LEASE = seconds
    leases.INTERVAL, leases.FRESH = seconds / 4, seconds / 2
