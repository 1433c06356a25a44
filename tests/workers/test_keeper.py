"""A worker is kept alive."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from jqengine.errors import WorkerFailed
from jqengine.workers.child import Child
from jqengine.workers.keeper import FIRST_PAUSE, LONGEST_PAUSE, STEADY, Keeper
from jqengine.workers.orders import CONTROL, REPORT, Orders, Word


class Process:
    """Stands for the process of a worker, as its protocol sees it."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.said = b""
        self.signals: list[str] = []
        child.makeConnection(self)  # type: ignore[arg-type]

    pid = 7

    def writeToChild(self, descriptor: int, data: bytes) -> None:
        assert descriptor == CONTROL
        self.said += data

    def signalProcess(self, name: str) -> None:
        self.signals.append(name)

    def reports(self, line: bytes) -> None:
        self.child.childDataReceived(REPORT, line + b"\n")

    def ends(self, status: int | None = 0, signal: int | None = None) -> None:
        if status == 0 and signal is None:
            reason: Exception = ProcessDone(0)
        else:
            reason = ProcessTerminated(status, signal, 0)
        self.child.processEnded(Failure(reason))


class Scene:
    """A keeper whose processes do as they are told."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.processes: list[Process] = []
        self.firsts: list[bool] = []
        self.gone = 0
        self.keeper = Keeper("north-1", self.clock, self._start, self._count_gone)

    def _count_gone(self) -> None:
        self.gone += 1

    def _start(self, child: Child, first: bool) -> None:
        self.processes.append(Process(child))
        self.firsts.append(first)

    @property
    def last(self) -> Process:
        return self.processes[-1]

    def up(self) -> None:
        started = self.keeper.start()
        self.last.reports(b'{"up": true}')
        assert started.called


@pytest.fixture
def scene() -> Scene:
    return Scene()


def fired(deferred: Deferred[Any]) -> list[Any]:
    found: list[Any] = []
    deferred.addBoth(found.append)
    return found


def test_it_has_started_once_the_worker_says_so(scene: Scene) -> None:
    started = fired(scene.keeper.start())
    assert not started
    assert not scene.keeper.up
    scene.last.reports(b'{"up": true}')
    assert started == [None]
    assert scene.keeper.up
    assert scene.firsts == [True]


@pytest.mark.parametrize(
    ("report", "end", "sentence"),
    [
        (b'{"failed": "there is no module x"}', {"status": 1}, "there is no module x"),
        (None, {"status": 3}, "a worker cannot start: it ended with status 3"),
        (None, {"status": None, "signal": 11}, "a worker cannot start: it was ended by signal 11"),
    ],
)
def test_one_that_cannot_start_at_first_is_not_tried_again(
    scene: Scene, report: bytes | None, end: Any, sentence: str
) -> None:
    started = scene.keeper.start()
    if report is not None:
        scene.last.reports(report)
    scene.last.ends(**end)
    [failure] = fired(started)
    assert failure.check(WorkerFailed)
    assert failure.getErrorMessage() == sentence
    assert not scene.clock.getDelayedCalls()


def test_one_that_dies_is_started_again_after_ever_longer_pauses(scene: Scene) -> None:
    scene.up()
    pause = FIRST_PAUSE
    for _ in range(12):
        before = len(scene.processes)
        scene.last.ends(None, 9)
        assert not scene.keeper.up
        scene.clock.advance(pause - 0.01)
        assert len(scene.processes) == before
        scene.clock.advance(0.01)
        assert len(scene.processes) == before + 1
        pause = min(pause * 2, LONGEST_PAUSE)
    assert pause == LONGEST_PAUSE
    assert scene.gone == 12
    assert scene.firsts == [True] + [False] * 12


def test_one_that_was_well_for_a_while_is_started_at_once_again(scene: Scene) -> None:
    scene.up()
    for _ in range(3):
        scene.last.ends(None, 9)
        scene.clock.advance(LONGEST_PAUSE)
    scene.last.reports(b'{"up": true}')
    scene.clock.advance(STEADY)
    scene.last.ends(None, 9)
    scene.clock.advance(FIRST_PAUSE)
    assert len(scene.processes) == 5


def test_one_that_ended_because_it_was_asked_to_comes_back_without_a_pause(scene: Scene) -> None:
    scene.up()
    scene.last.ends()
    scene.clock.advance(0)
    assert len(scene.processes) == 2


def test_later_one_that_cannot_start_is_tried_again(scene: Scene) -> None:
    scene.up()
    scene.last.ends()
    scene.clock.advance(0)
    scene.last.reports(b'{"failed": "there is no module x"}')
    scene.last.ends(1)
    scene.clock.advance(FIRST_PAUSE)
    assert len(scene.processes) == 3


def test_stopping_asks_the_worker_and_waits_for_it(scene: Scene) -> None:
    scene.up()
    stopped = fired(scene.keeper.stop(30.0))
    assert scene.last.said == b"stop\n"
    assert not stopped
    scene.last.ends()
    assert stopped == [None]
    scene.clock.advance(100.0)
    assert len(scene.processes) == 1
    assert scene.last.signals == []


def test_one_that_does_not_stop_is_killed(scene: Scene) -> None:
    scene.up()
    stopped = fired(scene.keeper.stop(30.0))
    scene.clock.advance(29.0)
    assert scene.last.signals == []
    scene.keeper.hurry(5.0)
    assert scene.last.said == b"stop\nhurry\n"
    scene.clock.advance(5.0)
    assert scene.last.signals == ["KILL"]
    scene.last.ends(None, 9)
    assert stopped == [None]


def test_stopping_while_it_waits_to_start_again_starts_nothing(scene: Scene) -> None:
    scene.up()
    scene.last.ends(None, 9)
    assert fired(scene.keeper.stop(30.0)) == [None]
    assert not scene.clock.getDelayedCalls()


def test_orders_come_through_the_pipe_as_they_were() -> None:
    orders = Orders(
        node="north-1",
        texts={"app": ["x"], "smtp": ["smtp://u@h?password=env:P"]},
        directory="/srv",
        working_directory="/",
        zone="Europe/Paris",
        first=True,
        log_to_parent=False,
        sockets=[],
        table=7,
        number=1,
        news_in=5,
        news_out=[(0, 6)],
    )
    line = orders.as_line()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert Orders.from_line(line) == orders


def test_what_is_said_in_pieces_is_one_line(scene: Scene) -> None:
    started = fired(scene.keeper.start())
    for byte in b'{"up": tru':
        scene.last.child.childDataReceived(REPORT, bytes([byte]))
    assert not started
    scene.last.reports(b"e}")
    assert started == [None]
    scene.keeper.tell(Word.RELOAD)
    assert scene.last.said == b"reload\n"
