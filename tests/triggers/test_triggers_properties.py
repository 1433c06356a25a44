"""What holds for every schedule, over a thousand years and at every clock change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jqengine.errors import BadSchedule
from jqengine.job import Definition, Job, Request, Schedule, Syntax
from jqengine.lifecycle import JobState
from jqengine.triggers.localtime import zone_named
from jqengine.triggers.triggers import Triggers
from tests.triggers.strategies import CHANGING_ZONES, EXPRESSIONS, YEAR_2000, YEAR_3000

_YEAR = 366 * 86400
_TRIGGERS = Triggers()
_RECURRING = (
    "every weekday at 9",
    "every day at 2:30",
    "every other friday 17:00",
    "every 3rd of the month",
    "every 2 hours between 9 and 17",
    "every hour",
    "twice a day",
)
_SINGLE = (
    (Syntax.AT, "teatime"),
    (Syntax.AT, "0230 tomorrow"),
    (Syntax.AT, "now + 3 days"),
    (Syntax.AT, "now + 90 minutes"),
    (Syntax.WHEN, "tomorrow at 2:30"),
    (Syntax.WHEN, "next friday"),
    (Syntax.WHEN, "in 2 hours"),
    (Syntax.AFTER, "90s"),
)


@st.composite
def _instants(draw: st.DrawFn, zone: str) -> float:
    """An instant in a thousand years, mostly close to a clock change of the zone."""
    start = draw(st.integers(YEAR_2000, YEAR_3000))
    changes = zone_named(zone).transitions(start, start + _YEAR)
    shift = draw(st.sampled_from([-86400, -3600, -1800, -60, 0, 60, 3600]) | st.floats(-9e4, 9e3))
    return round((draw(st.sampled_from(changes)).start if changes else start) + shift, 6)


_JITTER = st.sampled_from([0.0, 0.0, 45.0, 5400.0])
_TEXTS = st.one_of(
    EXPRESSIONS.map(lambda text: (Syntax.CRON, text)),
    st.integers(1, 10**6).map(lambda seconds: (Syntax.EVERY, f"{seconds}s")),
    st.sampled_from(_RECURRING).map(lambda text: (Syntax.WHEN, text)),
)


@st.composite
def _accepted(
    draw: st.DrawFn, texts: st.SearchStrategy[tuple[Syntax, str]]
) -> tuple[Definition, float]:
    zone = draw(st.sampled_from(CHANGING_ZONES))
    (syntax, text), jitter = draw(texts), draw(_JITTER)
    schedule = Schedule(syntax=syntax, text=text, zone=zone, jitter=jitter)
    definition = Definition(identity=text, name=None, request=Request(), schedule=schedule)
    return definition, draw(_instants(zone))


def _job(definition: Definition, now: float) -> Job:
    try:
        due = _TRIGGERS.first(definition, now)
    except BadSchedule as error:
        assume("expected a date that exists" not in str(error))
        raise
    return Job(
        id="1",
        definition=definition,
        state=JobState.SCHEDULED,
        created=now,
        anchor=due,
        due=due,
    )


def _walk(job: Job) -> Iterator[float]:
    due = job.due
    while due is not None:
        yield due
        due = _TRIGGERS.following(job, due)


@settings(max_examples=400, deadline=None)
@given(accepted=_accepted(_TEXTS))
def test_due_times_are_after_now_in_order_and_stable(accepted: tuple[Definition, float]) -> None:
    definition, now = accepted
    job = _job(definition, now)
    found = list(islice(_walk(job), 5))
    assert len(found) == 5
    assert found[0] > now
    for earlier, later in pairwise(found):
        assert earlier < later
        for after in (earlier, (earlier + later) / 2, later - 0.001, later - 1e-4):
            assert _TRIGGERS.following(job, after) == later
    assert _TRIGGERS.following(job, found[0] - 0.001) == found[0]
    assert found == [round(due, 6) for due in found]
    assert found == list(islice(_TRIGGERS.due_times(definition, now), 5))
    assert _TRIGGERS.first(definition, now) == found[0]


@settings(max_examples=200, deadline=None)
@given(accepted=_accepted(st.sampled_from(_SINGLE)))
def test_a_single_due_time_is_after_now_and_the_last(accepted: tuple[Definition, float]) -> None:
    definition, now = accepted
    job = _job(definition, now)
    assert job.due is not None
    assert job.due > now
    assert _TRIGGERS.following(job, job.due) is None
    assert list(_TRIGGERS.due_times(definition, now)) == [job.due]


@pytest.mark.parametrize("zone", CHANGING_ZONES)
@pytest.mark.parametrize(("syntax", "text"), [(Syntax.CRON, "@yearly"), (Syntax.EVERY, "8766h")])
def test_a_thousand_years_in_one_walk(zone: str, syntax: Syntax, text: str) -> None:
    schedule = Schedule(syntax=syntax, text=text, zone=zone)
    definition = Definition(identity="a", name=None, request=Request(), schedule=schedule)
    job = replace(_job(definition, float(YEAR_2000)), id="2")
    found = list(islice(_walk(job), 1000))
    assert all(earlier < later for earlier, later in pairwise(found))
    assert YEAR_3000 - _YEAR < found[-1] < YEAR_3000 + 2 * _YEAR
