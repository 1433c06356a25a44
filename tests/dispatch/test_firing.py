"""Every due time ends as a run or as a skip with its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jqengine.dispatch.firing import MOST_ENUMERATED, fire
from jqengine.job import Catchup, Firing, Job, Overlap, Syntax
from tests.dispatch.values import NOW, EveryTen, a_job, with_times


def firing_of(job: Job, now: float = NOW, unfinished: int = 0) -> Firing:
    return fire(job, unfinished, now, EveryTen())


def test_a_due_time_becomes_a_run_and_the_job_moves_on() -> None:
    assert firing_of(a_job()) == Firing("job-1", NOW, (NOW,), (), NOW + 10, False, False)


def test_a_one_time_job_is_exhausted_and_a_reboot_job_is_not() -> None:
    once, reboot = (firing_of(a_job(syntax=one)) for one in (Syntax.AT, Syntax.REBOOT))
    assert (once.next_due, once.exhausted) == (None, True)
    assert (reboot.next_due, reboot.exhausted) == (None, False)


def test_the_last_of_so_many_times_exhausts() -> None:
    job = with_times(a_job(), 3)
    assert not firing_of(replace(job, fired=1)).exhausted
    assert firing_of(replace(job, fired=2)).exhausted


@pytest.mark.parametrize(
    ("catchup", "runs", "skips"),
    [
        (Catchup.LATEST, [-5], [-45, -35, -25, -15]),
        (Catchup.ALL, [-45, -35, -25, -15, -5], []),
        (Catchup.NONE, [-25, -15, -5], [-45, -35]),
    ],
)
def test_catch_up(catchup: Catchup, runs: list[int], skips: list[int]) -> None:
    firing = firing_of(a_job(due=NOW - 40, catchup=catchup), now=NOW + 5)
    assert [due - NOW - 5 for due in firing.runs] == runs
    assert [skip.due - NOW - 5 for skip in firing.skips] == skips
    assert all("catch" in skip.reason for skip in firing.skips)
    assert firing.next_due == NOW + 10


@pytest.mark.parametrize("catchup", [Catchup.LATEST, Catchup.ALL])
def test_what_is_older_than_the_window_is_skipped(catchup: Catchup) -> None:
    job = a_job(due=NOW - 40, catchup=catchup, catchup_window=15.0)
    firing = firing_of(job, now=NOW)
    assert all(NOW - due <= 15 for due in firing.runs)
    old = a_job(due=NOW - 40, syntax=Syntax.AT, catchup=catchup, catchup_window=15.0)
    skipped = firing_of(old, now=NOW)
    assert skipped.runs == ()
    assert [skip.reason for skip in skipped.skips] == ["catch-up: older than the window"]


def test_caught_up_runs_of_one_job_do_not_run_at_once() -> None:
    assert firing_of(a_job(due=NOW - 20, catchup=Catchup.ALL)).held


def test_a_year_of_missed_due_times_is_passed_over_in_no_time() -> None:
    job = a_job(due=NOW - 366 * 86400.0)
    calls = 0

    class Counting(EveryTen):
        def following(self, job: Job, after: float) -> float | None:
            nonlocal calls
            calls += 1
            return super().following(job, after)

    firing = fire(job, 0, NOW + 3, Counting())
    assert firing.runs == (NOW,)
    assert firing.next_due == NOW + 10
    assert len(firing.skips) == MOST_ENUMERATED + 1
    assert len({skip.due for skip in firing.skips} | {NOW}) == MOST_ENUMERATED + 2
    assert "passed over" in " ".join(skip.reason for skip in firing.skips)
    assert calls < 2 * MOST_ENUMERATED


@pytest.mark.parametrize(
    ("overlap", "runs", "held"),
    [(Overlap.SKIP, (), False), (Overlap.ALLOW, (NOW,), False), (Overlap.QUEUE, (NOW,), True)],
)
def test_overlap(overlap: Overlap, runs: tuple[float, ...], held: bool) -> None:
    firing = firing_of(a_job(overlap=overlap), unfinished=1)
    assert (firing.runs, firing.held) == (runs, held)
    assert [skip.due for skip in firing.skips] == ([] if runs else [NOW])
    assert firing.next_due == NOW + 10


@pytest.mark.parametrize(
    ("job", "runs"),
    [
        (a_job(syntax=Syntax.AT), (NOW,)),
        (with_times(a_job(), 1), (NOW,)),
        (replace(with_times(a_job(), 2), fired=1), ()),
        (a_job(syntax=Syntax.REBOOT), ()),
    ],
)
def test_what_is_due_once_waits_for_the_run_before_it(job: Job, runs: tuple[float, ...]) -> None:
    firing = firing_of(job, unfinished=1)
    assert (firing.runs, firing.held) == (runs, bool(runs))
