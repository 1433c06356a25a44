"""The corpora of time texts, and wall clocks as the tests write them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

CORPUS = Path(__file__).parent.parent / "corpus"
NATURAL_NOW = "2006-11-24T01:13:08"


def rows(name: str) -> list[tuple[str, ...]]:
    """The fields of each row of a corpus; lines that begin with # are remarks."""
    lines = (CORPUS / name).read_text().splitlines()
    return [tuple(line.split("\t")) for line in lines if not line.startswith("#")]


def instant(wall: str, zone: str) -> float:
    """Of a wall clock in ISO 8601; an offset in it counts before the zone."""
    clock = datetime.fromisoformat(wall)
    return (clock if clock.tzinfo else clock.replace(tzinfo=ZoneInfo(zone))).timestamp()


def wall(moment: float | None, zone: str) -> str:
    """What a clock of the zone shows then, to the millisecond if it has any."""
    if moment is None:
        return ""
    clock = datetime.fromtimestamp(moment, ZoneInfo(zone)).replace(tzinfo=None)
    return clock.isoformat(timespec="milliseconds" if clock.microsecond else "seconds")
