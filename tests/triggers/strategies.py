"""Hypothesis strategies: cron expressions, and instants where clocks change."""

from __future__ import annotations

from hypothesis import strategies as st

from jqengine.triggers.localtime import zone_named

CHANGING_ZONES = (
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour
    "Africa/Casablanca",  # around Ramadan
)
ODD_ZONES = (
    "Antarctica/Troll",  # two hours
    "Antarctica/Casey",  # three, which is where Debian's cron gives up
    "Pacific/Apia",  # once left out a day
    "America/St_Johns",
    "Asia/Gaza",  # changes a week apart
)
STEADY_ZONES = ("UTC", "Asia/Kathmandu", "Etc/GMT-14")
ALL_ZONES = CHANGING_ZONES + ODD_ZONES + STEADY_ZONES

YEAR_2000, YEAR_2090, YEAR_3000 = 946684800, 3786912000, 32503680000

_NAMES = {
    (1, 12): ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    (0, 7): ["sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"],
}


def _changes(zone: str) -> list[int]:
    return [one.start for one in zone_named(zone).transitions(YEAR_2000, YEAR_2090)]


_CHANGES = {zone: _changes(zone) for zone in CHANGING_ZONES + ODD_ZONES}


@st.composite
def _parts(draw: st.DrawFn, low: int, high: int) -> str:
    """One part of a field: a star, a value, a range, any with a step that may have one."""
    first, last = sorted((draw(st.integers(low, high)), draw(st.integers(low, high))))
    step = draw(st.sampled_from(["", "/1", "/2", "/3", "/5", "/7", "/15", "/100"]))
    names = _NAMES.get((low, high))
    value = names[first - low] if names and draw(st.booleans()) else f"{first}"
    return draw(st.sampled_from(["*" + step, value, f"{first}-{last}{step}"]))


def _fields(low: int, high: int, *usual: str) -> st.SearchStrategy[str]:
    lists = st.lists(_parts(low, high), min_size=1, max_size=3).map(",".join)
    return st.sampled_from(usual) | lists if usual else lists


EXPRESSIONS = st.sampled_from(["@hourly", "@daily", "@weekly", "@monthly", "@yearly"]) | st.tuples(
    _fields(0, 59, "0", "30", "*/15", "5-50/15", "*"),
    _fields(0, 23, "0", "1", "2", "3", "2-3", "*", "*/2", "23"),
    _fields(1, 31, "*", "*", "1-7"),
    _fields(1, 12, "*", "*", "*"),
    _fields(0, 7, "*", "*", "6-7"),
).map(" ".join)
"""Expressions, some of which name dates that do not exist."""


@st.composite
def zoned_instants(draw: st.DrawFn, zones: tuple[str, ...] = ALL_ZONES) -> tuple[str, float]:
    """A zone, and an instant within some hours of one of its clock changes if it has any."""
    zone = draw(st.sampled_from(zones))
    if zone not in _CHANGES:
        return zone, float(draw(st.integers(YEAR_2000, YEAR_2090)))
    change = draw(st.sampled_from(_CHANGES[zone]))
    near = st.sampled_from([-3600, -1800, -60, -1, 0, 1, 60, 1800, 3600, 7200])
    shift = draw(near | st.integers(-11000, 11000) | st.floats(-90000, 20000))
    return zone, change + float(shift)
