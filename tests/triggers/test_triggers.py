"""The façade: every syntax from a schedule to its due times."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from jqengine.errors import BadSchedule, PastInstant
from jqengine.interfaces import ITrigger, ITriggers
from jqengine.job import Definition, Job, Request, Schedule, Syntax
from jqengine.lifecycle import JobState
from jqengine.triggers import triggers as facade
from jqengine.triggers.cron import parse_cron
from jqengine.triggers.duetimes import Delayed, Once, all_after, upcoming
from jqengine.triggers.every import EveryTrigger
from jqengine.triggers.triggers import Triggers, delay_of

NOW = datetime.fromisoformat("2026-03-28T12:00:30.25+01:00").timestamp()
HOUR = 3600.0


def _definition(syntax: Syntax, text: str = "", **options: object) -> Definition:
    identity = options.pop("identity", "a job")
    schedule = {"zone": "Europe/Paris", **options}
    return Definition(
        identity=identity,
        name=None,
        request=Request(),
        schedule=Schedule(syntax=syntax, text=text, **schedule),
    )


def _job(definition: Definition, now: float = NOW, fired: int = 0) -> Job:
    due = Triggers().first(definition, now)
    return Job(
        id="1",
        definition=definition,
        state=JobState.SCHEDULED,
        created=now,
        anchor=due,
        due=due,
        fired=fired,
    )


def _walk(job: Job, count: int) -> list[float]:
    """What the dispatcher does: from due time to due time, counting."""
    found, due = [], job.due
    while due is not None and len(found) < count:
        found.append(due)
        due = Triggers().following(replace(job, fired=len(found)), due)
    return found


def _paris(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("syntax", "text", "expected"),
    [
        (
            Syntax.CRON,
            "30 2 * * *",
            ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00", "2026-03-31T02:30+02:00"],
        ),
        (
            Syntax.EVERY,
            "1 day",
            [
                "2026-03-29T13:00:30.25+02:00",
                "2026-03-30T13:00:30.25+02:00",
                "2026-03-31T13:00:30.25+02:00",
            ],
        ),
        (Syntax.AFTER, "90s", ["2026-03-28T12:02:00.25+01:00"]),
        (Syntax.AFTER, "1 day", ["2026-03-29T13:00:30.25+02:00"]),
        (Syntax.NOW, "", ["2026-03-28T12:00:30.25+01:00"]),
        (Syntax.REBOOT, "", ["2026-03-28T12:00:30.25+01:00"]),
        (Syntax.AT, "15:30 tomorrow", ["2026-03-29T15:30+02:00"]),
        (Syntax.AT, "now", ["2026-03-28T12:00:30.25+01:00"]),
        (Syntax.WHEN, "tomorrow at 8am", ["2026-03-29T08:00+02:00"]),
        (
            Syntax.WHEN,
            "every day at 9",
            ["2026-03-29T09:00+02:00", "2026-03-30T09:00+02:00", "2026-03-31T09:00+02:00"],
        ),
    ],
)
def test_due_times_of_each_syntax(syntax: Syntax, text: str, expected: list[str]) -> None:
    definition = _definition(syntax, text)
    wanted = [_paris(instant) for instant in expected]
    assert _walk(_job(definition), 3) == wanted
    assert list(islice(Triggers().due_times(definition, NOW), 3)) == wanted


def test_a_single_due_time_follows_only_its_past() -> None:
    for syntax, text in [(Syntax.AFTER, "1h"), (Syntax.AT, "5pm"), (Syntax.WHEN, "in 2 hours")]:
        job = _job(_definition(syntax, text))
        assert job.due is not None
        assert Triggers().following(job, job.due - 1) == job.due
        assert Triggers().following(job, job.due) is None


def test_an_interval_counts_from_the_anchor_whenever_it_is_asked() -> None:
    job = _job(_definition(Syntax.EVERY, "10 minutes"))
    assert job.due == NOW + 600
    assert Triggers().following(job, NOW + 600 * 7.5) == NOW + 600 * 8


@pytest.mark.parametrize(
    ("syntax", "text", "sentence"),
    [
        (Syntax.CRON, "61 * * * *", "minute: '61' is out of range"),
        (Syntax.EVERY, "10ms", "too short an interval"),
        (Syntax.AFTER, "a while", "'a while' is not a duration"),
        (Syntax.AFTER, "-5s", "'-5s' is not a duration"),
        (Syntax.AT, "quarter past never", ""),
        (Syntax.WHEN, "tomorrow asdf", "asdf"),
    ],
)
def test_a_text_not_understood_is_refused(syntax: Syntax, text: str, sentence: str) -> None:
    with pytest.raises(BadSchedule) as caught:
        Triggers().first(_definition(syntax, text), NOW)
    assert sentence in str(caught.value)
    assert caught.value.text == text


@pytest.mark.parametrize("syntax", list(Syntax))
def test_an_unknown_zone_is_refused_in_every_syntax(syntax: Syntax) -> None:
    with pytest.raises(BadSchedule, match="no time zone 'Paris'; did you mean Europe/Paris"):
        Triggers().first(_definition(syntax, "1h", zone="Paris"), NOW)


def test_a_zero_duration_is_refused() -> None:
    with pytest.raises(PastInstant, match="that is now; expected a time after it"):
        Triggers().first(_definition(Syntax.AFTER, "0s"), NOW)


def test_a_past_instant_is_refused_with_how_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    past = Once(NOW - 3 * HOUR)
    monkeypatch.setattr(facade, "when_trigger", lambda text, now, zone: past)
    with pytest.raises(PastInstant, match="that was 3 hours ago"):
        Triggers().first(_definition(Syntax.WHEN, "some past text"), NOW)


def test_a_recurring_natural_text_is_read_as_of_its_acceptance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, float, str]] = []

    def when_trigger(text: str, now: float, zone: str) -> ITrigger:
        asked.append((text, now, zone))
        return EveryTrigger(100.0, now + 50)

    monkeypatch.setattr(facade, "when_trigger", when_trigger)
    job = _job(_definition(Syntax.WHEN, "each so often"))
    assert _walk(job, 3) == [NOW + 50, NOW + 150, NOW + 250]
    assert asked == [("each so often", NOW, "Europe/Paris")]  # and kept


def test_times_bounds_the_due_times() -> None:
    definition = _definition(Syntax.CRON, "* * * * *", times=3)
    assert len(_walk(_job(definition), 10)) == 3
    assert len(list(Triggers().due_times(definition, NOW))) == 3
    assert Triggers().following(replace(_job(definition), fired=3), NOW) is None


def test_until_is_the_last_due_time_there_may_be() -> None:
    first, second, third = upcoming(parse_cron("0 * * * *", "UTC"), NOW, 3)
    definition = _definition(Syntax.CRON, "0 * * * *", until=second)
    assert _walk(_job(definition), 10) == [first, second]
    assert list(Triggers().due_times(definition, NOW)) == [first, second]
    assert Triggers().first(_definition(Syntax.CRON, "0 * * * *", until=first - 1), NOW) is None
    assert Triggers().first(_definition(Syntax.NOW, until=NOW - 1), NOW) is None
    assert third > second


def test_until_counts_with_the_jitter() -> None:
    plain = _definition(Syntax.CRON, "0 * * * *", jitter=600.0)
    due = Triggers().first(plain, NOW)
    assert due is not None
    for until, expected in [(due, due), (due - 1e-6, None)]:
        limited = replace(plain, schedule=replace(plain.schedule, until=until))
        assert Triggers().first(limited, NOW) == expected


def test_a_job_without_a_due_time_has_none_later() -> None:
    job = replace(_job(_definition(Syntax.NOW)), anchor=None, due=None)
    assert Triggers().following(job, NOW) is None


@pytest.mark.parametrize(
    ("syntax", "text"),
    [
        (Syntax.CRON, "0 * * * *"),
        (Syntax.EVERY, "1h"),
        (Syntax.AFTER, "1h"),
        (Syntax.AT, "5pm"),
        (Syntax.WHEN, "every day at 9"),
        (Syntax.NOW, ""),
        (Syntax.REBOOT, ""),
    ],
)
def test_jitter_moves_every_due_time_by_the_same(syntax: Syntax, text: str) -> None:
    plain = _walk(_job(_definition(syntax, text)), 5)
    moved = _walk(_job(_definition(syntax, text, jitter=600.0)), 5)
    delay = delay_of(_definition(syntax, text, jitter=600.0), NOW)
    assert 0 < delay < 600
    assert moved == [round(due + delay, 6) for due in plain]


def test_jitter_is_the_jobs_own_and_never_changes() -> None:
    delays = [
        delay_of(_definition(Syntax.NOW, jitter=100.0, identity=f"job {number}"), NOW)
        for number in range(1000)
    ]
    assert delays[0] == 79.754808  # a changed hash would move every job there is
    assert len(set(delays)) == 1000
    assert 45 < sum(delays) / 1000 < 55
    assert min(delays) >= 0
    assert max(delays) < 100


def test_jitter_of_a_job_without_identity_is_stable_too() -> None:
    definition = _definition(Syntax.CRON, "0 * * * *", jitter=100.0, identity=None)
    due = _walk(_job(definition), 4)
    assert [later - earlier for earlier, later in pairwise(due)] == [HOUR] * 3
    assert delay_of(definition, NOW) != delay_of(definition, NOW + 1)


def test_jitter_longer_than_the_interval_loses_nothing() -> None:
    definition = _definition(Syntax.CRON, "* * * * *", jitter=7200.0)
    due = _walk(_job(definition), 200)
    assert [later - earlier for earlier, later in pairwise(due)] == [60.0] * 199
    assert due[0] == parse_cron("* * * * *", "UTC").next(NOW) + delay_of(definition, NOW)


@settings(max_examples=300)
@given(delay=st.floats(0, 1e6).map(lambda one: round(one, 6)), after=st.floats(0, 4e9))
def test_a_moved_trigger_has_exactly_the_moved_due_times(delay: float, after: float) -> None:
    inner = EveryTrigger(61.0, 0.25)
    trigger = Delayed(inner, delay)
    due = trigger.next(after)
    assert due is not None
    assert due > after
    assert trigger.next(due) == round(due + 61, 6)
    assert trigger.next(math.nextafter(due, -math.inf)) == due
    earlier = round(due - 61, 6)
    assert earlier <= after or earlier < delay
    assert inner.next(due - delay - 0.01) == round(due - delay, 6)


def test_looking_ahead_stops_where_the_due_times_do() -> None:
    assert list(upcoming(Once(5.0), 0.0, 3)) == [5.0]
    assert list(upcoming(Once(5.0), 5.0, 3)) == []
    assert list(upcoming(EveryTrigger(1.0, 0.0), 0.0, 3)) == [1.0, 2.0, 3.0]
    assert list(islice(all_after(EveryTrigger(1.0, 0.0), 7.5), 2)) == [8.0, 9.0]


def test_interfaces() -> None:
    assert verifyObject(ITriggers, Triggers())
    assert verifyObject(ITrigger, Once(1.0))
    assert verifyObject(ITrigger, Delayed(Once(1.0), 1.0))
    assert not Delayed(Once(1.0), 1.0).recurring
    assert Delayed(EveryTrigger(1.0, 0.0), 1.0).recurring
