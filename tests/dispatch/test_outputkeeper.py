"""Long runs are stored as they speak, short ones never looked at."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from jqengine.dispatch.outputkeeper import OutputKeeper
from jqengine.errors import StoreUnavailable
from jqengine.request.outputs import Outputs


class Saying:
    """A response under way."""

    ended = False
    last_wrote = None

    def __init__(self) -> None:
        self.said: list[bytes] = []

    def pieces(self, start: int) -> list[bytes]:
        return self.said[start:]


class Shelf:
    """What is kept of outputs."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, int, int, bytes]] = []
        self.away = False

    def keep_output(self, run_id: str, attempt: int, position: int, data: bytes) -> Deferred[None]:
        if self.away:
            return fail(StoreUnavailable("away"))
        self.kept.append((run_id, attempt, position, data))
        return succeed(None)


def environ(run: str, attempt: int = 1) -> dict[str, dict[str, object]]:
    return {"jobqueue.job": {"run": run, "attempt": attempt}}


def test_each_second_what_is_new() -> None:
    clock, shelf, outputs, output = Clock(), Shelf(), Outputs(), Saying()
    keeper = OutputKeeper(reactor=clock, store=shelf, outputs=outputs)  # type: ignore[arg-type]
    keeper.startService()
    outputs.begin(environ("long", 3), output)
    output.said = [b"a", b"b"]
    clock.advance(1)
    assert shelf.kept == [], "a run is seen twice before it counts as long"
    clock.advance(1)
    clock.advance(1)
    output.said += [b"c"]
    shelf.away = True
    clock.advance(1)
    shelf.away = False
    output.said += [b"d"]
    clock.advance(1)
    assert shelf.kept == [("long", 3, 0, b"ab"), ("long", 3, 2, b"cd")]
    outputs.end(environ("long", 3))
    clock.advance(1)
    outputs.begin(environ("long", 4), Saying())
    clock.advance(2)
    keeper.stopService()
    clock.advance(5)
    assert len(shelf.kept) == 2
    assert not clock.getDelayedCalls()


def test_short_runs_are_never_looked_at() -> None:
    clock, shelf, outputs = Clock(), Shelf(), Outputs()
    keeper = OutputKeeper(reactor=clock, store=shelf, outputs=outputs)  # type: ignore[arg-type]
    keeper.startService()
    for number in range(5):
        output = Saying()
        output.said = [b"x"]
        outputs.begin(environ(f"run {number}"), output)
        clock.advance(1)
        outputs.end(environ(f"run {number}"))
    keeper.stopService()
    assert shelf.kept == []
