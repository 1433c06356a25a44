"""Zone arithmetic: gaps, folds, changes, and calendar steps across them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jqengine.errors import BadValue
from jqengine.triggers.localtime import (
    FIRST_INSTANT,
    LAST_INSTANT,
    Zone,
    add_days,
    add_months,
    add_seconds,
    shifted_months,
    zone_named,
)
from tests.triggers.strategies import YEAR_2000, YEAR_3000, zoned_instants

PARIS = zone_named("Europe/Paris")
LORD_HOWE = zone_named("Australia/Lord_Howe")


def _at(zone: Zone, wall: str, fold: int = 0) -> float:
    return zone.instant(datetime.fromisoformat(wall).replace(fold=fold))


def _utc(text: str) -> float:
    return datetime.fromisoformat(text + "+00:00").timestamp()


@pytest.mark.parametrize(
    ("zone", "first", "second"),
    [
        ("Europe/Paris", ("2026-03-29T01:00", 3600), ("2026-10-25T01:00", -3600)),
        ("America/New_York", ("2026-03-08T07:00", 3600), ("2026-11-01T06:00", -3600)),
        ("Australia/Lord_Howe", ("2026-04-04T15:00", -1800), ("2026-10-03T15:30", 1800)),
        ("Africa/Casablanca", ("2026-02-15T02:00", -3600), ("2026-03-22T02:00", 3600)),
        ("Europe/Paris", ("2126-03-31T01:00", 3600), ("2126-10-27T01:00", -3600)),
    ],
)
def test_the_changes_of_a_year(zone: str, first: tuple[str, int], second: tuple[str, int]) -> None:
    year = first[0][:4]
    changes = zone_named(zone).transitions(_utc(f"{year}-01-01"), _utc(f"{int(year) + 1}-01-01"))
    assert [(one.start, one.offset - one.before) for one in changes] == [
        (_utc(when), by) for when, by in (first, second)
    ]


def test_changes_a_week_apart_are_found() -> None:
    """Where summer time pauses for Ramadan, the second undoes the first."""
    gaza = zone_named("Asia/Gaza").transitions(_utc("2040-01-01"), _utc("2041-01-01"))
    days = [f"{datetime.fromtimestamp(one.start, UTC):%m-%d}" for one in gaza]
    assert days[-2:] == ["10-20", "10-26"]


@pytest.mark.parametrize("name", ["UTC", "Asia/Kathmandu", "Etc/GMT-3", "Etc/GMT+12"])
def test_a_steady_zone_has_no_changes(name: str) -> None:
    assert zone_named(name).transitions(YEAR_2000, YEAR_3000) == ()


def test_offsets() -> None:
    assert zone_named("Asia/Kathmandu").offset_at(_utc("2026-01-01")) == 20700
    assert zone_named("Etc/GMT-3").offset_at(_utc("2026-01-01")) == 10800
    assert LORD_HOWE.offset_at(_utc("2026-01-01")) == 39600
    assert LORD_HOWE.offset_at(_utc("2026-07-01")) == 37800


def test_periods_join_without_a_hole() -> None:
    for name in ("Europe/Paris", "Asia/Gaza", "Pacific/Apia"):
        zone, instant = zone_named(name), _utc("1990-01-01")
        while instant < _utc("2090-01-01"):
            period = zone.period(instant)
            assert period.start <= instant < period.end
            assert zone.period(period.end - 1) == period
            instant, following = period.end, zone.period(period.end)
            assert following.start == instant or following.offset == period.offset
            assert following.start < instant or following.before == period.offset


def test_every_change_of_every_zone_is_found() -> None:
    """Once a day is often enough to see them all: they are days apart."""
    start, end = int(_utc("2025-01-01")), int(_utc("2029-01-01"))
    for name in sorted(available_timezones() - {"localtime"}):
        info = ZoneInfo(name)
        days = range(start, end, 86400)
        offsets = [datetime.fromtimestamp(day, info).utcoffset() for day in days]
        changes = sum(one != other for one, other in pairwise(offsets))
        assert len(zone_named(name).transitions(start, end - 86399)) == changes, name


@settings(max_examples=300, deadline=None)
@given(zoned_instants())
def test_wall_clock_and_back(zoned: tuple[str, float]) -> None:
    zone, instant = zone_named(zoned[0]), round(zoned[1], 6)
    wall = zone.local(instant)
    assert zone.instant(wall) == instant
    assert wall.tzinfo is None
    assert zone.gap_end(wall) is None
    assert zone.is_repeated(wall) or not wall.fold
    naive = wall.replace(fold=0) - timedelta(seconds=zone.offset_at(instant))
    assert (naive - datetime(1970, 1, 1)).total_seconds() == pytest.approx(instant, abs=1e-6)


@pytest.mark.parametrize("fold", [0, 1])
def test_a_wall_clock_in_a_gap_is_moved_on_by_the_gap(fold: int) -> None:
    change = _utc("2026-03-29T01:00")
    assert _at(PARIS, "2026-03-29T01:59:59", fold) == change - 1
    assert _at(PARIS, "2026-03-29T02:00", fold) == change
    assert _at(PARIS, "2026-03-29T02:30", fold) == change + 1800
    assert _at(PARIS, "2026-03-29T03:00", fold) == change
    assert _at(LORD_HOWE, "2026-10-04T02:15", fold) == _utc("2026-10-03T15:45")


def test_a_gap_is_known_by_its_end() -> None:
    change = _utc("2026-03-29T01:00")
    for wall, expected in [
        ("2026-03-29T01:59:59", None),
        ("2026-03-29T02:00", change),
        ("2026-03-29T02:59:59", change),
        ("2026-03-29T03:00", None),
        ("2026-10-25T02:30", None),
    ]:
        assert PARIS.gap_end(datetime.fromisoformat(wall)) == expected
    apia = zone_named("Pacific/Apia")
    assert apia.gap_end(datetime(2011, 12, 30, 12)) == _utc("2011-12-30T10:00")


def test_a_fold_has_two_passes() -> None:
    first, second = _at(PARIS, "2026-10-25T02:30"), _at(PARIS, "2026-10-25T02:30", fold=1)
    assert (first, second) == (_utc("2026-10-25T00:30"), _utc("2026-10-25T01:30"))
    assert PARIS.local(first).fold == 0
    assert PARIS.local(second).fold == 1
    assert PARIS.is_repeated(datetime(2026, 10, 25, 2, 0))
    assert not PARIS.is_repeated(datetime(2026, 10, 25, 3, 0))
    assert not PARIS.is_repeated(datetime(2026, 3, 29, 2, 30))


def test_seconds_are_absolute_and_days_are_the_calendars() -> None:
    saturday = _at(PARIS, "2026-03-28T12:00")
    assert PARIS.local(add_seconds(saturday, 86400)) == datetime(2026, 3, 29, 13)
    assert PARIS.local(add_days(saturday, 1, PARIS)) == datetime(2026, 3, 29, 12)
    assert PARIS.local(add_days(saturday, -1, PARIS)) == datetime(2026, 3, 27, 12)


def test_days_into_a_gap_and_into_a_fold() -> None:
    before_gap = _at(PARIS, "2026-03-28T02:30")
    assert PARIS.local(add_days(before_gap, 1, PARIS)) == datetime(2026, 3, 29, 3, 30)
    before_fold = _at(PARIS, "2026-10-24T02:30")
    assert add_days(before_fold, 1, PARIS) == _at(PARIS, "2026-10-25T02:30")


def test_no_days_stay_in_the_second_pass() -> None:
    second = _at(PARIS, "2026-10-25T02:30", fold=1)
    assert add_days(second, 0, PARIS) == second
    assert add_months(second, 0, PARIS) == second
    assert PARIS.local(add_days(second, 1, PARIS)) == datetime(2026, 10, 26, 2, 30)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-01-31", 13, "2027-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-05-31", -3, "2026-02-28"),
    ],
)
def test_months(day: str, months: int, expected: str) -> None:
    start, end = datetime.fromisoformat(day), datetime.fromisoformat(expected)
    assert shifted_months(start, months) == end
    hours = timedelta(hours=9, minutes=30)
    shifted = add_months(PARIS.instant(start + hours), months, PARIS)
    assert PARIS.local(shifted) == end + hours


def test_microseconds_survive() -> None:
    assert add_seconds(1790000000.1, 0.2) == 1790000000.3
    assert PARIS.local(1790000000.123457).microsecond == 123457
    assert PARIS.instant(PARIS.local(1790000000.123457)) == 1790000000.123457


@pytest.mark.parametrize(
    "step",
    [
        lambda: add_seconds(LAST_INSTANT, 1),
        lambda: add_seconds(0.0, 1e300),
        lambda: add_days(0.0, 10**6 * 4, PARIS),
        lambda: add_days(0.0, 10**12, PARIS),
        lambda: add_months(0.0, 12 * 9000, PARIS),
        lambda: add_months(0.0, -(10**20), PARIS),
        lambda: PARIS.local(FIRST_INSTANT - 1),
        lambda: PARIS.instant(datetime(9999, 1, 1)),
        lambda: PARIS.instant(datetime(1, 1, 1)),
        lambda: PARIS.offset_at(float("nan")),
    ],
)
def test_out_of_range_is_refused(step: object) -> None:
    with pytest.raises(BadValue, match="2 to 9998"):
        step()


@pytest.mark.parametrize("zone", [PARIS, LORD_HOWE, zone_named("America/New_York")])
def test_the_ends_of_the_range(zone: Zone) -> None:
    for instant in (FIRST_INSTANT + 86400, LAST_INSTANT - 86400):
        assert zone.instant(zone.local(instant)) == instant
        assert zone.period(instant).start <= instant


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("europe/paris", "'europe/paris'; did you mean Europe/Paris?"),
        ("Paris", "'Paris'; did you mean Europe/Paris?"),
        ("new york", "'new york'; did you mean America/New_York?"),
        ("Europe/Pari", "did you mean Europe/Paris or"),
        ("", "''; expected one like Europe/Paris"),
        ("xyzzy", "'xyzzy'; expected one like Europe/Paris"),
        ("Europe", "'Europe'; expected one like"),
        ("../../etc/passwd", "expected one like"),
        ("/etc/localtime", "'/etc/localtime'"),
        ("localtime", "'localtime'; expected one like"),
        ("right/Europe/Paris", "'right/Europe/Paris'"),
        ("a\0b\n", r"'a\x00b\n'"),
        ("x" * 5000, "x...'"),
    ],
)
def test_unknown_zones(name: str, sentence: str) -> None:
    with pytest.raises(BadValue) as caught:
        zone_named(name)
    message = str(caught.value)
    assert message.startswith("there is no time zone ")
    assert sentence in message
    assert "\n" not in message
    assert len(message) < 160


@given(st.text(max_size=20))
def test_any_zone_name_is_found_or_refused(name: str) -> None:
    try:
        assert zone_named(name).name == name
    except BadValue as error:
        assert "there is no time zone" in str(error)  # noqa: PT017


def test_zones_are_values() -> None:
    assert zone_named("Europe/Paris") == PARIS
    assert len({zone_named("UTC"), zone_named("UTC"), PARIS}) == 2
