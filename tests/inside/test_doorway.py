"""Threads of the engine's own process as clients, through the doorway, on a real reactor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from jqengine.client.inside import InsideQueue
from jqengine.errors import Forbidden, NotConnected, NotPossible
from jqengine.remote.doorway import Doorway
from tests.remote.office import Office

InThread = Callable[..., "Deferred[Any]"]


@pytest.fixture
def office() -> Office:
    """An engine."""
    return Office()


@pytest.fixture
def in_thread() -> Iterator[InThread]:
    """Calls a function in a thread."""
    pool = ThreadPool(1, 4)
    pool.start()
    yield partial(deferToThreadPool, reactor, pool)
    pool.stop()


@pytest.fixture
def doorway(office: Office) -> Iterator[Doorway]:
    """The way in."""
    yield Doorway(reactor, office.factory.buildProtocol)
    pytest_twisted.blockon(Deferred.fromCoroutine(office.factory.end_all()))


def queue_of(doorway: Doorway, *, only_looks: bool = False) -> InsideQueue:
    return InsideQueue(partial(doorway.connect, only_looks=only_looks))


@pytest_twisted.ensureDeferred
async def test_a_thread_schedules_and_looks(doorway: Doorway, in_thread: InThread) -> None:
    queue = queue_of(doorway)
    job = await in_thread(queue.schedule, "/reports/7", every="90s")
    assert [one.id for one in await in_thread(queue.jobs)] == [job.id]
    body = b"x" * 300_000
    long = await in_thread(partial(queue.schedule, "/x", method="PUT", body=body))
    assert (await in_thread(queue.job, long.id)).view.body_size == len(body)
    queue.close()


@pytest_twisted.ensureDeferred
async def test_who_may_only_look_changes_nothing(
    office: Office, doorway: Doorway, in_thread: InThread
) -> None:
    job = await in_thread(queue_of(doorway).schedule, "/x", after="1h")
    looks = queue_of(doorway, only_looks=True)
    assert (await in_thread(looks.job, job.id)).state == "scheduled"
    for change in (
        partial(looks.schedule, "/y"),
        partial(looks.cancel, job.id),
        partial(looks.pause, job.id),
        partial(looks.run_now, job.id),
        looks.reload,
    ):
        with pytest.raises(Forbidden, match="may change something, and you may only look"):
            await in_thread(change)
    [refused] = await in_thread(partial(looks.schedule_many, [{"target": "/y"}]))
    assert isinstance(refused, Forbidden)
    assert len(await in_thread(looks.jobs)) == 1


@pytest_twisted.ensureDeferred
async def test_a_lost_connection_is_made_anew(
    office: Office, doorway: Doorway, in_thread: InThread
) -> None:
    queue = queue_of(doorway)
    await in_thread(queue.stats)
    await office.factory.end_all()
    assert (await in_thread(queue.stats))["running"] == 0


@pytest_twisted.ensureDeferred
async def test_runs_are_followed(office: Office, doorway: Doorway, in_thread: InThread) -> None:
    queue = queue_of(doorway, only_looks=True)
    office.schedule_directly("/x")

    def first_two() -> list[str]:
        reactor.callFromThread(reactor.callLater, 0.05, office.run_next)  # type: ignore[attr-defined]
        events = queue.tail(seconds=5)
        return [next(events).kind for _ in range(2)]

    assert await in_thread(first_two) == ["began", "ended"]


@pytest_twisted.ensureDeferred
async def test_errors_are_the_engines_own(doorway: Doorway, in_thread: InThread) -> None:
    queue = queue_of(doorway)
    job = await in_thread(queue.schedule, "/x", after="1h")
    await in_thread(queue.cancel, job.id)
    with pytest.raises(NotPossible, match="cancelled"):
        await in_thread(queue.resume, job.id)


@pytest_twisted.ensureDeferred
async def test_an_engine_without_a_place_says_so(in_thread: InThread) -> None:
    queue = queue_of(Doorway(reactor, lambda address: None))
    with pytest.raises(NotConnected, match="takes no more clients"):
        await in_thread(queue.stats)
