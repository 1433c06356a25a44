"""The states of jobs, runs and deliveries, and every way from one to another, as data.

Nothing else decides whether a state may change.  The tables in the
documentation are these tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class JobState(StrEnum):
    """Where a job stands in the queue."""

    SCHEDULED = "scheduled"  # has a due time, or a run under way
    PAUSED = "paused"  # an operator holds it
    FINISHED = "finished"  # no due time is left, and its last run has ended
    REMOVED = "removed"  # its answer took it out; `resume` brings it back
    RETIRED = "retired"  # its crontab line is gone
    CANCELLED = "cancelled"  # a user took it back


class JobEvent(StrEnum):
    """What can happen to a job."""

    EXHAUST = "exhaust"
    REMOVE = "remove"
    PAUSE = "pause"
    RESUME = "resume"
    RETIRE = "retire"
    CANCEL = "cancel"
    REPLACE = "replace"


class RunState(StrEnum):
    """Where one firing of a job stands."""

    HELD = "held"  # waits for the run before it (overlap=queue)
    WAITING = "waiting"  # may be claimed once it is ready
    RUNNING = "running"  # an attempt is claimed
    FINISHED = "finished"  # answered with a status below 400
    FAILED = "failed"  # the last attempt gave none, or one of 400 and above
    SKIPPED = "skipped"  # recorded instead of run
    CANCELLED = "cancelled"  # taken back before it ran


class RunEvent(StrEnum):
    """What can happen to a run."""

    RELEASE = "release"
    CLAIM = "claim"
    SUCCEED = "succeed"
    FAIL = "fail"
    RETRY = "retry"
    GIVE_BACK = "give back"
    CANCEL = "cancel"
    WITHDRAW = "withdraw"  # its job was cancelled before it could wait again
    REOPEN = "reopen"


class DeliveryState(StrEnum):
    """Where a result stands on its way to one sink."""

    HELD = "held"  # waits for the delivery of the same job and sink before it
    PENDING = "pending"  # may be tried once it is ready
    DELIVERING = "delivering"  # a try is under way
    DELIVERED = "delivered"  # the sink has taken it
    DEAD = "dead"  # given up; an operator can redrive it


class DeliveryEvent(StrEnum):
    """What can happen to a delivery."""

    RELEASE = "release"
    CLAIM = "claim"
    SUCCEED = "succeed"
    RETRY = "retry"
    GIVE_UP = "give up"
    GIVE_BACK = "give back"
    REDRIVE = "redrive"


_J, _JE, _R, _RE = JobState, JobEvent, RunState, RunEvent
_D, _DE = DeliveryState, DeliveryEvent

JOB_TRANSITIONS: Mapping[tuple[JobState, JobEvent], JobState] = MappingProxyType(
    {
        (_J.SCHEDULED, _JE.EXHAUST): _J.FINISHED,
        (_J.SCHEDULED, _JE.REMOVE): _J.REMOVED,
        (_J.SCHEDULED, _JE.PAUSE): _J.PAUSED,
        (_J.SCHEDULED, _JE.RETIRE): _J.RETIRED,
        (_J.SCHEDULED, _JE.CANCEL): _J.CANCELLED,
        (_J.SCHEDULED, _JE.REPLACE): _J.SCHEDULED,
        (_J.PAUSED, _JE.RESUME): _J.SCHEDULED,
        (_J.PAUSED, _JE.REMOVE): _J.REMOVED,
        (_J.PAUSED, _JE.RETIRE): _J.RETIRED,
        (_J.PAUSED, _JE.CANCEL): _J.CANCELLED,
        (_J.PAUSED, _JE.REPLACE): _J.PAUSED,
        (_J.FINISHED, _JE.RETIRE): _J.RETIRED,
        (_J.FINISHED, _JE.REPLACE): _J.SCHEDULED,
        (_J.REMOVED, _JE.RESUME): _J.SCHEDULED,
        (_J.REMOVED, _JE.RETIRE): _J.RETIRED,
        (_J.REMOVED, _JE.CANCEL): _J.CANCELLED,
        (_J.REMOVED, _JE.REPLACE): _J.SCHEDULED,
        (_J.RETIRED, _JE.REPLACE): _J.SCHEDULED,
        (_J.CANCELLED, _JE.REPLACE): _J.SCHEDULED,
    }
)

RUN_TRANSITIONS: Mapping[tuple[RunState, RunEvent], RunState] = MappingProxyType(
    {
        (_R.HELD, _RE.RELEASE): _R.WAITING,
        (_R.HELD, _RE.CANCEL): _R.CANCELLED,
        (_R.WAITING, _RE.CLAIM): _R.RUNNING,
        (_R.WAITING, _RE.CANCEL): _R.CANCELLED,
        (_R.RUNNING, _RE.SUCCEED): _R.FINISHED,
        (_R.RUNNING, _RE.FAIL): _R.FAILED,
        (_R.RUNNING, _RE.RETRY): _R.WAITING,
        (_R.RUNNING, _RE.GIVE_BACK): _R.WAITING,
        (_R.RUNNING, _RE.WITHDRAW): _R.CANCELLED,
        (_R.FAILED, _RE.REOPEN): _R.WAITING,
        (_R.FINISHED, _RE.REOPEN): _R.WAITING,
    }
)

DELIVERY_TRANSITIONS: Mapping[tuple[DeliveryState, DeliveryEvent], DeliveryState] = (
    MappingProxyType(
        {
            (_D.HELD, _DE.RELEASE): _D.PENDING,
            (_D.PENDING, _DE.CLAIM): _D.DELIVERING,
            (_D.DELIVERING, _DE.SUCCEED): _D.DELIVERED,
            (_D.DELIVERING, _DE.RETRY): _D.PENDING,
            (_D.DELIVERING, _DE.GIVE_UP): _D.DEAD,
            (_D.DELIVERING, _DE.GIVE_BACK): _D.PENDING,
            (_D.DEAD, _DE.REDRIVE): _D.PENDING,
        }
    )
)

UNFINISHED_JOBS = frozenset({_J.SCHEDULED, _J.PAUSED})
UNFINISHED_RUNS = frozenset({_R.HELD, _R.WAITING, _R.RUNNING})
UNFINISHED_DELIVERIES = frozenset({_D.HELD, _D.PENDING, _D.DELIVERING})


def job_after(state: JobState, event: JobEvent) -> JobState | None:
    """The state that *event* leads to from *state*, or ``None`` if it cannot happen."""
    return JOB_TRANSITIONS.get((state, event))


def run_after(state: RunState, event: RunEvent) -> RunState | None:
    """The state that *event* leads to from *state*, or ``None`` if it cannot happen."""
    return RUN_TRANSITIONS.get((state, event))


def delivery_after(state: DeliveryState, event: DeliveryEvent) -> DeliveryState | None:
    """The state that *event* leads to from *state*, or ``None`` if it cannot happen."""
    return DELIVERY_TRANSITIONS.get((state, event))
