"""``at=`` where clocks are changed: by an hour, by half an hour, and for Ramadan."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jqengine.errors import BadSchedule
from jqengine.triggers.at import resolve_at
from tests.triggers.natural_corpora import instant, wall

PARIS, NEW_YORK = "Europe/Paris", "America/New_York"
LORD_HOWE, CASABLANCA = "Australia/Lord_Howe", "Africa/Casablanca"


@pytest.mark.parametrize(
    ("text", "zone", "now", "expected"),
    [
        # The clock is set forward: what is skipped comes as much after the change.
        ("02:30", PARIS, "2025-03-30T01:00:00", "2025-03-30T03:30:00"),
        ("02:30 tomorrow", NEW_YORK, "2025-03-08T12:00:00", "2025-03-09T03:30:00"),
        ("02:15", LORD_HOWE, "2025-10-05T01:00:00", "2025-10-05T02:45:00"),
        ("02:30", CASABLANCA, "2025-04-06T01:00:00", "2025-04-06T03:30:00"),
        ("02:30", PARIS, "2025-03-30T03:10:00", "2025-03-31T02:30:00"),
        # Hours are elapsed time, days keep the time of day.
        ("now + 2 hours", PARIS, "2025-03-30T01:00:00", "2025-03-30T04:00:00"),
        ("now + 1 hour", LORD_HOWE, "2025-10-05T01:30:00", "2025-10-05T03:00:00"),
        ("now + 24 hours", NEW_YORK, "2025-03-08T12:00:00", "2025-03-09T13:00:00"),
        ("now + 1 day", NEW_YORK, "2025-03-08T12:00:00", "2025-03-09T12:00:00"),
        ("tomorrow", LORD_HOWE, "2025-10-04T12:00:00", "2025-10-05T12:00:00"),
        ("next week", CASABLANCA, "2025-04-01T22:00:00", "2025-04-08T22:00:00"),
        ("02:30 tomorrow + 1 day", PARIS, "2025-03-29T12:00:00", "2025-03-31T02:30:00"),
        # The clock is set back.
        ("now + 2 hours", PARIS, "2025-10-26T01:30:00", "2025-10-26T02:30:00"),
        ("now + 1 hour", LORD_HOWE, "2025-04-06T01:30:00+11:00", "2025-04-06T02:00:00"),
        ("now + 2 hours", CASABLANCA, "2025-02-23T01:30:00", "2025-02-23T02:30:00"),
        ("now + 24 hours", NEW_YORK, "2025-11-01T12:00:00", "2025-11-02T11:00:00"),
    ],
)
def test_over_a_change(text: str, zone: str, now: str, expected: str) -> None:
    assert wall(resolve_at(text, instant(now, zone), zone), zone) == expected


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
    assert resolve_at(text, one - 900, zone) == one
    assert resolve_at(text, one + 60, zone) == other
    assert resolve_at(text, other + 60, zone) > other + 80_000


@given(
    zone=st.sampled_from([PARIS, NEW_YORK, LORD_HOWE, CASABLANCA]),
    now=st.integers(0, 4_000_000_000),
    text=st.from_regex(
        r"(now|today|tomorrow|(2[0-3]|1[0-9]|0?[0-9])[:h][0-5][0-9]( UTC)?|noon|feb 29|[a-z]{3}"
        r"|[1-9] (jan|sep)|next (hour|month|friday))( ?[+-] ?[0-9]{1,3} (min|hours|days|months))?",
        fullmatch=True,
    ),
)
def test_no_answer_is_before_the_minute_of_now(zone: str, now: int, text: str) -> None:
    with suppress(BadSchedule):
        assert resolve_at(text, now, zone) > now - 60


@given(text=st.text(max_size=40), now=st.integers(-10_000_000_000, 100_000_000_000))
def test_no_text_makes_a_traceback(text: str, now: int) -> None:
    with suppress(BadSchedule):
        resolve_at(text, now, PARIS)
