"""cron=: agreement with Debian's cron, recorded and simulated."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from jqengine.errors import BadSchedule, BadValue
from jqengine.interfaces import ITrigger
from jqengine.triggers.cron import CronTrigger, parse_cron
from jqengine.triggers.duetimes import all_after, upcoming
from jqengine.triggers.localtime import FIRST_INSTANT, LAST_INSTANT, zone_named
from tests.triggers import debian_cron
from tests.triggers.strategies import (
    CHANGING_ZONES,
    EXPRESSIONS,
    ODD_ZONES,
    YEAR_2000,
    YEAR_2090,
    zoned_instants,
)

_CORPUS = Path(__file__).parent.parent / "corpus"
_HORIZON = 36 * 3600


def _trigger(expression: str, zone: str) -> CronTrigger:
    try:
        return parse_cron(expression, zone)
    except BadSchedule:
        assume(False)
        raise


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _local(zone: str, instants: object) -> list[str]:
    return [f"{zone_named(zone).local(instant):%m-%d %H:%M}" for instant in instants]


@pytest.mark.parametrize(("name", "rows"), [("cron.tsv", 1001), ("cron_dst.tsv", 806)])
def test_agrees_with_every_recorded_firing(name: str, rows: int) -> None:
    lines = (_CORPUS / name).read_text(encoding="ascii").splitlines()
    found = [line.split("\t") for line in lines if not line.startswith("#")]
    wrong = [
        row for row in found if parse_cron(row[0], row[1]).next(float(row[2])) != float(row[3])
    ]
    assert len(found) == rows
    assert wrong == []


@settings(max_examples=150, deadline=None)
@given(expression=EXPRESSIONS, zoned=zoned_instants())
def test_agrees_with_a_simulation_of_the_main_loop(
    expression: str, zoned: tuple[str, float]
) -> None:
    zone, after = zoned
    due = _trigger(expression, zone).next(after)
    simulated = debian_cron.first_after(expression, zone, after, _HORIZON)
    if simulated is not None:
        assert due == simulated
    else:
        assert due is None or due > after + _HORIZON - 60


@settings(max_examples=40, deadline=None)
@given(expression=EXPRESSIONS, zoned=zoned_instants(CHANGING_ZONES + ODD_ZONES))
def test_walks_a_clock_change_firing_by_firing(expression: str, zoned: tuple[str, float]) -> None:
    zone, change = zoned
    start, end = int(change) - 14400, int(change) + 14400
    found = all_after(_trigger(expression, zone), start)
    walked = list(takewhile(lambda due: due <= end, found))
    assert walked == list(debian_cron.firings(expression, zone, start + 1, end))


@settings(max_examples=300, deadline=None)
@given(
    expression=EXPRESSIONS,
    zone=st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu"]),
    after=st.integers(YEAR_2000, YEAR_2090),
)
def test_agrees_with_cronsim_over_years(expression: str, zone: str, after: int) -> None:
    assume(not re.search(r"\b(\d+)-\1/", expression))  # cronsim takes 5-5/2 for 5/2
    trigger = _trigger(expression, zone)
    found = zone_named(zone)
    wall = found.local(after)
    assume(not found.is_repeated(wall))  # cronsim forgets that it is in the second pass
    start = datetime.fromtimestamp(after, ZoneInfo(zone))
    due = trigger.next(after)
    assert due is not None
    assume(not found.is_repeated(found.local(due)))
    fields = debian_cron.NICKNAMES.get(expression, expression)
    assert due == next(CronSim(fields, start)).timestamp()


@pytest.mark.parametrize(
    ("expression", "zone", "day", "expected"),
    [
        ("30 2 * * *", "Europe/Paris", "2026-03-29", ["03-29 03:00", "03-30 02:30"]),
        ("0,20,40 2 * * *", "Europe/Paris", "2026-03-29", ["03-29 03:00", "03-30 02:00"]),
        ("0 2,3 * * *", "Europe/Paris", "2026-03-29", ["03-29 03:00", "03-30 02:00"]),
        ("*/20 2 * * *", "Europe/Paris", "2026-03-29", ["03-30 02:00", "03-30 02:20"]),
        ("30 * * * *", "Europe/Paris", "2026-03-29", ["03-29 00:30", "03-29 01:30", "03-29 03:30"]),
        ("30 2 29 3 *", "Europe/Paris", "2026-03-29", ["03-29 03:00", "03-29 02:30"]),
        ("30 2 * * *", "Europe/Paris", "2026-10-25", ["10-25 02:30", "10-26 02:30"]),
        ("@daily", "Africa/Casablanca", "2026-03-22", ["03-22 00:00", "03-23 00:00"]),
        ("15,45 2 * * *", "Australia/Lord_Howe", "2026-10-04", ["10-04 02:30", "10-04 02:45"]),
        (
            "15,45 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-05",
            ["04-05 01:15", "04-05 01:45", "04-06 01:15"],
        ),
        (
            "*/20 2 * * *",
            "Europe/Paris",
            "2026-10-25",
            ["10-25 02:00", "10-25 02:20", "10-25 02:40"] * 2,
        ),
    ],
)
def test_clock_changes(expression: str, zone: str, day: str, expected: list[str]) -> None:
    midnight = zone_named(zone).instant(datetime.fromisoformat(day))
    found = upcoming(parse_cron(expression, zone), midnight - 1, len(expected))
    assert _local(zone, found) == expected


def test_a_day_left_out_takes_its_jobs_with_it() -> None:
    trigger = parse_cron("0 12 30 12 *", "Pacific/Apia")  # there was no 30 December 2011
    due = trigger.next(_epoch("2011-12-28T00:00:00+00:00"))
    assert due == _epoch("2012-12-30T12:00:00+14:00")


def test_a_jump_of_three_hours_is_not_made_up_for() -> None:
    trigger = parse_cron("30 2 * * *", "Antarctica/Casey")  # 17 October 2009, 02:00 to 05:00
    due = trigger.next(_epoch("2009-10-18T00:00:00+08:00"))
    assert due == _epoch("2009-10-19T02:30:00+11:00")


def test_three_hours_set_back_are_the_most_that_count_as_repeated() -> None:
    trigger = parse_cron("30 23 * * *", "Antarctica/Casey")  # 5 March 2010, 02:00 to 23:00
    first = _epoch("2010-03-04T23:30:00+11:00")
    assert trigger.next(first - 1) == first
    assert trigger.next(first) == _epoch("2010-03-05T23:30:00+08:00")


def test_29_february_on_a_sunday_comes_after_40_years() -> None:
    trigger = parse_cron("0 0 29 2 */7", "UTC")
    due = trigger.next(_epoch("2088-03-01T00:00:00+00:00"))
    assert due == _epoch("2128-02-29T00:00:00+00:00")


def test_the_due_time_is_strictly_after() -> None:
    trigger = parse_cron("* * * * *", "UTC")
    assert trigger.next(59.999999) == 60.0
    assert trigger.next(60.0) == 120.0
    assert trigger.next(-60.5) == -60.0


def test_the_years_run_out() -> None:
    trigger = parse_cron("@yearly", "UTC")
    last = _epoch("9998-01-01T00:00:00+00:00")
    assert trigger.next(last - 1) == last
    assert trigger.next(last) is None
    assert trigger.next(LAST_INSTANT) is None
    assert trigger.next(float("inf")) is None
    assert trigger.next(float("-inf")) == trigger.next(FIRST_INSTANT)


@pytest.mark.parametrize("zone", CHANGING_ZONES)
def test_a_thousand_years_of_new_years_days(zone: str) -> None:
    found = list(upcoming(parse_cron("0 0 1 1 *", zone), float(YEAR_2000), 1000))
    days = [zone_named(zone).local(due) for due in found]
    assert days == [datetime(year, 1, 1) for year in range(days[0].year, days[0].year + 1000)]


@pytest.mark.parametrize("zone", CHANGING_ZONES)
def test_a_nightly_job_runs_once_every_night_of_a_century(zone: str) -> None:
    nights = 36525
    found = list(upcoming(parse_cron("30 2 * * *", zone), float(YEAR_2000), nights))
    days = [zone_named(zone).local(due).date() for due in found]
    assert days == [days[0] + timedelta(days=night) for night in range(nights)]


def test_is_a_trigger() -> None:
    trigger = parse_cron("@daily", "Europe/Paris")
    assert verifyObject(ITrigger, trigger)
    assert trigger.recurring
    assert trigger == parse_cron("@daily", "Europe/Paris")
    with pytest.raises(AttributeError):
        trigger.text = "@hourly"


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(BadValue, match=r"no time zone 'Paris'; did you mean Europe/Paris\?"):
        parse_cron("@daily", "Paris")
