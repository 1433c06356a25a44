"""Recurring texts: clock changes, strides, and what holds for all of them."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jqengine.errors import BadSchedule
from jqengine.triggers import recurrence_forms
from jqengine.triggers.localtime import LAST_INSTANT, zone_named
from jqengine.triggers.when import when_trigger
from tests.triggers.natural_corpora import instant, wall
from tests.triggers.strategies import ALL_ZONES, YEAR_2000, YEAR_3000

PARIS, NEW_YORK = "Europe/Paris", "America/New_York"
LORD_HOWE, CASABLANCA = "Australia/Lord_Howe", "Africa/Casablanca"
FORMS = [form for forms in recurrence_forms.TABLES.values() for form in forms]
TEXTS = sorted(text for form in FORMS for text, _ in form.examples)


def due_times(text: str, zone: str, now: str, count: int) -> list[str]:
    """The first so many due times, as the clock of the zone shows them."""
    moment = instant(now, zone)
    trigger = when_trigger(text, moment, zone)
    found = []
    for _ in range(count):
        due = trigger.next(moment)
        assert due is not None
        found.append(wall(due, zone))
        moment = due
    return found


@pytest.mark.parametrize(
    ("text", "zone", "now", "expected"),
    [
        # Set forward: what is skipped is due right after the change.
        ("every day at 2:30", PARIS, "2025-03-29T12:00:00",
         ["2025-03-30T03:00:00", "2025-03-31T02:30:00"]),
        ("daily at 2:15 and 2:45", NEW_YORK, "2025-03-09T00:00:00",
         ["2025-03-09T03:00:00", "2025-03-10T02:15:00", "2025-03-10T02:45:00"]),
        ("every sunday at 02:10", LORD_HOWE, "2025-10-01T00:00:00",
         ["2025-10-05T02:30:00", "2025-10-12T02:10:00"]),
        ("every day at 2", CASABLANCA, "2025-04-05T12:00:00",
         ["2025-04-06T03:00:00", "2025-04-07T02:00:00"]),
        # Set back: what comes twice is due the first time.
        ("every day at 2:30", PARIS, "2025-10-25T12:00:00",
         ["2025-10-26T02:30:00", "2025-10-27T02:30:00"]),
        ("every day at 1:30", NEW_YORK, "2025-11-02T01:30:00-05:00", ["2025-11-03T01:30:00"]),
        ("every sunday at 01:45", LORD_HOWE, "2025-04-01T00:00:00",
         ["2025-04-06T01:45:00", "2025-04-13T01:45:00"]),
        ("every day at 2:30", CASABLANCA, "2025-02-22T12:00:00",
         ["2025-02-23T02:30:00", "2025-02-24T02:30:00"]),
        # Nine o'clock stays nine o'clock.
        ("every weekday at 9", PARIS, "2025-03-28T12:00:00",
         ["2025-03-31T09:00:00", "2025-04-01T09:00:00"]),
        ("every 3 days at 9", NEW_YORK, "2025-10-31T08:00:00",
         ["2025-10-31T09:00:00", "2025-11-03T09:00:00"]),
        # Elapsed time takes no notice.
        ("every 90 minutes", PARIS, "2025-03-30T00:30:00",
         ["2025-03-30T03:00:00", "2025-03-30T04:30:00"]),
        ("every hour", LORD_HOWE, "2025-04-06T00:30:00",
         ["2025-04-06T01:30:00", "2025-04-06T02:00:00", "2025-04-06T03:00:00"]),
        # Full hours follow the clock.
        ("hourly", PARIS, "2025-03-30T00:30:00",
         ["2025-03-30T01:00:00", "2025-03-30T03:00:00", "2025-03-30T04:00:00"]),
        ("hourly", PARIS, "2025-10-26T01:30:00",
         ["2025-10-26T02:00:00", "2025-10-26T02:00:00", "2025-10-26T03:00:00"]),
        ("hourly", LORD_HOWE, "2025-04-06T00:30:00",
         ["2025-04-06T01:00:00", "2025-04-06T02:00:00"]),
        ("twice an hour", LORD_HOWE, "2025-04-06T01:15:00+11:00",
         ["2025-04-06T01:30:00", "2025-04-06T01:30:00", "2025-04-06T02:00:00"]),
        ("every 30 minutes between 1 and 4", PARIS, "2025-03-30T00:00:00",
         ["2025-03-30T01:00:00", "2025-03-30T01:30:00", "2025-03-30T03:00:00",
          "2025-03-30T03:30:00", "2025-03-30T04:00:00"]),
    ],
)  # fmt: skip
def test_over_a_clock_change(text: str, zone: str, now: str, expected: list[str]) -> None:
    assert due_times(text, zone, now, len(expected)) == expected


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        # A stride begins with the first day that is still to come.
        ("every other friday 17:00", "2026-11-27T16:59:59",
         ["2026-11-27T17:00:00", "2026-12-11T17:00:00"]),
        ("every other friday 17:00", "2026-11-27T17:00:00",
         ["2026-12-04T17:00:00", "2026-12-18T17:00:00"]),
        ("every other week on mon and thu", "2026-11-25T00:00:00",
         ["2026-11-26T00:00:00", "2026-12-07T00:00:00", "2026-12-10T00:00:00"]),
        ("every 2 weeks on sunday", "2026-11-23T00:00:00",
         ["2026-11-29T00:00:00", "2026-12-13T00:00:00"]),
        ("every 3 days", "2026-11-24T10:30:00", ["2026-11-27T00:00:00", "2026-11-30T00:00:00"]),
        ("every other month on the 31st", "2026-11-24T10:30:00",
         ["2026-12-31T00:00:00", "2027-08-31T00:00:00", "2027-10-31T00:00:00"]),
        ("every 2 quarters", "2026-11-24T10:30:00", ["2027-04-01T00:00:00", "2027-10-01T00:00:00"]),
        ("every 4 years", "2026-11-24T10:30:00", ["2030-01-01T00:00:00", "2034-01-01T00:00:00"]),
        ("every february 29", "2026-11-24T10:30:00",
         ["2028-02-29T00:00:00", "2032-02-29T00:00:00"]),
        ("every 5th friday of the month", "2026-11-24T10:30:00",
         ["2027-01-29T00:00:00", "2027-04-30T00:00:00"]),
        ("every last day of the month and every 1st of the month", "2026-11-24T10:30:00",
         ["2026-11-30T00:00:00", "2026-12-01T00:00:00", "2026-12-31T00:00:00"]),
        ("every 1st, 1st and last day of the month", "2026-11-24T10:30:00",
         ["2026-11-30T00:00:00", "2026-12-01T00:00:00"]),
        ("every fri to mon at 9", "2026-11-24T10:30:00",
         ["2026-11-27T09:00:00", "2026-11-28T09:00:00", "2026-11-29T09:00:00",
          "2026-11-30T09:00:00", "2026-12-04T09:00:00"]),
        ("every 3 hours between 20 and 5", "2026-11-24T10:30:00",
         ["2026-11-24T20:00:00", "2026-11-24T23:00:00", "2026-11-25T02:00:00",
          "2026-11-25T05:00:00", "2026-11-25T20:00:00"]),
        ("every 7 hours on weekdays", "2026-11-27T10:30:00",
         ["2026-11-27T14:00:00", "2026-11-27T21:00:00", "2026-11-30T00:00:00"]),
        ("every day at 9 and 9:00 and 8", "2026-11-24T10:30:00",
         ["2026-11-25T08:00:00", "2026-11-25T09:00:00", "2026-11-26T08:00:00"]),
    ],
)  # fmt: skip
def test_days_and_strides(text: str, now: str, expected: list[str]) -> None:
    assert due_times(text, PARIS, now, len(expected)) == expected


@settings(max_examples=300)
@given(
    text=st.sampled_from(TEXTS),
    zone=st.sampled_from(ALL_ZONES),
    said=st.integers(YEAR_2000, YEAR_3000),
    later=st.floats(0, 40_000_000).map(lambda value: round(value, 3)),
)
@example(text="every friday the 13th", zone=PARIS, said=YEAR_3000, later=0.0)
def test_due_times_come_in_order_and_again(text: str, zone: str, said: int, later: float) -> None:
    trigger = when_trigger(text, said, zone)
    moment = said + later
    for _ in range(4):
        due = trigger.next(moment)
        assert due is not None
        assert due > moment
        assert trigger.next(moment) == due
        assert trigger.next(max(said, moment + (due - moment) / 2)) == due
        moment = due


@settings(max_examples=60)
@given(text=st.sampled_from(TEXTS), zone=st.sampled_from(ALL_ZONES), said=st.integers(0, 4 * 10**9))
def test_another_start_of_the_engine_changes_nothing(text: str, zone: str, said: int) -> None:
    first, second = (when_trigger(text, said, zone) for _ in range(2))
    due = first.next(said)
    for _ in range(3):
        assert due is not None
        assert first.next(due) == second.next(due)
        due = second.next(due)


@pytest.mark.parametrize("text", TEXTS)
def test_the_years_run_out_without_a_traceback(text: str) -> None:
    trigger = when_trigger(text, 0.0, "UTC")
    assert trigger.next(LAST_INSTANT) is None
    moment = LAST_INSTANT - 5 * 86400
    for _ in range(6):
        due = trigger.next(moment)
        if due is None:
            break
        assert moment < due < LAST_INSTANT
        moment = due


def test_before_it_was_said_an_interval_has_no_due_time_of_its_own() -> None:
    trigger = when_trigger("every hour", 7200.0, "UTC")
    assert trigger.next(0.0) == 10800.0


def test_what_never_comes_is_refused() -> None:
    with pytest.raises(BadSchedule):
        when_trigger("every day at 9", LAST_INSTANT - 3600, "UTC")


def test_a_year_of_weekdays() -> None:
    start = instant("2026-01-01T00:00:00", PARIS)
    end = instant("2027-01-01T00:00:00", PARIS)
    trigger = when_trigger("every weekday at 9", start, PARIS)
    moments, moment = [], start
    while (due := trigger.next(moment)) is not None and due < end:
        moments.append(due)
        moment = due
    clocks = [zone_named(PARIS).local(one) for one in moments]
    assert len(clocks) == 261
    assert {(one.hour, one.minute) for one in clocks} == {(9, 0)}
    assert {one.weekday() for one in clocks} == {0, 1, 2, 3, 4}
    assert len({one.date() for one in clocks}) == 261
