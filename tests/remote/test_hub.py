"""Who listens is told what becomes of runs, once it is on disk."""

from __future__ import annotations

from collections.abc import Sequence

from zope.interface import implementer

from jqengine.interfaces import IRunObserver
from jqengine.job import Outcome, Run
from jqengine.lifecycle import RunState
from tests.dispatch.engineroom import EngineRoom
from tests.dispatch.values import NOW
from tests.store.values import a_job


@implementer(IRunObserver)
class Listener:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def began(self, runs: Sequence[Run]) -> None:
        self.told += [("began", run.id) for run in runs]

    def ended(self, run: Run, outcome: Outcome) -> None:
        self.told.append((outcome.verdict.state.value, run.id))


def test_each_claim_and_each_end_is_told_until_one_listens_no_more() -> None:
    room, listener = EngineRoom(), Listener()
    stop = room.hub.subscribe(listener)
    job = a_job(due=NOW, created=NOW, anchor=NOW)
    room.store.add([job])
    room.start()
    room.pass_time(0.1)
    room.answer_all(503)
    assert listener.told == [("began", job.id), ("waiting", job.id)]
    room.pass_time(700)
    room.answer_all(200)
    assert listener.told[2:] == [("began", job.id), ("finished", job.id)]
    stop()
    room.store.add([a_job(due=NOW, created=NOW, anchor=NOW)])
    room.dispatcher.look()
    room.pass_time(0.1)
    room.answer_all(200)
    assert len(listener.told) == 4
    room.stop()
    room.pass_time(1)


def test_an_end_that_the_store_refused_is_not_told() -> None:
    room, listener = EngineRoom(), Listener()
    room.hub.subscribe(listener)
    room.store.add([a_job(due=NOW, created=NOW, anchor=NOW)])
    room.start()
    room.pass_time(0.1)
    [run] = room.host.running
    kept = room.store.queue._runs[run.id]
    kept.run = kept.run._replace(state=RunState.WAITING)
    room.answer(run, 200)
    assert [kind for kind, _ in listener.told[:2]] != ["began", "finished"]
    room.stop()
    room.pass_time(40)
