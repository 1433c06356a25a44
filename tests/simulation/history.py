"""What was seen to happen in a simulation, in the order in which it happened.

The checker reads this and the final store, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from twisted.python.failure import Failure

from jqengine.job import Owner, Result, Run

WORLD = Owner("world", "")


class Moment(NamedTuple):
    """When and to whom something happened.

    :ivar at: simulated seconds since the beginning, which never go back.
    :ivar wall: what the wall clock showed.
    :ivar who: a boot of a node, or :data:`WORLD`.
    """

    at: float
    wall: float
    who: Owner


class Effect(NamedTuple):
    """A change of the store was committed.

    :ivar call: the method of the store.
    :ivar said: its arguments by their names.
    :ivar answer: what it gives; the node may have died before it heard.
    """

    when: Moment
    call: str
    said: Mapping[str, Any]
    answer: Any


class Began(NamedTuple):
    """The application was called."""

    when: Moment
    run_id: str
    attempt: int
    execution: int


class Ended(NamedTuple):
    """The application answered, or raised; whether or not anybody listened."""

    when: Moment
    run_id: str
    attempt: int
    execution: int
    status: int
    body: bytes


class Delivered(NamedTuple):
    """A sink took a result."""

    when: Moment
    parcel_id: str
    sink: str
    run: Run
    result: Result


class Acknowledged(NamedTuple):
    """A client was told that the job of this id is accepted."""

    when: Moment
    job_id: str


class Happened(NamedTuple):
    """Something that the checker needs or a reader wants to know.

    :ivar what: one of the words below, or something for readers alone.
    """

    when: Moment
    what: str
    about: str = ""


BOOTED, CRASHED, STOPPED, FROZE, THAWED = "booted", "crashed", "stopped", "froze", "thawed"
STEPPED, LOGGED, HEALED = "clock stepped", "logged a failure", "healed"
READ, CANNOT_START = "reads the crontab", "cannot start"

Event = Effect | Began | Ended | Delivered | Acknowledged | Happened


def lines(history: Sequence[Event], about: str = "") -> Iterator[str]:
    """A trace for people, of every event that mentions *about*."""
    for event in history:
        line = _line(event)
        if about in line and not _is_idle(event):
            yield line


def _is_idle(event: Event) -> bool:
    """Whether the engine looked and found nothing to do."""
    if not isinstance(event, Effect):
        return False
    if event.call == "claim_deliveries":
        return not event.answer.deliveries
    return event.call in ("claim", "recover", "renew", "recover_deliveries") and not event.answer


def _line(event: Event) -> str:
    when = event.when
    wall = datetime.fromtimestamp(when.wall, UTC).strftime("%d %H:%M:%S.%f")[:-3]
    who = f"{when.who.node}/{when.who.boot[:4]}" if when.who.boot else when.who.node
    return f"{when.at:10.3f}  {wall}  {who:12} {_said(event)}"


def _said(event: Event) -> str:
    match event:
        case Effect(_, call, said, answer):
            arguments = ", ".join(f"{name}={short(value)}" for name, value in said.items())
            return f"{call}({arguments}) -> {short(answer)}"
        case Began(_, run_id, attempt, execution):
            return f"BEGAN {run_id} attempt {attempt} (execution {execution})"
        case Ended(_, run_id, attempt, execution, status, body):
            return f"ENDED {run_id} attempt {attempt} (execution {execution}): {status} {body!r}"
        case Delivered(_, parcel_id, sink, run, result):
            return f"DELIVERED {parcel_id} to {sink}: {run.id} {result.status} {result.body!r}"
        case Acknowledged(_, job_id):
            return f"ACKNOWLEDGED {job_id}"
        case Happened(_, what, about):
            return f"-- {what} {about}".rstrip()


def short(value: Any) -> str:
    """*value* with what tells one from another, and not the rest."""
    if isinstance(value, Failure):
        return f"{type(value.value).__name__}: {value.value}"
    if isinstance(value, Owner):
        return f"{value.node}/{value.boot[:4]}"
    if isinstance(value, Run):
        return f"{value.id}#{value.attempt}@{_instant(value.due)}"
    if isinstance(value, float):
        return _instant(value) if value > 1e9 else f"{value:g}"
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return _fields(value, value._fields)
    if hasattr(value, "definition"):
        return _fields(value, ("id", "label", "state", "due", "anchor", "created", "fired"))
    if hasattr(value, "retire"):
        return _fields(value, ("add", "replace", "retire"))
    if isinstance(value, list | tuple):
        return "[" + ", ".join(short(one) for one in value) + "]"
    return str(value)


_DULL = {"job_id", "dispatch", "headers", "truncated", "reason", "schedule"}


def _fields(value: Any, names: tuple[str, ...]) -> str:
    shown = (
        (name, getattr(value, name)) for name in names if name not in _DULL or name == "job_id"
    )
    return type(value).__name__ + "(" + " ".join(f"{n}={short(v)}" for n, v in shown) + ")"


def _instant(value: float) -> str:
    if value < 1e9:
        return f"{value:g}"
    return datetime.fromtimestamp(value, UTC).strftime("%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
