"""Named points at which an engine can be made to die.

The engine knows nothing of them: the application of a storm wraps its methods
as it is imported, which is before any of them is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NoReturn

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from jqengine.dispatch.dispatcher import Dispatcher
from jqengine.dispatch.recorder import Recorder
from jqengine.sinks.endings import Endings
from jqengine.store.sql import SqlStore
from jqengine.store.thread import StoreThread

Die = Callable[[str], NoReturn]
Reached = Callable[[], None]
"""To be called when a point is reached."""

Install = Callable[[Reached], None]


def install(order: str, die: Die) -> None:
    """Die at the point and time that *order* says: ``after claim:3`` is its third time."""
    name, _, times = order.rpartition(":")
    left = int(times)

    def reached() -> None:
        nonlocal left
        left -= 1
        if not left:
            die(name)

    POINTS[name](reached)


def _before(owner: type, method: str, when: Callable[..., object] = lambda *_: True) -> Install:
    """A point at the beginning of a method, when *when* finds something in its arguments."""

    def install(reached: Reached) -> None:
        original = getattr(owner, method)

        @wraps(original)
        def wrapped(self: Any, *arguments: Any, **named: Any) -> Any:
            if when(*arguments):
                reached()
            return original(self, *arguments, **named)

        setattr(owner, method, wrapped)

    return install


def _after(owner: type, method: str) -> Install:
    """A point at which what a method of a store promises is on disk and nobody knows."""

    def install(reached: Reached) -> None:
        original = getattr(owner, method)

        @wraps(original)
        def wrapped(self: Any, *arguments: Any, **named: Any) -> Any:
            answer = original(self, *arguments, **named)
            return answer.addCallback(lambda result: (reached(), result)[1])

        setattr(owner, method, wrapped)

    return install


def _before_commit(reached: Reached) -> None:
    """In the transaction, with all its changes made."""

    @event.listens_for(Engine, "commit")
    def commit(connection: Connection) -> None:
        reached()


def _while_migrating(reached: Reached) -> None:
    """Between two tables of the schema."""

    @event.listens_for(Engine, "before_cursor_execute")
    def execute(connection: Connection, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.lstrip().upper().startswith("CREATE"):
            reached()


MIGRATING = "while migrating"

POINTS: Mapping[str, Install] = {
    "after claim, before start": _before(Dispatcher, "_hand_over", lambda runs: runs),
    "after run, before record": _before(Recorder, "ended"),
    "before commit": _before_commit,
    "after commit, before answer": _before(StoreThread, "_answer"),
    "after record, before delivery": _before(Recorder, "_finish"),
    "after delivery, before its end": _before(Endings, "add"),
    "after taking over": _before(Recorder, "lost", lambda runs: runs),
    "after firing": _after(SqlStore, "fire"),
    "before reload": _before(SqlStore, "apply"),
    "after reload": _after(SqlStore, "apply"),
    "after adding, before answer": _after(SqlStore, "add"),
    MIGRATING: _while_migrating,
}
