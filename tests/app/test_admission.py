"""How many jobs may be at work while visitors wait."""

from __future__ import annotations

import time

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor

from jqengine.app.admission import CALM, INTERVAL, LATE, PATIENCE, Admission
from jqengine.app.threads import ApplicationThreads

THREADS = 10


class Played:
    """An admission on a clock, and processor times, that a test moves."""

    def __init__(self) -> None:
        self.now = self.jobs = self.others = 0.0
        self.admission = Admission(
            THREADS, lambda: self.now, lambda: self.jobs, lambda: self.jobs + self.others
        )

    def visit(self, wait: float, *, jobs: float = 0.9, others: float = 0.1) -> int:
        """A visit that waited; *jobs* and *others* had these parts of a processor before it."""
        step = INTERVAL * 1.01
        self.now += step
        self.jobs += jobs * step
        self.others += others * step
        self.admission.waited(self.now - wait)
        return self.admission.admitted


@pytest.fixture
def played() -> Played:
    one = Played()
    one.visit(0.0)
    return one


def test_jobs_that_compute_make_room_while_visitors_wait(played: Played) -> None:
    assert played.admission.admitted == THREADS
    assert [played.visit(2 * LATE) for _ in range(5)] == [5, 2, 1, 1, 1]
    assert played.admission.share == 1 / THREADS


@pytest.mark.parametrize(
    "computing",
    [
        {"jobs": 0.05, "others": 0.01},  # hardly at all: it is the machine that is busy
        {"jobs": 0.3, "others": 0.5},  # less than the rest of the engine
    ],
)
def test_jobs_that_are_not_to_blame_do_not(played: Played, computing: dict[str, float]) -> None:
    assert played.visit(1.0, **computing) == THREADS


def test_a_wait_that_is_not_late_admits_more_after_a_while(played: Played) -> None:
    for _ in range(4):
        played.visit(2 * LATE)
    found = [played.visit(LATE / 2) for _ in range(2 * (PATIENCE + 1))]
    assert found == [1] * PATIENCE + [2] * (PATIENCE + 1) + [3]
    for _ in range(THREADS * (PATIENCE + 1)):
        played.visit(0.0)
    assert played.admission.admitted == THREADS


def test_the_longest_of_an_interval_counts(played: Played) -> None:
    played.visit(0.0)
    played.admission.waited(played.now - 2 * LATE)
    assert played.admission.admitted == THREADS
    assert played.visit(0.0) == THREADS // 2


def test_without_visitors_jobs_have_everything(played: Played) -> None:
    for _ in range(4):
        played.visit(2 * LATE)
    played.now += CALM
    assert played.admission.admitted == 1
    played.now += 0.01
    assert played.admission.admitted == THREADS


@ensureDeferred
async def test_threads_know_what_they_have_computed() -> None:
    pool = ApplicationThreads(reactor, "job", 2)
    assert pool.computed() == 0.0
    pool.startService()
    pool.callInThread(lambda: sum(range(3_000_000)))
    deadline = time.monotonic() + 10
    while pool.computed() < 0.01:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    await pool.stopService()
