"""``when=``: zones, clock changes, and what is past."""

from __future__ import annotations

import pytest
from zope.interface.verify import verifyObject

from jqengine.errors import BadSchedule, BadValue, PastInstant
from jqengine.interfaces import ITrigger
from jqengine.triggers.when import resolve_when, when_trigger
from tests.triggers.natural_corpora import instant, wall

NOW = instant("2026-11-24T10:30:00", "Europe/Paris")
PARIS, NEW_YORK = "Europe/Paris", "America/New_York"
LORD_HOWE, CASABLANCA = "Australia/Lord_Howe", "Africa/Casablanca"


def paris(text: str, now: str = "2026-11-24T10:30:00") -> str:
    return wall(resolve_when(text, instant(now, PARIS), PARIS), PARIS)


@pytest.mark.parametrize(
    "text", ["tomorrow", "every friday", "every 15 minutes", "hourly", "hourly and every friday"]
)
def test_a_trigger_is_a_value(text: str) -> None:
    trigger = when_trigger(text, NOW, PARIS)
    assert verifyObject(ITrigger, trigger)
    assert trigger == when_trigger(text, NOW, PARIS)
    assert hash(trigger) == hash(when_trigger(text, NOW, PARIS))
    assert trigger != when_trigger(text, NOW + 86400, NEW_YORK)
    assert trigger.recurring is (text != "tomorrow")
    assert trigger.next(NOW) == resolve_when(text, NOW, PARIS)


def test_one_instant_comes_once() -> None:
    trigger = when_trigger("tomorrow", NOW, PARIS)
    due = trigger.next(NOW)
    assert due == instant("2026-11-25", PARIS)
    assert trigger.next(due) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("monday 9am America/New_York", "2026-11-30T15:00:00"),
        ("9am America/New_York tomorrow", "2026-11-25T15:00:00"),
        ("noon UTC", "2026-11-24T13:00:00"),
        ("tomorrow 23:30 GMT", "2026-11-26T00:30:00"),
        ("2026-12-01 09:00 +01:00", "2026-12-01T09:00:00"),
        ("2026-12-01T09:00:00-05:00", "2026-12-01T15:00:00"),
        ("2026-12-01T09:00Z", "2026-12-01T10:00:00"),
        ("2026-12-01T09:00 Asia/Kathmandu", "2026-12-01T04:15:00"),
        ("Fri, 27 Nov 2026 01:13:08 +0530", "2026-11-26T20:43:08"),
        ("3 hours after tomorrow UTC", "2026-11-25T04:00:00"),
    ],
)
def test_a_zone_in_the_text_counts(text: str, expected: str) -> None:
    assert paris(text) == expected


def test_the_day_is_that_of_the_zone() -> None:
    late = instant("2026-11-24T23:30:00", NEW_YORK)
    assert wall(resolve_when("tomorrow at 8", late, NEW_YORK), NEW_YORK) == "2026-11-25T08:00:00"
    assert wall(resolve_when("tomorrow at 8", late, PARIS), PARIS) == "2026-11-26T08:00:00"


def test_an_offset_does_not_recur() -> None:
    with pytest.raises(BadSchedule, match="needs a zone such as Europe/Paris"):
        when_trigger("every day at 9:00 +01:00", NOW, PARIS)


def test_an_unknown_zone_is_a_bad_value() -> None:
    with pytest.raises(BadValue, match="there is no time zone"):
        when_trigger("noon", NOW, "Mars/Olympus")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("yesterday", "that was 1 day ago"),
        ("3 hours ago", "that was 3 hours ago"),
        ("today", "that was 10 hours ago"),
        ("this morning", "that was 2 hours ago"),
        ("this second", "that was less than a second ago"),
        ("in 0 minutes", "that was less than a second ago"),
        ("last friday", "that was 4 days ago"),
        ("saturday 3 months ago at 5pm", "that was 2 months ago"),
        ("1 january 2001", "that was 25 years ago"),
        ("19:00 jul 1", "that was 4 months ago; name the year to mean a later one"),
        ("10 minutes before midnight", "that was 10 hours ago; midnight is when a day begins, so"
         " say for example '1 hour before tomorrow'"),
    ],
)  # fmt: skip
def test_what_is_past_is_refused_with_its_distance(text: str, said: str) -> None:
    with pytest.raises(PastInstant) as refusal:
        resolve_when(text, NOW, PARIS)
    assert str(refusal.value) == said


