"""What became of a run, as a mark, a word and a sentence.  Pure."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from jqengine.admin.dashboard.words import ago, duration
from jqengine.lifecycle import DeliveryState, JobState, RunState
from jqengine.wire.views import JobView, RunView

RAN, RUNNING, WAITING, FAILED, SKIPPED = "ran", "running", "waiting", "failed", "skipped"

OF_RUN = {
    RunState.FINISHED: RAN,
    RunState.RUNNING: RUNNING,
    RunState.WAITING: WAITING,
    RunState.HELD: WAITING,
    RunState.FAILED: FAILED,
    RunState.SKIPPED: SKIPPED,
    RunState.CANCELLED: SKIPPED,
}
"""The five outcomes there are for the eye, by the state of a run."""

OF_JOB = {
    JobState.SCHEDULED: WAITING,
    JobState.PAUSED: SKIPPED,
    JobState.FINISHED: RAN,
    JobState.REMOVED: FAILED,
    JobState.RETIRED: SKIPPED,
    JobState.CANCELLED: SKIPPED,
}

OF_DELIVERY = {
    DeliveryState.HELD: WAITING,
    DeliveryState.PENDING: WAITING,
    DeliveryState.DELIVERING: RUNNING,
    DeliveryState.DELIVERED: RAN,
    DeliveryState.DEAD: FAILED,
}

_ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def of_run(state: str) -> str:
    """The outcome that the state of a run shows as."""
    return OF_RUN.get(RunState(state), WAITING) if state in set(RunState) else WAITING


def of_job(state: str) -> str:
    """The outcome that the state of a job shows as."""
    return OF_JOB.get(JobState(state), WAITING) if state in set(JobState) else WAITING


def of_delivery(state: str) -> str:
    """The outcome that the state of a delivery shows as."""
    return (
        OF_DELIVERY.get(DeliveryState(state), WAITING) if state in set(DeliveryState) else WAITING
    )


def status_words(status: int | None, reason: str = "") -> str:
    """``200 OK``, ``no response (timed out)`` for status 0, or nothing."""
    if status is None:
        return ""
    if status == 0:
        return f"no response ({reason})" if reason else "no response"
    return f"{status} {reason or _phrase(status)}".rstrip()


def short(run: RunView) -> str:
    """The outcome in one or two words, for tables: ``503``, ``no response``, ``running``."""
    if run.state in (RunState.FINISHED, RunState.FAILED) and run.status is not None:
        return str(run.status) if run.status else "no response"
    return run.state


def sentence(run: RunView, again: datetime | None, now: datetime) -> str:
    """``503 after 2.1 s, third attempt, will try again in 40 s``.

    :param again: when the next attempt may start, if one is to come.
    """
    parts = [_beginning(run, now)]
    if run.attempt > 1:
        parts.append(f"{ordinal(run.attempt)} attempt of {run.attempts}")
    if run.state == RunState.WAITING and run.attempt and again is not None:
        parts.append(f"will try again {ago(again, now)}" if again > now else "about to try again")
    return ", ".join(parts)


def ordinal(number: int) -> str:
    """``third``, ``12th``."""
    if number < len(_ORDINALS):
        return _ORDINALS[number]
    tail = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 < number % 100 < 14 else tail}"


def seconds_taken(run: RunView, now: datetime | None = None) -> float | None:
    """How long the last attempt took, or takes until *now*."""
    if run.started is None:
        return None
    end = run.finished or (now if run.state == RunState.RUNNING else None)
    return None if end is None else max((end - run.started).total_seconds(), 0.0)


def _beginning(run: RunView, now: datetime) -> str:
    took = seconds_taken(run, now)
    if run.state == RunState.RUNNING:
        return "running" if took is None else f"running for {duration(took)}"
    if run.state == RunState.SKIPPED:
        return f"skipped: {run.reason}" if run.reason else "skipped"
    if run.state == RunState.CANCELLED:
        return "cancelled before it ran"
    if run.state == RunState.HELD:
        return "waits for the run before it to end"
    if run.status is None:
        return f"due {ago(run.due, now)}" if run.due > now else "due, waits for a free thread"
    said = status_words(run.status, run.reason)
    return said if took is None else f"{said} after {duration(took)}"


def job_words(job: JobView) -> str:
    """The state of a job with its reason."""
    return f"{job.state}: {job.reason}" if job.reason else job.state


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
