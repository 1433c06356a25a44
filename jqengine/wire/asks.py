"""Single calls and their answers, as boxes."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from jqengine.errors import BadValue, EngineError, JobQueueError
from jqengine.wire.boxes import Box
from jqengine.wire.codes import error_of

PIECE = 60_000
"""Bytes of one value, with room to the 65,535 that AMP allows."""

WINDOW = 16
"""Calls of one batch on the wire at once."""

_UNKNOWN_COMMAND = "UNHANDLED"


class Ask(NamedTuple):
    """One call: a command with its arguments."""

    command: str
    arguments: Mapping[str, bytes]

    def box(self, tag: bytes) -> Box:
        """The box that makes the call under *tag*."""
        box = {b"_command": self.command.encode(), b"_ask": tag}
        box.update((name.encode(), value) for name, value in self.arguments.items())
        return box


class Batch(NamedTuple):
    """Calls that are made without waiting in between.

    :ivar asks: taken one by one, as there is room for them on the wire.
    :ivar whole: whether the later ones are of no use without the earlier, so
        that all must go over one connection; then *asks* is a sequence.
    :ivar patience: seconds to wait for each answer, or ``None`` for the
        client's own.
    """

    asks: Iterable[Ask]
    whole: bool = False
    patience: float | None = None

    @property
    def is_upload(self) -> bool:
        """Whether it takes much of what a connection may hold, and wants it for itself."""
        return self.whole and isinstance(self.asks, Sequence) and len(self.asks) > 1


class Backlog:
    """The calls of a batch that are still to be made.  For one thread at a time."""

    def __init__(self, asks: Iterable[Ask]) -> None:
        self._source = iter(asks)
        self._again: deque[Ask] = deque()

    def take(self) -> Ask | None:
        """The next call, if there is one."""
        return self._again.popleft() if self._again else next(self._source, None)

    def give_back(self, asks: Iterable[Ask]) -> None:
        """Let *asks* be made before all others, in their order."""
        self._again.extendleft(reversed(list(asks)))


class Answer:
    """What an engine answered to one call."""

    __slots__ = ("_box",)

    def __init__(self, box: Box) -> None:
        self._box = box

    def bytes(self, name: str) -> bytes:
        """A value as it is; empty if it is not there."""
        return self._box.get(name.encode(), b"")

    def text(self, name: str) -> str | None:
        """A value as text, or ``None``."""
        value = self._box.get(name.encode())
        return None if value is None else value.decode()

    def number(self, name: str) -> int:
        """A value as a number; 0 if it is not there."""
        return int(self._box.get(name.encode(), b"0"))

    def json(self, name: str) -> Any:
        """A value that is JSON, or ``None``."""
        value = self._box.get(name.encode())
        return None if value is None else json.loads(value)


def ask(command: str, **arguments: object) -> Ask:
    """A call of *command*; arguments that are ``None`` are left out."""
    return Ask(
        command,
        {
            name.replace("_", "-") if command in _DASHED else name: encoded(value)
            for name, value in arguments.items()
            if value is not None
        },
    )


def encoded(value: object) -> bytes:
    """The wire form of one argument."""
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError as error:
            raise BadValue(f"{value[:60]!r} holds half of a character at {error.start}") from None
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, bool):
        return b"1" if value else b"0"
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, float):
        return repr(value).encode()
    if isinstance(value, timedelta | date):
        return as_json(value).encode().strip(b'"')
    return as_json(value).encode()


def answer_of(box: Box) -> Answer | JobQueueError:
    """What *box* answers: values, or an error with the engine's own sentence."""
    if b"_error" not in box:
        return Answer(box)
    code = box.get(b"_error_code", b"").decode("ascii", "replace")
    sentence = box.get(b"_error_description", b"").decode("utf-8", "replace")
    if code == _UNKNOWN_COMMAND:
        return EngineError(f"this engine is older than its client: {sentence}")
    return error_of(code, sentence)


def _plain(value: object) -> object:
    """What JSON has no form for, in one that an engine understands."""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, set | frozenset | range):
        return sorted(value)
    raise TypeError(f"{value!r} cannot be sent; expected a text, a number, or what JSON can say")


_DASHED = frozenset({"Edit", "Reschedule", "Schedule"})
"""Commands whose arguments are job options, which are written with dashes."""

as_json = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), default=_plain, allow_nan=False
).encode
"""A value as JSON in as few characters as possible."""
