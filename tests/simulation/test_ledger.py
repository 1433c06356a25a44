"""The ledger is quiet about a good tale and finds what is wrong with each bad one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from jqengine.job import Owner, Schedule, Skip, Step, Syntax
from jqengine.lifecycle import DeliveryState, JobEvent, JobState, RunState
from tests.simulation.history import CRASHED, FROZE, LOGGED
from tests.simulation.ledger import violations
from tests.simulation.tale import (
    A_DELIVERY,
    BOB,
    DUE,
    JOB,
    LEASE,
    START,
    Tale,
    a_good_tale,
    a_job,
    a_result,
    a_run,
)

REBOOTED = Owner("alice", "2")
LOST = a_result(0, b"")


def good_retry(tale: Tale) -> None:
    """A second attempt after a first that failed."""
    tale.fired(DUE)
    tale.claimed(a_run())
    tale.ran(a_run(), status=500)
    tale.recorded(a_run(), state=RunState.WAITING, result=a_result(500))
    tale.claimed(a_run(attempt=2))
    tale.ran(a_run(attempt=2))
    tale.recorded(a_run(attempt=2))


def good_restart(tale: Tale) -> None:
    """A process dies with its run, and its next boot takes that over."""
    tale.fired(DUE)
    tale.claimed(a_run())
    tale.began(a_run())
    tale.happened(CRASHED)
    tale.effect("recover", [a_run()], REBOOTED, lease=LEASE)
    tale.recorded(a_run(), REBOOTED, state=RunState.WAITING, result=LOST)
    tale.claimed(a_run(attempt=2), who=REBOOTED)
    tale.ran(a_run(attempt=2), REBOOTED)
    tale.recorded(a_run(attempt=2), REBOOTED)


def good_fencing(tale: Tale) -> None:
    """A process sleeps through its lease; another runs its run, and its result is refused."""
    tale.fired(DUE)
    tale.claimed(a_run())
    late = tale.began(a_run())
    tale.happened(FROZE)
    tale.at(DUE - START + LEASE + 30)
    tale.effect("recover", [a_run()], BOB, lease=LEASE)
    tale.recorded(a_run(), BOB, state=RunState.WAITING, result=LOST)
    tale.claimed(a_run(attempt=2), who=BOB)
    tale.ran(a_run(attempt=2), BOB)
    tale.ended(a_run(), late)
    tale.recorded(a_run(), taken=False)
    tale.recorded(a_run(attempt=2), BOB)


def good_skips(tale: Tale) -> None:
    """What was missed is recorded, and a great many in one."""
    over = Skip(DUE + 500, "catch-up: all due times after this and before that were passed over")
    tale.at(DUE - START + 2000)
    tale.fired(DUE + 1000, skips=[Skip(DUE, "missed"), over], next_due=DUE + 1010)
    tale.claimed(a_run(due=DUE + 1000))
    tale.ran(a_run())
    tale.recorded(a_run(due=DUE + 1000))


def good_delivery(tale: Tale) -> None:
    """A result arrives at its sink."""
    tale.fired(DUE)
    tale.claimed(a_run())
    tale.ran(a_run())
    tale.recorded(a_run(), deliveries=(A_DELIVERY,))
    tale.delivered(a_run(), a_result())
    tale.keep_delivery("run", DeliveryState.DELIVERED)


@pytest.mark.parametrize(
    "tell", [good_retry, good_restart, good_fencing, good_skips, good_delivery]
)
def test_a_good_tale_breaks_no_promise(tell: Callable[[Tale], None]) -> None:
    tale = Tale()
    tale.applied(JOB)
    tale.at(DUE - START)
    tell(tale)
    assert violations(tale.seen) == []


def lost_row(tale: Tale) -> None:
    del tale.rows["run"]


def late_horizon(tale: Tale) -> None:
    tale.horizon = DUE + 11


def gap(tale: Tale) -> None:
    tale.at(DUE - START + 30)
    tale.fired(DUE + 20, expected=DUE + 10, next_due=DUE + 30)


def too_early(tale: Tale) -> None:
    tale.fired(DUE + 10, expected=DUE + 10, next_due=DUE + 20)


def ghost(tale: Tale) -> None:
    tale.rows["ghost"] = tale.rows["run"]._replace(
        report=tale.rows["run"].report._replace(run=a_run("ghost", DUE + 5, 0))
    )


def claimed_twice(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.claimed(a_run("other", attempt=2), who=BOB)


def attempt_left_out(tale: Tale) -> None:
    tale.claimed(a_run("other", attempt=2))


def too_many_attempts(tale: Tale) -> None:
    for attempt in range(1, 5):
        tale.claimed(a_run("other", attempt=attempt))
        tale.recorded(a_run("other", attempt=attempt), state=RunState.WAITING, result=LOST)


def stranger_recorded(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.recorded(a_run("other"), BOB, result=LOST)


def old_attempt_recorded(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.recorded(a_run("other"), state=RunState.WAITING, result=LOST)
    tale.claimed(a_run("other", attempt=2))
    tale.recorded(a_run("other"), result=LOST)


def rightful_refused(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.recorded(a_run("other"), taken=False)


def invented_result(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.ran(a_run("other"), body=b"something else")
    tale.recorded(a_run("other"))


def began_unclaimed(tale: Tale) -> None:
    tale.ran(a_run("other"))


def began_twice(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.ran(a_run("other"))
    tale.ran(a_run("other"))


def began_after_giving_back(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.effect("give_back", 1, run_ids=["other"])
    tale.began(a_run("other"))


def overlap(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.began(a_run("other"))
    tale.recorded(a_run("other"), state=RunState.WAITING, result=LOST)
    tale.claimed(a_run("other", attempt=2))
    tale.began(a_run("other", attempt=2))


def taken_from_the_living(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.effect("recover", [a_run("other")], REBOOTED, lease=LEASE)


def taken_too_soon(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.effect("recover", [a_run("other")], BOB, lease=LEASE)


def taken_by_a_stepped_clock(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.stepped(3600)
    tale.effect("recover", [a_run("other")], BOB, lease=LEASE)


def left_behind(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.happened(CRASHED)
    tale.effect("recover", [], REBOOTED, lease=LEASE)


def not_renewed(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.effect("renew", 0, lease=LEASE)


def another_result_kept(tale: Tale) -> None:
    tale.rows["run"] = tale.rows["run"]._replace(results=((1, a_result(body=b"another")),))


def result_lost(tale: Tale) -> None:
    tale.rows["run"] = tale.rows["run"]._replace(results=())


def running_for_ever(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.rows["other"] = tale.rows["run"]._replace(
        report=tale.rows["run"].report._replace(run=a_run("other"))
    )


def told_a_refused_result(tale: Tale) -> None:
    tale.delivered(a_run(), a_result(500))


def never_arrived(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.recorded(a_run("other"), result=LOST, deliveries=(A_DELIVERY,))
    tale.keep_delivery("other", DeliveryState.DELIVERED)


def delivery_lost(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    tale.recorded(a_run("other"), result=LOST, deliveries=(A_DELIVERY,))


def acknowledged_and_lost(tale: Tale) -> None:
    tale.acknowledged("unknown")


def failure_logged(tale: Tale) -> None:
    tale.happened(LOGGED)


def edit_moved_it(tale: Tale) -> None:
    tale.applied(replace(tale.jobs["job"], due=DUE + 13))


def edit_fired_it(tale: Tale) -> None:
    schedule = Schedule(syntax=Syntax.EVERY, text="7s", zone="UTC")
    tale.applied(a_job(schedule=schedule, due=DUE + 1, created=DUE + 5))


def nothing_to_come(tale: Tale) -> None:
    tale.at(DUE - START + 10)
    tale.fired(expected=DUE + 10, skips=[Skip(DUE + 10, "missed")], next_due=None)


def cancelled_and_run(tale: Tale) -> None:
    cancelled = replace(tale.jobs["job"], state=JobState.CANCELLED, due=None)
    tale.effect("steer", cancelled, step=Step("job", JobEvent.CANCEL))
    tale.claimed(a_run("other", DUE + 10, ready=DUE))


def fired_beside_itself(tale: Tale) -> None:
    tale.claimed(a_run("other"))
    for due in (DUE + 10, DUE + 20):
        tale.at(due - START)
        tale.fired(due, expected=due, next_due=due + 10)


@pytest.mark.parametrize(
    ("tell", "expected"),
    [
        (lost_row, "was fired and has no row"),
        (late_horizon, "nobody saw to it"),
        (gap, "was fired where its schedule has"),
        (too_early, "fires before it is due"),
        (ghost, "which was not fired"),
        (claimed_twice, "claimed while"),
        (attempt_left_out, "attempt 2 is claimed, 0 were counted"),
        (too_many_attempts, "attempt 4 of 3"),
        (stranger_recorded, "which has no claim"),
        (old_attempt_recorded, "which has no claim"),
        (rightful_refused, "a rightful result"),
        (invented_result, "was never given to this claim"),
        (began_unclaimed, "without a claim"),
        (began_twice, "begins twice with one claim"),
        (began_after_giving_back, "begins after it was given back"),
        (overlap, "begins while"),
        (taken_from_the_living, "which lives"),
        (taken_too_soon, "whose lease had not run out"),
        (taken_by_a_stepped_clock, "the clock was set, not the process gone"),
        (left_behind, "left behind"),
        (not_renewed, "0 renewed"),
        (another_result_kept, "is not the accepted one"),
        (result_lost, "are kept"),
        (running_for_ever, "every node has stopped"),
        (told_a_refused_result, "never recorded as its end"),
        (never_arrived, "never arrived"),
        (delivery_lost, "is not in the store"),
        (acknowledged_and_lost, "was acknowledged and is not in the store"),
        (failure_logged, "the log has a failure"),
        (edit_moved_it, "an edit that left its schedule alone moved its due time"),
        (edit_fired_it, "an edit made it due at"),
        (nothing_to_come, "is scheduled and has nothing to come"),
        (cancelled_and_run, "claimed when its job was cancelled"),
        (fired_beside_itself, "overlap=skip, and"),
    ],
)
def test_a_bad_tale_is_found(tell: Callable[[Tale], None], expected: str) -> None:
    tale = a_good_tale()
    assert violations(tale.seen) == []
    tell(tale)
    found = violations(tale.seen)
    assert any(expected in one for one in found), found


def test_a_one_time_line_that_fires_again_is_found() -> None:
    schedule = Schedule(syntax=Syntax.AT, text="now + 10 minutes", zone="UTC")
    tale = Tale()
    tale.applied(a_job(schedule=schedule))
    tale.at(DUE - START)
    tale.fired(DUE, next_due=None)
    tale.applied(a_job(schedule=schedule, anchor=DUE + 60, due=DUE + 60, created=DUE + 50))
    tale.at(DUE - START + 60)
    tale.fired(DUE + 60, expected=DUE + 60, next_due=None)
    found = violations(tale.seen)
    assert any("is one time and was fired 2 times" in one for one in found), found


def test_runs_that_shall_wait_for_each_other_and_do_not_are_found() -> None:
    tale = Tale()
    tale.applied(a_job(policy={"overlap": "queue"}))
    tale.at(DUE - START + 10)
    tale.fired(DUE, DUE + 10, next_due=DUE + 20)
    tale.claimed(a_run("run0"), a_run("run1", DUE + 10))
    found = violations(tale.seen)
    assert any("overlap=queue, and it does not wait" in one for one in found), found
