"""What an engine says at its start of what does not run."""

from __future__ import annotations

from twisted.logger import Logger

from jqengine.interfaces import IClock, IQueueControl

MOST_NAMED = 20

_log = Logger()


async def say_what_is_paused(control: IQueueControl, clock: IClock) -> None:
    """Warn of pauses that somebody may have forgotten."""
    holds = await control.holds(clock.now())
    if holds.all_paused:
        _log.warn("Everything is paused: no job begins until `jobqueue resume --all`")
    paused = [one for one in holds.reports if one.group.paused]
    for one in paused[:MOST_NAMED]:
        _log.warn(
            "The group {group!r} is paused, and {waiting} of its runs wait;"
            " `jobqueue resume --group` lets it go on",
            group=one.group.name,
            waiting=one.waiting,
        )
    if len(paused) > MOST_NAMED:
        _log.warn("{count} more groups are paused", count=len(paused) - MOST_NAMED)
