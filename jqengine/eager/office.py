"""The engine's side of a conversation, without a connection between the two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.protocols import amp

from jqengine.client.link import Link
from jqengine.errors import JobQueueError, LimitReached, NotPossible
from jqengine.remote.arguments import parse_arguments
from jqengine.remote.commands import COMMANDS
from jqengine.remote.desk import ANSWERS, Desk
from jqengine.wire.asks import Answer, Ask, Batch
from jqengine.wire.boxes import BadBox, pack_box
from jqengine.wire.codes import code_of, error_of

T = TypeVar("T")

_COMMANDS = {command.__name__: command for command in COMMANDS}


class NoLine:
    """The line to a client that follows nothing."""

    full = False

    def waiting(self, change: int) -> None:
        """Nothing is counted."""

    def push(self, tail: int, event: dict[str, Any], data: bytes | None = None) -> None:
        """Nobody follows."""


class Office:
    """Answers the calls of queues as an engine would, in the thread that makes them.

    :param desk: what answers.
    :param pass_time: called when an answer has yet to come, with what tells
        whether it has; lets things happen until then.
    """

    def __init__(self, desk: Desk, pass_time: Callable[[Callable[[], bool]], None]) -> None:
        self._desk = desk
        self._pass_time = pass_time

    def exchange(self, batch: Batch, seconds: float) -> list[Answer | JobQueueError]:
        """The answers to *batch*, in order."""
        return [self._answer(ask) for ask in batch.asks]

    def new_link(self) -> Link:
        """There is none.

        :raises NotPossible: always.
        """
        raise NotPossible("runs are not followed in eager mode; look at what run_due() gives")

    def close(self) -> None:
        """Nothing is open."""

    def _answer(self, ask: Ask) -> Answer | JobQueueError:
        try:
            return Answer(self._asked(ask))
        except JobQueueError as error:
            # As it would be after its way over the wire.
            return error_of(code_of(error) or "", str(error))

    def _asked(self, ask: Ask) -> dict[bytes, bytes]:
        """The box that answers *ask*."""
        command = _COMMANDS[ask.command]
        box = ask.box(b"1")
        try:
            pack_box(box)
        except BadBox as error:
            raise LimitReached(f"{ask.command}: {error}") from None
        arguments = parse_arguments(command, amp.AmpBox(box))
        answer = Deferred.fromCoroutine(ANSWERS[command](self._desk, **arguments))
        if not answer.called:
            self._pass_time(lambda: answer.called)
        return dict(command.makeResponse(outcome_of(answer), None))


def outcome_of(answer: Deferred[T]) -> T:
    """What *answer*, which has fired, has fired with."""
    outcomes: list[Any] = []
    failures: list[Any] = []
    answer.addCallbacks(outcomes.append, failures.append)
    for failure in failures:
        failure.raiseException()
    [outcome] = outcomes
    return outcome  # type: ignore[no-any-return]