@pytest.mark.parametrize("text", ["now", "right now", "immediately"])
def test_now_is_at_once_and_after_now(text: str) -> None:
    assert resolve_when(text, NOW, PARIS) == NOW + 0.000001


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        ("10:30", "2026-11-24T10:30:00", "2026-11-25T10:30:00"),
        ("tuesday 10:30", "2026-11-24T10:30:00", "2026-12-01T10:30:00"),
        ("tuesday 10:31", "2026-11-24T10:30:00", "2026-11-24T10:31:00"),
        ("feb 29", "2026-11-24T10:30:00", "2028-02-29T00:00:00"),
        ("feb 29", "2028-02-29T00:00:00", "2032-02-29T00:00:00"),
        ("the 31st", "2027-02-10T00:00:00", "2027-03-31T00:00:00"),
        ("5th friday in february", "2026-11-24T10:30:00", "2036-02-29T00:00:00"),
        ("in 1 month", "2027-01-31T12:00:00", "2027-02-28T12:00:00"),
        ("next weekday", "2026-11-27T12:00:00", "2026-11-30T00:00:00"),
        ("next weekday", "2026-11-28T12:00:00", "2026-11-30T00:00:00"),
        ("next weekday", "2026-11-29T12:00:00", "2026-11-30T00:00:00"),
        ("first weekday of next month", "2026-07-24T00:00:00", "2026-08-03T00:00:00"),
        ("3rd weekday of next month", "2026-07-24T00:00:00", "2026-08-05T00:00:00"),
        ("20th weekday of next month", "2026-07-24T00:00:00", "2026-08-28T00:00:00"),
        ("last weekday of this month", "2026-10-01T00:00:00", "2026-10-30T00:00:00"),
        ("last weekday of this month", "2026-05-01T00:00:00", "2026-05-29T00:00:00"),
        ("end of this quarter", "2026-11-24T10:30:00", "2026-12-31T00:00:00"),
        ("last day of next week", "2026-11-24T10:30:00", "2026-12-06T00:00:00"),
    ],
)
def test_the_next_that_fits_is_meant(text: str, now: str, expected: str) -> None:
    assert paris(text, now) == expected


@pytest.mark.parametrize(
    ("text", "zone", "now", "expected"),
    [
        # The clock is set forward: what is skipped comes right after the change.
        ("tomorrow at 2:30", PARIS, "2025-03-29T12:00:00", "2025-03-30T03:00:00"),
        ("2:30am", NEW_YORK, "2025-03-09T01:00:00", "2025-03-09T03:00:00"),
        ("sunday 02:10", LORD_HOWE, "2025-10-04T12:00:00", "2025-10-05T02:30:00"),
        ("2:59 tomorrow", CASABLANCA, "2025-04-05T12:00:00", "2025-04-06T03:00:00"),
        # Hours are elapsed time, days keep the time of day.
        ("in 2 hours", PARIS, "2025-03-30T01:00:00", "2025-03-30T04:00:00"),
        ("in 24 hours", NEW_YORK, "2025-03-08T12:00:00", "2025-03-09T13:00:00"),
        ("in 1 day", NEW_YORK, "2025-03-08T12:00:00", "2025-03-09T12:00:00"),
        ("in 1 day and 2 hours", NEW_YORK, "2025-03-08T00:30:00", "2025-03-09T03:30:00"),
        ("in 1 hour", LORD_HOWE, "2025-10-05T01:30:00", "2025-10-05T03:00:00"),
        ("a week from now", CASABLANCA, "2025-04-01T22:00:00", "2025-04-08T22:00:00"),
        ("3 hours after sunday", PARIS, "2025-03-29T12:00:00", "2025-03-30T04:00:00"),
        # The clock is set back.
        ("in 2 hours", PARIS, "2025-10-26T01:30:00", "2025-10-26T02:30:00"),
        ("1 hour from now", LORD_HOWE, "2025-04-06T01:30:00+11:00", "2025-04-06T02:00:00"),
        ("in 90 minutes", CASABLANCA, "2025-02-23T01:30:00", "2025-02-23T02:00:00"),
        ("next hour", PARIS, "2025-10-26T02:30:00+02:00", "2025-10-26T02:00:00"),
        ("in 1 day", NEW_YORK, "2025-11-01T01:30:00", "2025-11-02T01:30:00"),
    ],
)
def test_over_a_clock_change(text: str, zone: str, now: str, expected: str) -> None:
    assert wall(resolve_when(text, instant(now, zone), zone), zone) == expected


@pytest.mark.parametrize(
    ("zone", "text", "first", "second"),
    [
        (PARIS, "02:30", "2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00+01:00"),
        (NEW_YORK, "1:30am", "2025-11-02T01:30:00-04:00", "2025-11-02T01:30:00-05:00"),
        (LORD_HOWE, "01:45", "2025-04-06T01:45:00+11:00", "2025-04-06T01:45:00+10:30"),
        (CASABLANCA, "02:30", "2025-02-23T02:30:00+01:00", "2025-02-23T02:30:00+00:00"),
    ],
)
def test_a_repeated_time_is_the_next_of_its_two_passes(
    zone: str, text: str, first: str, second: str
) -> None:
    one, other = instant(first, zone), instant(second, zone)
    assert resolve_when(text, one - 900, zone) == one
    assert resolve_when(text, one + 60, zone) == other
    assert resolve_when(text, other + 60, zone) > other + 80_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fri Nov 27 10:30:00 2026", "2026-11-27T10:30:00"),
        ("2027 5 march", "2027-03-05T00:00:00"),
        ("march 5 17:00 2027", "2027-03-05T17:00:00"),
        ("aug 2027, 15th", "2027-08-15T00:00:00"),
    ],
)
def test_a_date_in_an_unusual_order_is_left_to_dateparser(text: str, expected: str) -> None:
    assert paris(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Thu Nov 27 10:30:00 2026",  # a Friday
        "jan jan 5",
        "noon noon jan 5",
        "feb 2027 30",
        "march 5 17:00 18:00",
        "tomorrow march 5",
        "march 2027 5 hours",
        "dec one on",
    ],
)
def test_what_dateparser_would_misread_is_refused(text: str) -> None:
    with pytest.raises(BadSchedule):
        resolve_when(text, NOW, PARIS)
