"""A worker that says nothing any more; its process is played."""

from __future__ import annotations

from twisted.internet.error import ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from jqengine.workers.child import Child
from jqengine.workers.keeper import MOST_SILENT, Keeper
from jqengine.workers.orders import LONGEST_SILENCE, REPORT


class Process:
    """A process that does as the test says, and what was done to it."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.signals: list[str] = []
        child.transport = self  # type: ignore[assignment]

    def says(self, line: bytes) -> None:
        """It writes a line to its parent."""
        self.child.childDataReceived(REPORT, line + b"\n")

    def signalProcess(self, name: str) -> None:
        """Note a signal, of which it dies."""
        self.signals.append(name)
        self.child.processEnded(Failure(ProcessTerminated(None, 9, 9)))


def test_a_worker_that_says_nothing_any_more_is_killed_and_started_again() -> None:
    clock, processes = Clock(), list[Process]()
    keeper = Keeper("one", clock, lambda child, first: processes.append(Process(child)))
    keeper.start()
    [first] = processes
    clock.advance(10 * LONGEST_SILENCE)
    assert first.signals == [], "it may take long to start"
    first.says(b'{"up": true}')
    for _ in range(20):
        first.says(b'{"alive": true}')
        clock.advance(LONGEST_SILENCE / 2)
    assert (first.signals, keeper.up) == ([], True)
    clock.pump([LONGEST_SILENCE / 2] * MOST_SILENT)
    assert (first.signals, keeper.up) == (["KILL"], False)
    clock.pump([1.0] * 5)
    [_, second] = processes
    second.says(b'{"up": true}')
    assert keeper.up
    second.signalProcess("KILL")
    clock.pump([1.0] * 5)
    processes[-1].says(b'{"up": true}')
    assert len(clock.getDelayedCalls()) == 1, "nobody listens for those that are gone"


def test_a_parent_that_was_stopped_for_a_while_first_hears_what_was_said() -> None:
    clock, processes = Clock(), list[Process]()
    keeper = Keeper("one", clock, lambda child, first: processes.append(Process(child)))
    keeper.start()
    processes[0].says(b'{"up": true}')
    clock.advance(100 * LONGEST_SILENCE)
    processes[0].says(b'{"alive": true}')
    assert processes[0].signals == []
