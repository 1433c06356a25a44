"""The crontabs, and what holds for a job that says nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jqengine.assembly.surroundings import Surroundings
from jqengine.config import OFF, Settings
from jqengine.identity import IdFactory
from jqengine.interfaces import IStore
from jqengine.joboptions import OptionValues
from jqengine.triggers.reload import Crontabs
from jqengine.triggers.triggers import Triggers


def crontabs_of(
    settings: Settings,
    world: Surroundings,
    store: IStore,
    new_id: IdFactory,
    check_sink: Callable[[str], None],
) -> Crontabs:
    """The crontabs that *settings* name; nothing is read yet."""
    return Crontabs(
        settings.crontab,
        read=lambda name: Path(settings.path(name)).read_bytes(),
        defaults=job_defaults(settings),
        triggers=Triggers(),
        store=store,
        clock=world.clock,
        check_sink=check_sink,
        new_id=new_id,
    )


def job_defaults(settings: Settings) -> OptionValues:
    """The options of a job that says nothing else."""
    return {
        "tz": settings.timezone,
        "attempts": settings.attempts,
        "backoff": settings.backoff,
        "timeout": settings.timeout,
        "remove-on": settings.remove_on,
        "sink": () if settings.sink == (OFF,) else settings.sink,
    }
