"""The loop, on a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail

from jqengine.dispatch.dispatcher import LONGEST_PAUSE
from jqengine.dispatch.leases import LEASE
from jqengine.errors import StoreUnavailable
from jqengine.job import (
    Catchup,
    Definition,
    Job,
    Overlap,
    Owner,
    Policy,
    Request,
    Run,
    Schedule,
    Step,
    Syntax,
)
from jqengine.lifecycle import JobEvent, JobState, RunState
from jqengine.remote.waits import Waits
from jqengine.store.memory import MemoryStore
from jqengine.units import Rate
from tests.dispatch.engineroom import EngineRoom
from tests.dispatch.values import NOW, a_job, a_result


def result_of(deferred: Deferred[Any]) -> Any:
    """What *deferred* has fired with."""
    results: list[Any] = []
    deferred.addBoth(results.append)
    assert results, "it has not fired"
    return results[0]


@pytest.fixture
def room() -> Iterator[EngineRoom]:
    one = EngineRoom()
    yield one
    one.store.trouble = None
    if one.dispatcher.running:
        stopped = one.stop()
        one.dispatcher.hurry()
        one.pass_time(5)
        assert stopped.called
    assert one.timers.getDelayedCalls() == []


def once(number: int, due: float = NOW, **policy: Any) -> Job:
    """An anonymous one-time job."""
    return Job(
        id=f"once-{number:04}",
        definition=Definition(
            identity=None,
            name=None,
            request=Request(target=f"/once/{number}"),
            schedule=Schedule(syntax=Syntax.NOW, text="", zone="UTC"),
            policy=Policy(**policy),
        ),
        state=JobState.SCHEDULED,
        created=due,
        anchor=due,
        due=due,
    )


def add(room: EngineRoom, *jobs: Job) -> None:
    result_of(room.store.add(jobs))
    room.dispatcher.look()


def states(store: MemoryStore, job_id: str = "job-1") -> list[tuple[float, RunState]]:
    """Due time, relative, and state of each run of a job, oldest first."""
    runs = result_of(store.runs(job_id, 1000))
    return sorted((run.due - NOW, run.state) for run in runs)


def test_a_job_runs_when_it_is_due_and_not_before(room: EngineRoom) -> None:
    add(room, a_job(due=NOW + 5))
    room.start()
    room.pass_time(4.8)
    assert room.host.running == []
    room.pass_time(0.3)
    assert [run.due for run in room.host.running] == [NOW + 5]
    assert room.host.running[0].attempt == 1


def test_a_recurring_job_goes_on(room: EngineRoom) -> None:
    add(room, a_job())
    room.start()
    for _ in range(3):
        room.pass_time(0.1)
        assert room.answer_all() == 1
        room.pass_time(9.9)
    assert [state for _, state in states(room.store)][:3] == [RunState.FINISHED] * 3
    assert [run.due - NOW for run, _ in room.delivery.delivered] == [0, 10, 20]


def test_what_is_added_while_it_sleeps_starts_at_once(room: EngineRoom) -> None:
    room.start()
    room.pass_time(7)
    add(room, once(1))
    assert [run.id for run in room.host.running] == ["once-0001"]


def test_no_more_is_claimed_than_threads_will_soon_be_free(room: EngineRoom) -> None:
    add(room, *(once(number) for number in range(10)))
    room.start()
    assert len(room.host.running) == 2
    assert result_of(room.store.stats(NOW))["running"] == 2
    room.answer(room.host.running[0])
    assert len(room.host.running) == 2


def test_priority_goes_before_due_time(room: EngineRoom) -> None:
    add(room, once(1, NOW - 9), once(2, NOW - 5, priority=-1), once(3, NOW - 7, priority=-1))
    room.start()
    assert [run.id for run in room.host.running] == ["once-0003", "once-0002"]


def test_a_group_goes_on_when_one_of_its_runs_has_ended(room: EngineRoom) -> None:
    add(room, *(once(number, group="g", concurrency=1) for number in range(3)))
    room.start()
    for number in range(3):
        assert [run.id for run in room.host.running] == [f"once-000{number}"]
        room.pass_time(60)
        room.answer_all()
    assert room.host.running == []


def test_a_group_goes_on_when_a_token_comes(room: EngineRoom) -> None:
    add(room, *(once(number, group="g", rate=Rate(1, 5.0)) for number in range(3)))
    room.start()
    for _ in range(3):
        assert room.answer_all() == 1
        room.pass_time(4.9)
        assert room.host.running == []
        room.pass_time(0.2)


def test_a_failure_is_tried_again_after_its_wait_and_then_fails(room: EngineRoom) -> None:
    add(room, once(1))
    room.start()
    attempts = []
    for wait in (1.0, 2.0, 0.0):
        [run] = room.host.running
        attempts.append(run.attempt)
        room.answer(run, 500)
        assert room.host.running == []
        room.pass_time(wait + 0.1)
    assert attempts == [1, 2, 3]
    assert states(room.store, "once-0001") == [(0, RunState.FAILED)]
    assert [result.status for _, result in room.delivery.delivered] == [500]
    assert [n for n, _ in result_of(room.store.results("once-0001"))] == [1, 2, 3]


def test_a_cancelled_job_is_not_tried_again_and_who_waits_is_told(room: EngineRoom) -> None:
    add(room, a_job())
    room.start()
    over = Waits(room.hub).next_of("job-1")
    room.store.steer(Step("job-1", JobEvent.CANCEL, reason="on request"), room.clock.now())
    room.answer_all(500)
    run, result = result_of(over)
    assert (run.state, result.status) == (RunState.CANCELLED, 500)
    assert room.delivery.delivered == []
    room.pass_time(60)
    assert room.host.running == []


def test_an_answer_that_removes_ends_a_recurring_job(room: EngineRoom) -> None:
    add(room, a_job(attempts=1))
    room.start()
    room.answer_all(500)
    room.pass_time(60)
    assert room.host.running == []
    job = result_of(room.store.job("job-1"))
    assert job.state is JobState.REMOVED
    assert "500" in job.reason


def test_retry_after_costs_no_attempt(room: EngineRoom) -> None:
    add(room, once(1))
    room.start()
    for _ in range(5):
        [run] = room.host.running
        assert run.attempt == 1
        room.answer(run, 503, headers=(("Retry-After", "5"),))
        room.pass_time(4.8)
        assert room.host.running == []
        room.pass_time(0.4)


def test_a_due_time_during_a_long_run_is_skipped_by_default(room: EngineRoom) -> None:
    add(room, a_job())
    room.start()
    room.pass_time(15)
    assert len(room.host.running) == 1
    room.answer_all()
    assert states(room.store) == [(0, RunState.FINISHED), (10, RunState.SKIPPED)]


def test_it_can_wait_for_the_run_before_it(room: EngineRoom) -> None:
    add(room, a_job(overlap=Overlap.QUEUE))
    room.start()
    room.pass_time(15)
    assert [run.due - NOW for run in room.host.running] == [0]
    room.answer_all()
    assert [run.due - NOW for run in room.host.running] == [10]


def test_it_can_run_beside_it(room: EngineRoom) -> None:
    add(room, a_job(overlap=Overlap.ALLOW))
    room.start()
    room.pass_time(15)
    assert [run.due - NOW for run in room.host.running] == [0, 10]


@pytest.mark.parametrize(
    ("catchup", "ran"), [(Catchup.LATEST, [90]), (Catchup.ALL, list(range(0, 100, 10)))]
)
def test_missed_due_times_are_caught_up(catchup: Catchup, ran: list[int]) -> None:
    room = EngineRoom(threads=20)
    add(room, a_job(catchup=catchup))
    room.pass_time(95)
    room.start()
    while room.answer_all():
        pass
    assert [run.due - NOW for run, _ in room.delivery.delivered] == ran
    stopped = room.stop()
    room.pass_time(1)
    assert stopped.called


def test_too_long_is_no_response_and_a_late_answer_is_nobodys(room: EngineRoom) -> None:
    add(room, once(1, timeout=3.0, attempts=1))
    room.start()
    [run] = room.host.running
    room.pass_time(2.5)
    assert room.host.abandoned == []
    room.pass_time(2)
    assert room.host.abandoned == [run]
    [(_, result)] = room.delivery.delivered
    assert (result.status, result.reason) == (0, "timeout after 3s")
    room.answer(run)
    assert len(room.delivery.delivered) == 1


def test_trouble_with_the_store_passes(room: EngineRoom) -> None:
    room.start()
    add(room, once(1, NOW + 5))
    room.store.trouble = StoreUnavailable("the disk is on fire")
    room.pass_time(60)
    assert room.host.running == []
    room.store.trouble = None
    room.pass_time(31)
    assert len(room.host.running) == 1


def test_an_error_that_nobody_expects_does_not_end_the_dispatching(
    room: EngineRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.start()
    add(room, once(1, NOW + 5))
    claim, broken = room.store.claim, iter([True])

    def claim_once_broken(*said: Any) -> Deferred[Sequence[Run]]:
        return fail(ValueError("a bug")) if next(broken, False) else claim(*said)

    monkeypatch.setattr(room.store, "claim", claim_once_broken)
    room.pass_time(40)
    assert len(room.host.running) == 1


def test_with_every_thread_stuck_nothing_is_claimed_and_what_waits_is_given_back(
    room: EngineRoom,
) -> None:
    add(room, *(once(number) for number in range(1, 6)))
    room.start()
    room.pass_time(1)
    begun = [run.id for run in room.host.running]
    room.host.able = False
    room.dispatcher.look()
    room.pass_time(1)
    runs = [result_of(room.store.runs(f"once-000{number}", 1))[0] for number in range(1, 6)]
    assert [run.id for run in runs if run.state is RunState.RUNNING] == begun
    assert {run.attempt for run in runs if run.state is RunState.WAITING} == {0}
    assert room.recorder.in_hand == len(begun)
    room.host.able = True
    room.pass_time(31)
    while room.answer_all():
        room.pass_time(1)
    assert result_of(room.store.stats(NOW + 100))["finished"] == 5


def test_what_cannot_be_given_back_is_kept(room: EngineRoom) -> None:
    add(room, *(once(number) for number in range(1, 6)))
    room.start()
    room.pass_time(1)
    queued = list(room.host.queued)
    room.host.able = False
    room.store.trouble = StoreUnavailable("the line is cut")
    room.dispatcher.look()
    room.pass_time(1)
    assert room.host.queued == queued
    assert room.recorder.in_hand == len(queued) + len(room.host.running)


def test_a_result_in_hand_outlives_trouble_with_the_store(room: EngineRoom) -> None:
    add(room, once(1))
    room.start()
    room.store.trouble = StoreUnavailable("the disk is on fire")
    room.answer_all()
    room.pass_time(60)
    assert room.delivery.delivered == []
    room.store.trouble = None
    room.pass_time(2)
    assert len(room.delivery.delivered) == 1
    assert states(room.store, "once-0001") == [(0, RunState.FINISHED)]


def test_one_result_that_cannot_be_recorded_does_not_take_others_along(
    room: EngineRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(room, once(1), once(2))
    room.start()
    record = room.store.record

    def picky(outcomes: Any) -> Any:
        if any(one.run_id == "once-0001" for one in outcomes):
            raise TypeError("cannot encode that")
        return record(outcomes)

    monkeypatch.setattr(room.store, "record", picky)
    first, second = room.host.running
    room.host.ends(first)
    room.recorder.ended([(first, a_result()), (second, a_result())])
    assert [run.id for run, _ in room.delivery.delivered] == ["once-0002"]
    assert room.recorder.in_hand == 0


def test_stopping_gives_back_what_has_not_begun_and_waits_for_the_rest(room: EngineRoom) -> None:
    add(room, *(once(number) for number in range(2)))
    room.start()
    room.host.queued = [room.host.begun.pop()[0]]
    stopped = room.stop()
    assert not stopped.called
    assert states(room.store, "once-0001") == [(0, RunState.WAITING)]
    assert result_of(room.store.runs("once-0001", 1))[0].attempt == 0
    room.answer_all()
    assert stopped.called
    assert states(room.store, "once-0000") == [(0, RunState.FINISHED)]


def test_the_drain_has_an_end_and_the_attempt_is_restored(room: EngineRoom) -> None:
    add(room, once(1))
    room.start()
    stopped = room.stop()
    room.pass_time(29)
    assert not stopped.called
    room.pass_time(2)
    assert stopped.called
    [run] = result_of(room.store.runs("once-0001", 1))
    assert (run.state, run.attempt) == (RunState.WAITING, 0)


def test_a_restart_takes_over_what_was_running(room: EngineRoom) -> None:
    add(room, once(1), once(2, attempts=1))
    room.start()
    assert len(room.host.running) == 2

    again = EngineRoom(room.store, boot="boot-2").start()
    assert again.host.running == []
    [(failed, result)] = again.delivery.delivered
    assert (failed.id, result.status, result.reason) == ("once-0002", 0, "process lost")
    again.pass_time(1.2)
    [retried] = again.host.running
    assert (retried.id, retried.attempt) == ("once-0001", 2)

    for run in room.host.running:
        room.answer(run)
    assert room.delivery.delivered == [], "the first process has lost its claims"
    again.answer_all()
    assert [run.id for run, _ in again.delivery.delivered] == ["once-0002", "once-0001"]
    again.stop()
    again.pass_time(0)


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_stepped_clock_neither_freezes_nor_repeats(room: EngineRoom, step: float) -> None:
    add(room, replace(a_job(), due=NOW + 10))
    room.start()
    room.pass_time(10.2)
    room.answer_all()
    room.clock.offset += step
    room.pass_time(3)
    expected = 1 if step > 0 else 0
    assert len(room.host.running) == expected
    room.answer_all()
    room.pass_time(20)
    runs = [due for due, state in states(room.store) if state is RunState.FINISHED]
    assert len(runs) == len(set(runs)) == 1 + expected


def test_the_longest_pause_is_half_a_minute(room: EngineRoom) -> None:
    room.start()
    result_of(room.store.add([once(1)]))
    room.pass_time(29)
    assert room.host.running == []
    room.pass_time(1.1)
    assert len(room.host.running) == 1


def test_what_waited_while_no_lease_could_be_renewed_is_let_go(
    room: EngineRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(room, *(once(number) for number in range(1, 20)))
    room.start()
    for _ in range(4):  # quick ones, so that more are claimed than there are threads
        room.answer_all()
        room.pass_time(0.1)
    queued = [run.id for run in room.host.queued]
    given_back: list[str] = []
    give_back = room.store.give_back

    def noted(owner: Owner, run_ids: Sequence[str], now: float) -> Deferred[int]:
        given_back.extend(run_ids)
        return give_back(owner, run_ids, now)

    monkeypatch.setattr(room.store, "give_back", noted)
    room.timers.advance(LEASE - 1)
    assert not room.leases.lapsed
    assert given_back == []
    # As of a process that was stopped: all that is late comes at once.
    room.timers.advance(LEASE + 20)
    assert given_back == queued != []
    assert not room.leases.lapsed
    while room.answer_all():
        room.pass_time(1)
    assert result_of(room.store.stats(NOW + 1000))["finished"] == 19
    assert given_back == queued


def test_the_age_of_a_tick_tells_trouble_with_the_store_from_a_loop_that_is_stuck(
    room: EngineRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.start()
    room.pass_time(300)
    assert room.dispatcher.tick_age <= LONGEST_PAUSE
    room.store.trouble = StoreUnavailable("away")
    room.pass_time(300)
    assert room.dispatcher.tick_age <= LONGEST_PAUSE, "it goes on asking"
    room.store.trouble = None
    asked: Deferred[float | None] = Deferred()
    with monkeypatch.context() as stuck:
        stuck.setattr(room.store, "next_ready", lambda: asked)
        room.pass_time(300)
    assert room.dispatcher.tick_age > 300 - 2 * LONGEST_PAUSE
    asked.callback(None)
    room.dispatcher.look()
    room.pass_time(1)
    assert room.dispatcher.tick_age < 2


def test_large_requests_are_claimed_for_free_threads_alone(
    room: EngineRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jqengine.dispatch.dispatcher.MOST_BYTES_IN_HAND", 600)
    large = [
        replace(
            once(number),
            definition=replace(
                once(number).definition,
                request=replace(once(number).definition.request, body=bytes([number]) * 600),
            ),
        )
        for number in range(1, 20)
    ]
    add(room, *large)
    room.start()
    most = 0
    while room.host.running:
        most = max(most, room.recorder.in_hand)
        room.answer(room.host.running[0])
        room.pass_time(0.1)
    assert most == room.host.threads
    assert result_of(room.store.stats(NOW + 1000))["finished"] == 19
