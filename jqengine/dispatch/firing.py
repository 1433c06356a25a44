"""What becomes of a job's due times once they have come.  Pure.

Every due time ends as a run or as a skip with its reason: catch-up says which
of those that were missed still run, overlap what happens while an earlier run
is unfinished (point 3 of the design's section 7).
"""

from __future__ import annotations

from dataclasses import replace

from jqengine.interfaces import ITriggers
from jqengine.job import Catchup, Firing, Job, Overlap, Skip, Syntax

ON_TIME = 30.0
"""Seconds within which a due time is simply late, not missed."""

MOST_ENUMERATED = 1000
"""Missed due times that are looked at one by one; the others are passed over
together, so that a job due every second does not stall an engine that was
away for a year."""


def fire(job: Job, unfinished: int, now: float, triggers: ITriggers) -> Firing:
    """Decide what happens to all due times of *job* up to *now*.

    :param unfinished: how many runs of the job have not ended.
    """
    assert job.due is not None
    due, passed_over = _due_times(job, now, triggers)
    runs, skips = _catch_up(job, due, now)
    if passed_over:
        skips.append(passed_over)
    stepped = replace(job, fired=job.fired + len(runs) + len(skips))
    next_due = triggers.following(stepped, due[-1])
    overlap = _overlap(job, stepped, next_due)
    if overlap is Overlap.SKIP and unfinished:
        skips += [Skip(one, "overlap: the run before it is unfinished") for one in runs]
        runs = []
    return Firing(
        job_id=job.id,
        expected=job.due,
        runs=tuple(runs),
        skips=tuple(sorted(skips)),
        next_due=next_due,
        exhausted=next_due is None and job.definition.schedule.syntax is not Syntax.REBOOT,
        held=len(runs) > 1 or overlap is Overlap.QUEUE,
    )


def _overlap(job: Job, stepped: Job, next_due: float | None) -> Overlap:
    """What becomes of a due time while an earlier run is unfinished.

    What is due once, put in the place of a job whose run goes on, is not skipped.
    """
    overlap = job.definition.policy.overlap
    once = stepped.fired == 1 and next_due is None
    if once and overlap is Overlap.SKIP and job.definition.schedule.syntax is not Syntax.REBOOT:
        return Overlap.QUEUE
    return overlap


def _due_times(job: Job, now: float, triggers: ITriggers) -> tuple[list[float], Skip | None]:
    """All due times up to *now*, oldest first; a great many only in part."""
    assert job.due is not None
    due = [job.due]
    while len(due) < MOST_ENUMERATED:
        following = triggers.following(replace(job, fired=job.fired + len(due)), due[-1])
        if following is None or following > now:
            return due, None
        due.append(following)
    latest = _latest(job, due[-1], now, triggers)
    if latest == due[-1]:
        return due, None
    due.append(latest)
    return due, Skip(
        _between(due[-2], latest),
        f"catch-up: all due times after {due[-2]:.0f} and before {latest:.0f} were passed over",
    )


def _latest(job: Job, known: float, now: float, triggers: ITriggers) -> float:
    """The last due time up to *now*, found by looking back ever further."""
    reach = 1.0
    while now - reach > known:
        found = triggers.following(job, now - reach)
        if found is not None and found <= now:
            break
        reach *= 2
    latest = known
    following = triggers.following(job, max(known, now - reach))
    while following is not None and following <= now:
        latest = following
        following = triggers.following(job, latest)
    return latest


def _between(earlier: float, later: float) -> float:
    """An instant that no due time has, to record a passed-over stretch at."""
    return round((earlier + later) / 2, 6) if later - earlier > 2e-6 else earlier


def _catch_up(job: Job, due: list[float], now: float) -> tuple[list[float], list[Skip]]:
    policy = job.definition.policy
    if policy.catchup is Catchup.NONE:
        chosen = [one for one in due if now - one <= ON_TIME]
        reason = "catchup=none: no engine ran at that time"
    elif policy.catchup is Catchup.ALL:
        chosen = [one for one in due if now - one <= policy.catchup_window]
        reason = "catch-up: older than the window"
    else:
        chosen = [one for one in due[-1:] if now - one <= policy.catchup_window]
        reason = "catch-up: older than the window" if not chosen else "catch-up: a later one runs"
    kept = set(chosen)
    return chosen, [Skip(one, reason) for one in due if one not in kept]
