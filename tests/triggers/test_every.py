"""every=: intervals, reckoned from the first due time."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from jqengine.errors import BadSchedule
from jqengine.interfaces import ITrigger
from jqengine.triggers.duetimes import upcoming
from jqengine.triggers.every import EveryTrigger, parse_every
from jqengine.triggers.localtime import LAST_INSTANT

# A float holds microseconds exactly until the year 2255.
# Up to the year 2096: later floats are more than half a microsecond apart.
_INSTANTS = st.floats(0, 4e9).map(lambda instant: round(instant, 6))
_INTERVALS = st.floats(1, 1e6).map(lambda interval: round(interval, 6))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90.0),
        ("10 minutes", 600.0),
        ("1h30m", 5400.0),
        ("1 hour and 30 minutes", 5400.0),
        ("45", 45.0),
        ("1s", 1.0),
        ("1.5s", 1.5),
        ("1000 ms", 1.0),
        ("2 weeks", 1209600.0),
    ],
)
def test_intervals(text: str, seconds: float) -> None:
    assert parse_every(text) == seconds


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("999ms", "'999ms' is too short an interval; expected 1s or more, because every due time"),
        ("0", "'0' is too short an interval"),
        ("0.5s", "too short"),
        ("", "'' is not a duration; expected something like 90s"),
        ("soon", "'soon' is not a duration"),
        ("-5s", "'-5s' is not a duration"),
        ("90s x", "'90s x' is not a duration"),
        ("1e3s", "not a duration"),
        ("\u0665s", "not a duration"),
        ("101 years", "not a duration"),
        ("40000d", "longer than a century"),
        ("9" * 400, "longer than a century"),
    ],
)
def test_refusals(text: str, sentence: str) -> None:
    with pytest.raises(BadSchedule) as caught:
        parse_every(text)
    assert sentence in str(caught.value)
    assert caught.value.text == text


def test_due_times_do_not_drift() -> None:
    trigger = EveryTrigger(0.1 + 1, 1790000000.7)
    found = list(upcoming(trigger, 0.0, 100_001))
    assert found[:3] == [1790000000.7, 1790000001.8, 1790000002.9]
    assert found[-1] == 1790110000.7


@given(interval=_INTERVALS, anchor=_INSTANTS, number=st.integers(0, 1000))
def test_each_due_time_is_the_anchor_plus_whole_intervals(
    interval: float, anchor: float, number: int
) -> None:
    trigger = EveryTrigger(interval, anchor)
    microseconds = round(anchor * 1e6) + number * round(interval * 1e6)
    due = microseconds / 1e6
    assert trigger.next(due) == (microseconds + round(interval * 1e6)) / 1e6
    assert trigger.next(math.nextafter(due, -math.inf)) == due
    assert round(due, 6) == due


@given(interval=_INTERVALS, anchor=_INSTANTS, after=st.floats(-1e9, 2e11))
def test_the_due_time_is_the_first_after(interval: float, anchor: float, after: float) -> None:
    due = EveryTrigger(interval, anchor).next(after)
    assert due is not None
    assert due > after
    assert due == anchor or due - interval <= after + 1e-4


def test_before_the_anchor_and_after_the_years() -> None:
    trigger = EveryTrigger(60.0, 1000.0)
    assert trigger.next(float("-inf")) == 1000.0
    assert trigger.next(999.999999) == 1000.0
    assert trigger.next(1000.0) == 1060.0
    assert trigger.next(LAST_INSTANT) is None
    assert trigger.next(float("inf")) is None


def test_is_a_trigger() -> None:
    assert verifyObject(ITrigger, EveryTrigger(60.0, 0.0))
    assert EveryTrigger(60.0, 0.0).recurring
