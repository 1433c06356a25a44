"""Bugs on purpose: the engine broken in known ways, to see that the ledger notices.

Each is what a tired programmer might have written.  ``python -m
tests.simulation --plant NAME`` plays with one of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from jqengine.dispatch import dispatcher, firing
from jqengine.dispatch.leases import Leases
from jqengine.dispatch.recorder import Recorder
from jqengine.interfaces import ITriggers
from jqengine.job import Firing, Job, Outcome, Owner, Run
from jqengine.lifecycle import RunState
from jqengine.store import memoryqueue
from jqengine.store.memorygroups import MemoryGroups
from jqengine.store.memoryqueue import KeptRun, MemoryQueue

Patch = Any


def claims_not_fenced() -> Patch:
    """A result is taken from whoever brings it, as long as the run is running."""
    end_attempt = MemoryQueue._end_attempt

    def unfenced(self: MemoryQueue, outcome: Outcome) -> bool:
        kept = self._runs[outcome.run_id]
        if kept.owner is not None:
            outcome = outcome._replace(owner=kept.owner, attempt=kept.run.attempt)
        return end_attempt(self, outcome)

    return mock.patch.object(MemoryQueue, "_end_attempt", unfenced)


def attempt_counted_at_the_end() -> Patch:
    """An attempt is counted when it ends, and so not when its process is lost."""
    claim, give_back, end = MemoryQueue.claim, MemoryQueue._give_back, MemoryQueue._end_attempt

    def count(kept: KeptRun | None, by: int) -> None:
        if kept is not None and kept.run.state is RunState.RUNNING:
            kept.run = kept.run._replace(attempt=kept.run.attempt + by)

    def uncounted(self: MemoryQueue, *said: Any) -> Sequence[Run]:
        runs = claim(self, *said)
        for run in runs:
            count(self._runs[run.id], -1)
        return runs

    def given_back(self: MemoryQueue, owner: Owner, kept: KeptRun | None, now: float) -> bool:
        count(kept, +1)
        return give_back(self, owner, kept, now)

    def counted(self: MemoryQueue, outcome: Outcome) -> bool:
        count(self._runs.get(outcome.run_id), +1)
        return end(self, outcome)

    return mock.patch.multiple(
        MemoryQueue, claim=uncounted, _give_back=given_back, _end_attempt=counted
    )


def next_due_from_now() -> Patch:
    """The next due time follows from when the engine looked, not from the last one."""
    fire = firing.fire

    def from_now(job: Job, unfinished: int, now: float, triggers: ITriggers) -> Firing:
        decided = fire(job, unfinished, now, triggers)
        stepped = replace(job, fired=job.fired + 1)
        return decided._replace(next_due=triggers.following(stepped, now + 1.0))

    return mock.patch.object(dispatcher, "fire", from_now)


def firing_not_compared() -> Patch:
    """Whoever fires a job fires it, wherever it has got to meanwhile."""
    fire = MemoryQueue._fire

    def unconditional(self: MemoryQueue, one: Firing, now: float) -> int:
        kept = self._jobs.get(one.job_id)
        if kept is not None and kept.job.due is not None:
            one = one._replace(expected=kept.job.due)
        return fire(self, one, now)

    return mock.patch.object(MemoryQueue, "_fire", unconditional)


def lease_not_renewed() -> Patch:
    """A claim is good for a minute, however long its run takes."""

    def renew(self: MemoryQueue, owner: Owner, now: float, lease: float) -> int:
        return sum(memoryqueue._holds(kept, owner) for kept in self._runs.values())

    return mock.patch.object(MemoryQueue, "renew", renew)


def clock_always_trusted() -> Patch:
    """Leases are judged by a clock that somebody has just set."""
    return mock.patch.object(Leases, "_clock_is_new", return_value=False)


def delivered_before_recorded() -> Patch:
    """Sinks are told as soon as there is a result."""
    outcome = Recorder._outcome

    def eager(self: Recorder, run: Run, *said: Any) -> Outcome:
        made = outcome(self, run, *said)
        if made.verdict.state is not RunState.WAITING:
            self._delivery.deliver(run, made)
        return made

    return mock.patch.object(Recorder, "_outcome", eager)


def lines_always_new() -> Patch:
    """A crontab that is read again gives every job a new due time."""
    return mock.patch("jqengine.triggers.reconcile._same_moments", return_value=False)


def second_plan_wins() -> Patch:
    """The plan of a second node for the same line is carried out, too."""
    return mock.patch.object(memoryqueue, "is_there_already", return_value=False)


def under_way_forgotten() -> Patch:
    """A claim counts what it takes of a group, and not what runs already."""
    claimable = MemoryGroups.claimable

    def careless(
        self: MemoryGroups, ready: Sequence[Run], _running: Any, most: int, now: float
    ) -> list[Run]:
        return claimable(self, ready, Counter(), most, now)

    return mock.patch.object(MemoryGroups, "claimable", careless)


PLANTS: Mapping[str, Callable[[], Patch]] = {
    function.__name__: function
    for function in (
        claims_not_fenced,
        attempt_counted_at_the_end,
        next_due_from_now,
        firing_not_compared,
        lease_not_renewed,
        clock_always_trusted,
        delivered_before_recorded,
        lines_always_new,
        second_plan_wins,
        under_way_forgotten,
    )
}


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """The engine with the bug of that name; as it is without a name."""
    if name is None:
        yield
        return
    with PLANTS[name]():
        yield
