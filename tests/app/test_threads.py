"""The pool: threads from start to stop, whatever the calls raise."""

from __future__ import annotations

import threading

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults

from jqengine.app.threads import LAST_PATIENCE, ApplicationThreads
from tests.app.fakes import HandReactor


def in_pool(pool: ApplicationThreads, function) -> Deferred:
    done: Deferred = Deferred()
    pool.callInThread(lambda: reactor.callFromThread(done.callback, function()))
    return done


@pytest_twisted.ensureDeferred
async def test_there_are_so_many_named_threads_and_only_while_it_runs() -> None:
    pool = ApplicationThreads(reactor, "web", 3)
    before = set(threading.enumerate())
    meeting = threading.Barrier(3)

    def meet() -> str:
        meeting.wait(5)
        return threading.current_thread().name

    early = [in_pool(pool, meet) for _ in range(3)]
    assert set(threading.enumerate()) == before
    pool.startService()
    assert sorted(await gatherResults(early)) == ["web-1", "web-2", "web-3"]
    await pool.stopService()
    assert not set(threading.enumerate()) - before


@pytest.mark.parametrize(
    "raised",
    [SystemExit, KeyboardInterrupt, GeneratorExit, MemoryError, RecursionError, ValueError],
)
@pytest_twisted.ensureDeferred
async def test_no_exception_ends_a_thread(raised: type[BaseException], flushed) -> None:
    pool = ApplicationThreads(reactor, "web", 1)
    pool.startService()

    def fail() -> None:
        raise raised("from the application")

    first = await in_pool(pool, threading.current_thread)
    pool.callInThread(fail)
    assert await in_pool(pool, threading.current_thread) is first
    await pool.stopService()
    assert [type(failure.value) for failure in flushed()] == [raised]


@pytest_twisted.ensureDeferred
async def test_a_call_at_the_recursion_limit_leaves_the_thread_whole(flushed) -> None:
    pool = ApplicationThreads(reactor, "web", 1)
    pool.startService()

    def dig() -> None:
        dig()

    pool.callInThread(dig)
    assert await in_pool(pool, lambda: "alive") == "alive"
    await pool.stopService()
    assert [type(failure.value) for failure in flushed()] == [RecursionError]


@pytest_twisted.ensureDeferred
async def test_stopping_waits_for_what_was_queued_before() -> None:
    pool = ApplicationThreads(reactor, "web", 2)
    done: list[int] = []
    for number in range(50):
        pool.callInThread(done.append, number)
    pool.startService()
    await pool.stopService()
    assert sorted(done) == list(range(50))


@pytest_twisted.ensureDeferred
async def test_a_thread_that_leaves_leaves_nothing_undone() -> None:
    pool = ApplicationThreads(reactor, "job", 2)
    done: list[str] = []
    pool.callInThread(pool.end_this_thread)
    pool.callInThread(done.append, "the next")
    pool.startService()
    await pool.stopService()
    assert done == ["the next"]


@pytest_twisted.ensureDeferred
async def test_a_stopped_pool_can_start_again() -> None:
    pool = ApplicationThreads(reactor, "web", 2)
    for _ in range(3):
        pool.startService()
        assert await in_pool(pool, lambda: "here") == "here"
        await pool.stopService()


@pytest_twisted.ensureDeferred
async def test_a_thread_can_be_added_and_end_itself() -> None:
    pool = ApplicationThreads(reactor, "job", 1)
    pool.startService()
    pool.add()
    meeting = threading.Barrier(2)
    names = await gatherResults(
        [
            in_pool(pool, lambda: (meeting.wait(5), threading.current_thread().name)[1])
            for _ in range(2)
        ]
    )
    assert sorted(names) == ["job-1", "job-2"]
    leaver = await in_pool(pool, lambda: (pool.end_this_thread(), threading.current_thread())[1])
    leaver.join(5)
    assert not leaver.is_alive()
    assert await in_pool(pool, threading.current_thread) is not leaver
    await pool.stopService()


def test_a_thread_that_never_comes_back_is_left_behind() -> None:
    hand = HandReactor()
    pool = ApplicationThreads(hand, "web", 1)
    pool.startService()
    inside, leave = threading.Event(), threading.Event()

    def hang() -> None:
        inside.set()
        leave.wait()

    pool.callInThread(hang)
    assert inside.wait(5)
    fired: list[None] = []
    pool.stopService().addCallback(fired.append)
    hand.advance(LAST_PATIENCE - 0.1)
    assert not fired
    hand.advance(0.2)
    assert fired == [None]
    stuck = next(one for one in threading.enumerate() if one.name == "web-1")
    assert stuck.daemon
    leave.set()
    stuck.join(5)
    hand.look()
    assert hand.getDelayedCalls() == []
