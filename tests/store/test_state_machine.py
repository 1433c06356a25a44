"""Any sequence of calls, held against a model of thirty lines.

Hypothesis makes up the sequences, and makes a failing one short.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread, deferToThread

from jqengine.interfaces import IStore
from jqengine.job import Owner, Run
from jqengine.lifecycle import RunState
from jqengine.store.memory import MemoryStore
from jqengine.store.opening import store_for
from jqengine.store.postgres import PostgresPlace

from .played_postgres import PlayedPostgres, empty
from .values import LEASE, NOW, a_firing, a_job, a_retry, an_end, an_id_factory

GROUP, CONCURRENCY = "group", 3

MakeStore = Callable[[], IStore]
T = TypeVar("T")


def ask(call: Callable[..., Deferred[T]], *arguments: Any) -> T:
    """Make *call* on the reactor thread and wait for its answer."""
    from twisted.internet import reactor

    return blockingCallFromThread(reactor, call, *arguments)


@dataclass
class ModelRun:
    """What the model knows of a run."""

    due: float
    ready: float
    priority: int
    state: str = "waiting"
    attempt: int = 0
    holder: Owner | None = None
    grouped: bool = False


class Model:
    """The queue in forty lines: anonymous runs, one job with overlap=queue, and a group."""

    def __init__(self) -> None:
        self.paused: set[str | None] = set()
        self.knows_group = False
        self.runs: dict[str, ModelRun] = {}
        self.queued: list[str] = []  # runs of the job, in the order of their due times

    def fire(self, run_id: str, due: float) -> None:
        busy = any(self.runs[one].state in ("held", "waiting", "running") for one in self.queued)
        self.runs[run_id] = ModelRun(due, due, 0, "held" if busy else "waiting")
        self.queued.append(run_id)

    def claimable(self, now: float, limit: int) -> list[ModelRun]:
        found = [one for one in self.runs.values() if one.state == "waiting" and one.ready <= now]
        room = self.room()
        chosen: list[ModelRun] = []
        for one in sorted(found, key=lambda one: (one.priority, one.ready)):
            if None in self.paused or len(chosen) == limit or (one.grouped and not room):
                continue
            room -= one.grouped
            chosen.append(one)
        return chosen

    def room(self) -> int:
        under_way = sum(one.grouped and one.state == "running" for one in self.runs.values())
        return 0 if GROUP in self.paused else CONCURRENCY - under_way

    def opens(self) -> list[float]:
        waiting = [one for one in self.runs.values() if one.state == "waiting"]
        open_ones = [one.ready for one in waiting if not one.grouped or self.room() > 0]
        return [] if None in self.paused else open_ones

    def holds(self, run_id: str, owner: Owner, attempt: int) -> bool:
        one = self.runs[run_id]
        return (one.state, one.holder, one.attempt) == ("running", owner, attempt)

    def back(self, run_id: str, ready: float, restore: bool) -> None:
        one = self.runs[run_id]
        one.state, one.ready, one.attempt = "waiting", ready, one.attempt - restore

    def end(self, run_id: str, state: str) -> None:
        self.runs[run_id].state = state
        held = [one for one in self.queued if self.runs[one].state == "held"]
        if run_id in self.queued and held:
            self.runs[held[0]].state = "waiting"


class QueueMachine(RuleBasedStateMachine):
    """Does the same to a store and to the model, and compares them."""

    make_store: MakeStore

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.now = NOW
        self.boots = count(2)
        self.owner = Owner("node", "boot-1")
        self.claims: list[tuple[Owner, Run]] = []
        self.store = self.make_store()
        ask(self.store.open)
        self.job = a_job("queued", due=NOW)
        ask(self.store.add, [self.job])

    def teardown(self) -> None:
        ask(self.store.close)

    @rule(spread=st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 20)), max_size=70))
    def add(self, spread: list[tuple[int, int]]) -> None:
        jobs = [a_job(due=self.now + wait, priority=priority) for priority, wait in spread]
        assert list(ask(self.store.add, jobs)) == jobs
        for job in jobs:
            assert job.due is not None
            self.model.runs[job.id] = ModelRun(job.due, job.due, job.definition.policy.priority)

    @rule(waits=st.lists(st.integers(0, 20), max_size=9))
    def add_to_the_group(self, waits: list[int]) -> None:
        jobs = [a_job(due=self.now + wait, group=GROUP, concurrency=CONCURRENCY) for wait in waits]
        ask(self.store.add, jobs)
        self.model.knows_group |= bool(jobs)
        for job in jobs:
            assert job.due is not None
            self.model.runs[job.id] = ModelRun(job.due, job.due, 0, grouped=True)

    @rule(group=st.sampled_from([None, GROUP]), paused=st.booleans())
    def pause_or_resume(self, group: str | None, paused: bool) -> None:
        changed = ask(self.store.set_paused, group, paused)
        self.model.knows_group |= group is not None
        assert changed == ((group in self.model.paused) != paused)
        (self.model.paused.add if paused else self.model.paused.discard)(group)

    @rule(late=st.booleans())
    def fire(self, late: bool) -> None:
        due = self.job.due
        firing = a_firing(self.job, next_due=due + 5, expected=due + late, held=True)
        made = ask(self.store.fire, [firing], due)
        assert made == (not late)
        if made:
            self.model.fire(ask(self.store.runs, self.job.id, 1)[0].id, due)
            self.job = ask(self.store.job, self.job.id)

    @rule(seconds=st.integers(1, 10))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule(limit=st.integers(0, 60))
    def claim(self, limit: int) -> None:
        expected = self.model.claimable(self.now, limit)
        runs = ask(self.store.claim, self.owner, self.now, limit, LEASE)
        found = [self.model.runs[run.id] for run in runs]
        assert all(one.state == "waiting" for one in found)
        order = [(one.priority, one.ready) for one in expected]
        assert [(one.priority, one.ready) for one in found] == order
        for one, run in zip(found, runs, strict=True):
            one.state, one.attempt, one.holder = "running", one.attempt + 1, self.owner
            assert run.attempt == one.attempt
        self.claims += [(self.owner, run) for run in runs]

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def record(self, data: st.DataObject) -> None:
        some = data.draw(st.lists(st.sampled_from(self.claims), min_size=1, max_size=60))
        outcomes, expected = [], []
        for owner, run in some:
            kind = data.draw(st.sampled_from(["finished", "failed", "retry", "snooze"]))
            held = self.model.holds(run.id, owner, run.attempt)
            expected.append(held)
            if kind in ("retry", "snooze"):
                restore = kind == "snooze"
                outcomes.append(a_retry(run, owner=owner, ready=self.now + 3, restore=restore))
                if held:
                    self.model.back(run.id, self.now + 3, restore)
            else:
                outcomes.append(an_end(run, 200 if kind == "finished" else 500, owner))
                if held:
                    self.model.end(run.id, kind)
        assert list(ask(self.store.record, outcomes)) == expected

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        some = data.draw(st.lists(st.sampled_from(self.claims), unique_by=lambda pair: pair[1].id))
        held = [run for _, run in some if self.model.runs[run.id].holder == self.owner]
        held = [run for run in held if self.model.runs[run.id].state == "running"]
        count_of = ask(self.store.give_back, self.owner, [run.id for _, run in some], self.now)
        assert count_of == len(held)
        for run in held:
            self.model.back(run.id, self.model.runs[run.id].ready, restore=True)

    @rule()
    def restart(self) -> None:
        ask(self.store.close)
        self.store = self.make_store()
        ask(self.store.open)
        self.owner = Owner("node", f"boot-{next(self.boots)}")
        runs = ask(self.store.recover, self.owner, self.now, LEASE)
        lost = {key for key, one in self.model.runs.items() if one.state == "running"}
        assert {run.id for run in runs} == lost
        for run in runs:
            self.model.runs[run.id].holder = self.owner
        self.claims += [(self.owner, run) for run in runs]

    @rule(limit=st.integers(1, 30))
    def prune(self, limit: int) -> None:
        ended = [key for key, one in self.model.runs.items() if one.state in ("finished", "failed")]
        assert ask(self.store.prune, NOW + 1e6, limit) == min(limit, len(ended))
        for run_id in ended:
            if not ask(self.store.results, run_id):
                del self.model.runs[run_id]
                self.claims = [pair for pair in self.claims if pair[1].id != run_id]
                self.model.queued = [one for one in self.model.queued if one != run_id]

    @invariant()
    def the_counts_agree(self) -> None:
        states = [one.state for one in self.model.runs.values()]
        counts = ask(self.store.stats, self.now)
        assert counts["running"] == states.count("running")
        assert counts["finished"] == states.count("finished")
        assert counts["failed"] == states.count("failed")
        exact = min([*self.model.opens(), self.job.due])
        if self.model.knows_group:
            assert ask(self.store.next_ready) <= exact, "it may be looked at too early"
        else:
            assert ask(self.store.next_ready) == exact

    @invariant()
    def the_queued_job_agrees(self) -> None:
        runs = ask(self.store.runs, self.job.id, 1000)
        expected = [self.model.runs[one] for one in reversed(self.model.queued)]
        assert [(run.due, run.state, run.attempt) for run in runs] == [
            (one.due, RunState(one.state), one.attempt) for one in expected
        ]


@ensureDeferred
@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgresql"])
async def test_any_sequence_of_calls(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    from twisted.internet import reactor

    numbers = count()
    template = tmp_path / "template.db"
    store = store_for(f"sqlite:///{template}", reactor, an_id_factory())
    await store.open()
    await store.close()
    url = request.getfixturevalue("played_database") if kind == "postgresql" else ""

    class Machine(QueueMachine):
        def __init__(self) -> None:
            new_id = an_id_factory()
            path = tmp_path / f"{next(numbers)}.db"
            shutil.copy(template, path)
            queue = MemoryStore(new_id).queue
            stores: dict[str, Callable[[], Any]] = {
                "memory": lambda: MemoryStore(new_id, queue=queue),
                "sqlite": lambda: store_for(f"sqlite:///{path}", reactor, new_id),
                "postgresql": lambda: PlayedPostgres(PostgresPlace(url), reactor, new_id),
            }
            if url:
                empty(url)
            self.make_store = stores[kind]
            super().__init__()

    chosen = settings(
        max_examples={"memory": 60, "sqlite": 25, "postgresql": 6}[kind],
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    await deferToThread(run_state_machine_as_test, Machine, settings=chosen)
