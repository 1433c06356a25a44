"""The difference between crontabs and queue, for every state a job can be in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

import pytest

from jqengine.job import Definition, Job, Policy, Request, Schedule, Syntax
from jqengine.lifecycle import JobEvent, JobState, job_after
from jqengine.plan import CrontabPlan
from jqengine.triggers.reconcile import Notice, plan
from jqengine.triggers.triggers import Triggers

S = JobState
ACTIVE = (S.SCHEDULED, S.PAUSED)
TRIGGERS = Triggers()


def at(text: str) -> float:
    return datetime.fromisoformat(text + "Z").timestamp()


NOW = at("2026-11-24T10:07")
LAST_WEEK = at("2026-11-17T10:07")


def line(text: str = "@daily", syntax: str = "cron", **changes: Any) -> Definition:
    """A definition; *changes* are fields of it, of its schedule or of its policy."""
    parts: dict[type, dict[str, Any]] = {Schedule: {}, Policy: {}, Definition: {}}
    for name, value in changes.items():
        part = next(one for one in parts if name in one.__dataclass_fields__)
        parts[part][name] = value
    schedule = {"syntax": Syntax(syntax), "text": text, "zone": "UTC"} | parts[Schedule]
    own = {"identity": "line:1", "name": None, "request": Request(target="/x")} | parts[Definition]
    return Definition(
        schedule=Schedule(**schedule), policy=Policy(**parts[Policy]), origin="crontab", **own
    )


def queued(definition: Definition, state: JobState = S.SCHEDULED, **changes: Any) -> Job:
    """A job that was accepted last week."""
    job = Job(
        id="a1",
        definition=definition,
        state=state,
        created=LAST_WEEK,
        anchor=at("2026-11-18T00:00"),
        due=None if state is S.FINISHED else at("2026-11-25T00:00"),
        fired=7,
        previous_status=200,
        reason="",
    )
    return replace(job, **changes)


def reconciled(
    existing: Iterable[Job], wanted: Iterable[Definition], starting: bool = False
) -> tuple[CrontabPlan, tuple[Notice, ...]]:
    ids = count(1)
    return plan(
        list(existing), list(wanted), TRIGGERS, NOW, starting, lambda now: f"new{next(ids)}"
    )


def outcome(job: Job, definition: Definition, starting: bool = False) -> tuple[str, Job | None]:
    """What one job becomes, as a word and the job."""
    changes, _ = reconciled([job], [definition], starting)
    if changes.retire:
        assert changes == CrontabPlan(retire=(job.id,))
        return "retire", None
    if changes.replace:
        (new,) = changes.replace
        assert changes == CrontabPlan(replace=(new,))
        assert (new.id, new.definition, new.previous_status) == (job.id, definition, 200)
        return "replace", new
    assert changes == CrontabPlan(unchanged=1)
    return "keep", None


def test_a_new_line_is_added_and_first_due_in_the_future() -> None:
    changes, notices = reconciled([], [line(), line("90s", "every", identity="n", name="n")])
    daily, every = changes.add
    assert daily == Job(
        id="new1",
        definition=line(),
        state=S.SCHEDULED,
        created=NOW,
        anchor=at("2026-11-25T00:00"),
        due=at("2026-11-25T00:00"),
    )
    assert (every.id, every.due, every.anchor) == ("new2", NOW + 90, NOW + 90)
    assert changes == CrontabPlan(add=(daily, every))
    assert not notices


@pytest.mark.parametrize("starting", [True, False])
@pytest.mark.parametrize("state", [S.SCHEDULED, S.PAUSED, S.FINISHED, S.REMOVED, S.CANCELLED])
@pytest.mark.parametrize("due", [at("2026-11-25T00:00"), at("2026-11-23T00:00"), None])
def test_an_unchanged_line_changes_nothing_not_even_a_missed_due_time(
    state: JobState, starting: bool, due: float | None
) -> None:
    assert outcome(queued(line(), state, due=due), line(), starting)[0] == "keep"


@pytest.mark.parametrize("state", JobState)
def test_a_vanished_line_is_retired_where_the_state_table_has_a_way(state: JobState) -> None:
    changes, _ = reconciled([queued(line(), state)], [])
    retires = job_after(state, JobEvent.RETIRE) is not None
    assert changes == CrontabPlan(retire=("a1",) if retires else ())


@pytest.mark.parametrize("state", ACTIVE)
@pytest.mark.parametrize(
    "changed",
    [
        line(attempts=1),
        line(sinks=("stdout:",)),
        line(request=Request(method="POST", target="/y")),
        line(times=8),
        line(until=at("2026-11-25T00:00")),
    ],
)
@pytest.mark.parametrize("due", [at("2026-11-25T00:00"), at("2026-11-23T00:00")])
def test_a_change_beside_the_schedule_keeps_the_due_time(
    state: JobState, changed: Definition, due: float
) -> None:
    job = queued(line(), state, due=due)
    assert outcome(job, changed) == ("replace", replace(job, definition=changed))


@pytest.mark.parametrize("state", ACTIVE)
@pytest.mark.parametrize(
    ("changed", "due"),
    [
        (line("0 12 * * *"), "2026-11-24T12:00"),
        (line(zone="America/New_York"), "2026-11-25T05:00"),
        (line("10m", "every"), "2026-11-24T10:17"),
        (line("12:30", "at"), "2026-11-24T12:30"),
        (line(times=3, text="@hourly"), "2026-11-24T11:00"),
    ],
)
def test_a_changed_schedule_gets_a_new_due_time_and_counts_anew(
    state: JobState, changed: Definition, due: str
) -> None:
    job = queued(line(), state, due=at("2026-11-23T00:00"))
    expected = replace(job, definition=changed, created=NOW, anchor=at(due), due=at(due), fired=0)
    assert outcome(job, changed) == ("replace", expected)


def test_an_every_job_keeps_its_grid_when_something_else_changes() -> None:
    job = queued(line("7m", "every"), anchor=at("2026-11-18T00:01"), due=at("2026-11-24T10:12"))
    assert outcome(job, line("7m", "every", attempts=1))[1] == replace(
        job, definition=line("7m", "every", attempts=1)
    )


@pytest.mark.parametrize("state", ACTIVE)
@pytest.mark.parametrize("changed", [line(times=7), line(until=at("2026-11-24T23:59"))])
def test_a_limit_that_is_reached_already_ends_the_job(state: JobState, changed: Definition) -> None:
    word, new = outcome(queued(line(), state), changed)
    assert word == "replace"
    assert new is not None
    assert (new.due, new.state) == (None, S.FINISHED if state is S.SCHEDULED else S.PAUSED)


@pytest.mark.parametrize(
    ("changed", "due"),
    [
        (line(times=8), at("2026-11-25T00:00")),
        (line(), at("2026-11-25T00:00")),
        (line(times=7, attempts=1), None),
        (line(times=7, jitter=30.0), None),
        (line(times=7, zone="America/New_York"), None),
    ],
)
def test_a_job_in_its_last_run_is_due_again_only_if_its_limit_grew(
    changed: Definition, due: float | None
) -> None:
    word, new = outcome(queued(line(times=7), due=None), changed)
    assert word == "replace"
    assert new is not None
    assert (new.due, new.state, new.fired) == (due, S.SCHEDULED, 7)


@pytest.mark.parametrize("changes", [{"jitter": 30.0}, {"zone": "America/New_York"}])
def test_a_one_time_line_whose_run_is_under_way_is_not_due_again(changes: dict[str, Any]) -> None:
    before, changed = line("in 90 seconds", "when"), line("in 90 seconds", "when", **changes)
    word, new = outcome(queued(before, due=None, fired=1), changed)
    assert word == "replace"
    assert new is not None
    assert (new.due, new.fired) == (None, 1)


@pytest.mark.parametrize("state", [S.FINISHED, S.RETIRED])
@pytest.mark.parametrize(
    ("before", "changed", "due"),
    [
        # Recurring: goes on where its limits let it.
        (line(times=7), line(times=9), "2026-11-25T00:00"),
        (line(until=at("2026-11-24T01:00")), line(), "2026-11-25T00:00"),
        (line(times=7), line(times=9, zone="America/New_York"), "2026-11-25T05:00"),
        # Another time is another matter, be it due once or often.
        (line(times=7), line("@hourly", times=7), "2026-11-24T11:00"),
        (line("10:00", "at"), line("12:00", "at"), "2026-11-24T12:00"),
    ],
)
def test_an_ended_job_is_due_again_when_its_line_gives_it_more(
    state: JobState, before: Definition, changed: Definition, due: str
) -> None:
    word, new = outcome(queued(before, state), changed)
    assert word == "replace"
    assert new is not None
    assert (new.due, new.state) == (at(due), S.SCHEDULED)
    same_life = before.schedule.text == changed.schedule.text
    assert new.fired == (7 if same_life else 0)


@pytest.mark.parametrize("state", [S.FINISHED, S.RETIRED])
@pytest.mark.parametrize(
    ("before", "changed"),
    [
        (line(times=7), line(times=7, attempts=1)),
        (line(times=7), line(times=5)),
        (line("now + 2 hours", "at"), line("now + 2 hours", "at", attempts=1)),
        (line("12:00", "at"), line("12:00", "at", zone="Europe/Paris")),
        (line("12:00", "at", name="n"), line("12:00", "at", name="n", key="k")),
    ],
)
def test_an_ended_job_stays_ended_when_only_something_else_changes(
    state: JobState, before: Definition, changed: Definition
) -> None:
    job = queued(before, state, anchor=at("2026-11-18T12:00"))
    assert outcome(job, changed)[0] == "keep"


def test_a_one_time_line_that_ran_and_comes_back_does_not_run_again_and_is_reported() -> None:
    once = line("now + 2 hours", "at")
    job = queued(once, S.RETIRED, fired=1, anchor=at("2026-11-18T12:00"))
    changes, notices = reconciled([job], [once])
    assert changes == CrontabPlan(unchanged=1)
    assert [str(one) for one in notices] == [
        "GET /x has come back and was due before; change its time to have it due again"
    ]


def test_a_one_time_line_that_never_ran_and_comes_back_is_accepted_anew() -> None:
    once = line("now + 2 hours", "at")
    word, new = outcome(queued(once, S.RETIRED, fired=0, anchor=at("2026-11-18T12:00")), once)
    assert word == "replace"
    assert new is not None
    assert (new.due, new.created) == (at("2026-11-24T12:07"), NOW)


def test_a_recurring_line_that_comes_back_is_due_next_and_not_for_what_it_missed() -> None:
    word, new = outcome(queued(line(), S.RETIRED, due=at("2026-11-20T00:00")), line())
    assert word == "replace"
    assert new is not None
    assert (new.state, new.due, new.fired) == (S.SCHEDULED, at("2026-11-25T00:00"), 7)


@pytest.mark.parametrize("starting", [True, False])
def test_a_removed_job_stays_removed_and_every_start_says_so(starting: bool) -> None:
    named = line(identity="nightly", name="nightly")
    jobs = [
        queued(named, S.REMOVED, reason="410 Gone"),
        queued(line(), S.REMOVED, id="a2", reason="500 after 3 attempts"),
        queued(line(identity="line:3"), S.CANCELLED, id="a3"),
    ]
    changes, notices = reconciled(jobs, [named, line(), line(identity="line:3")], starting)
    assert changes == CrontabPlan(unchanged=3)
    assert [str(one) for one in notices] == starting * [
        "nightly stays removed (410 Gone) until its line changes or `jobqueue resume nightly`",
        "GET /x stays removed (500 after 3 attempts) until its line changes"
        " or `jobqueue resume a2`",
        "GET /x stays cancelled until its line changes",
    ]


@pytest.mark.parametrize("state", [S.REMOVED, S.CANCELLED])
def test_a_job_taken_out_comes_back_when_its_line_changes(state: JobState) -> None:
    before, after = (line(identity="n", name="n", attempts=number) for number in (3, 1))
    word, new = outcome(queued(before, state), after)
    assert word == "replace"
    assert new is not None
    assert (new.state, new.due, new.fired) == (S.SCHEDULED, at("2026-11-25T00:00"), 0)


@pytest.mark.parametrize("state", [S.REMOVED, S.CANCELLED])
def test_a_default_above_a_line_without_a_name_does_not_bring_it_back(state: JobState) -> None:
    assert outcome(queued(line(), state), line(attempts=1))[0] == "keep"


@pytest.mark.parametrize(
    ("past", "why"),
    [
        (line("10:00 Nov 20 2026", "at"), "is not scheduled: that was"),
        (line(until=at("2026-11-24T12:00")), "is not scheduled: no due time is left for it"),
    ],
)
def test_a_new_line_without_a_due_time_is_not_added_and_is_reported(
    past: Definition, why: str
) -> None:
    changes, notices = reconciled([], [past, line(identity="line:2")])
    assert [job.definition.identity for job in changes.add] == ["line:2"]
    assert (changes.replace, changes.retire) == ((), ())
    (notice,) = notices
    assert notice.identity == "line:1"
    assert notice.message.startswith(f"GET /x {why}")


@pytest.mark.parametrize("state", [S.SCHEDULED, S.PAUSED, S.FINISHED, S.RETIRED])
def test_a_line_changed_to_a_past_time_runs_no_more(state: JobState) -> None:
    job = queued(line("12:00 Nov 30 2026", "at"), state)
    changes, notices = reconciled([job], [line("12:00 Nov 20 2026", "at")])
    active = state in ACTIVE
    assert changes == CrontabPlan(retire=("a1",) if active else (), unchanged=not active)
    assert "GET /x is not scheduled: that was" in str(notices[0])


def test_a_one_time_line_that_ran_last_week_is_nothing_to_report() -> None:
    once = line("12:00 Nov 20 2026", "at")
    assert reconciled([queued(once, S.FINISHED)], [once], starting=True) == (
        CrontabPlan(unchanged=1),
        (),
    )


REBOOT = line("", "reboot")


def rebooted(state: JobState = S.SCHEDULED, **changes: Any) -> Job:
    return queued(REBOOT, state, **{"due": None, "anchor": LAST_WEEK} | changes)


@pytest.mark.parametrize(("starting", "due"), [(True, NOW), (False, None)])
def test_a_new_reboot_line_is_due_at_a_start_and_waits_for_one_otherwise(
    starting: bool, due: float | None
) -> None:
    changes, notices = reconciled([], [REBOOT], starting)
    assert [(job.state, job.due) for job in changes.add] == [(S.SCHEDULED, due)]
    assert not notices


@pytest.mark.parametrize(
    ("state", "starting", "expected"),
    [
        (S.SCHEDULED, True, ("replace", S.SCHEDULED, NOW)),
        (S.FINISHED, True, ("replace", S.SCHEDULED, NOW)),
        (S.RETIRED, True, ("replace", S.SCHEDULED, NOW)),
        (S.PAUSED, True, ("keep",)),
        (S.REMOVED, True, ("keep",)),
        (S.CANCELLED, True, ("keep",)),
        (S.SCHEDULED, False, ("keep",)),
        (S.FINISHED, False, ("keep",)),
        (S.PAUSED, False, ("keep",)),
        (S.RETIRED, False, ("replace", S.SCHEDULED, None)),
    ],
)
def test_a_known_reboot_line(state: JobState, starting: bool, expected: tuple[object, ...]) -> None:
    word, new = outcome(rebooted(state), REBOOT, starting)
    assert (word, *((new.state, new.due) if new else ())) == expected


def test_a_changed_reboot_line_does_not_fire_on_reload() -> None:
    word, new = outcome(rebooted(), line("", "reboot", attempts=1))
    assert word == "replace"
    assert new is not None
    assert (new.state, new.due, new.fired) == (S.SCHEDULED, None, 7)


def test_a_reboot_line_keeps_a_due_time_that_has_not_fired_yet() -> None:
    assert outcome(rebooted(due=NOW - 1), line("", "reboot", attempts=1))[1] == replace(
        rebooted(due=NOW - 1), definition=line("", "reboot", attempts=1)
    )


def test_a_reboot_line_with_its_times_used_up_is_not_due_any_more() -> None:
    assert outcome(rebooted(), line("", "reboot", times=7), starting=True)[0] == "keep"
    assert outcome(rebooted(), line("", "reboot", times=8), starting=True)[0] == "replace"


def test_a_line_changed_between_reboot_and_a_time_of_day() -> None:
    word, new = outcome(rebooted(), line("@daily"))
    assert (word, new and new.due) == ("replace", at("2026-11-25T00:00"))
    word, new = outcome(queued(line()), REBOOT)
    assert (word, new and new.due, new and new.fired) == ("replace", None, 0)


def test_of_two_jobs_of_one_identity_the_newest_counts_and_the_other_is_retired() -> None:
    old, new = queued(line(), S.SCHEDULED), queued(line(), S.SCHEDULED, id="a2")
    assert reconciled([new, old], [line()]) == (CrontabPlan(retire=("a1",), unchanged=1), ())
    assert reconciled([old, new], []) == (CrontabPlan(retire=("a2", "a1")), ())


@pytest.mark.parametrize("starting", [True, False])
@pytest.mark.parametrize(
    "wanted", [line(attempts=1), line("@hourly"), line("12:30", "at"), line("", "reboot")]
)
@pytest.mark.parametrize("state", JobState)
def test_doing_it_twice_changes_nothing_more_and_every_change_is_in_the_state_table(
    state: JobState, wanted: Definition, starting: bool
) -> None:
    job = queued(line(), state)
    changes, _ = reconciled([job], [wanted], starting)
    for new in changes.replace:
        assert job_after(state, JobEvent.REPLACE) in (new.state, S.SCHEDULED)
        assert new.due is None or new.due >= NOW
    after = changes.replace or (job,)
    assert reconciled(after, [wanted], starting=False)[0] == CrontabPlan(unchanged=1)


def test_the_plan_is_in_the_order_of_the_lines() -> None:
    wanted = [line(identity=f"line:{number}") for number in (5, 3, 4)]
    changes, _ = reconciled([], wanted)
    assert [job.definition.identity for job in changes.add] == ["line:5", "line:3", "line:4"]
