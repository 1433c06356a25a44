"""Instants, to and from the texts that people and programs exchange."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import click

from jqengine.config import find_system_zone
from jqengine.errors import BadValue
from jqengine.joboptions import moment_instant, parse_moment
from jqengine.options import parse_zone
from jqengine.triggers.localtime import FIRST_INSTANT, LAST_INSTANT

_EPOCH_SECONDS = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,9})?")


def iso(instant: float, zone: str) -> str:
    """ISO 8601 with the offset of *zone*; parts of a second only if there are any."""
    return datetime.fromtimestamp(instant, _zone_info(zone)).isoformat()


@lru_cache(maxsize=64)
def _zone_info(zone: str) -> ZoneInfo:
    return ZoneInfo(zone)


@lru_cache(maxsize=1024)
def read_instant(text: str, zone: str) -> float:
    """The instant of a text in ISO 8601, or of a number of seconds since the epoch.

    :param zone: where the text has no offset, it is the wall clock there; a
        date alone is the beginning of that day.
    :raises BadValue: it is neither.
    """
    plain = text.strip()
    if _EPOCH_SECONDS.fullmatch(plain):
        instant = float(plain)
    else:
        instant = moment_instant(parse_moment(plain), zone)
    if not FIRST_INSTANT <= instant <= LAST_INSTANT:
        raise BadValue(f"{plain!r} is out of range; expected the years 2 to 9998")
    return instant


@lru_cache(maxsize=1024)
def checked_zone(name: str) -> str:
    """*name*, once it is known to be that of a zone.

    :raises BadValue: it is not.
    """
    return parse_zone(name)


def zone_option(command: Any) -> Any:
    """Gives a command ``--tz``; the engine's own variable stands in for it."""
    return click.option(
        "--tz",
        "zone",
        metavar="ZONE",
        envvar="JOBQUEUE_TIMEZONE",
        default=find_system_zone,
        callback=lambda context, parameter, name: checked_zone(name),
        help="The time zone of texts that name none; the system's by default.",
    )(command)
