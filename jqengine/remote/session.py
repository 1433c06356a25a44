"""The engine's end of one connection: who may give which command, and who answers it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.protocols import amp
from twisted.python.failure import Failure

from jqengine.errors import Forbidden
from jqengine.remote.arguments import parse_arguments
from jqengine.remote.commands import COMMANDS, Challenge, EngineCommand, Event, Role
from jqengine.remote.credentials import Handshake, role_at_connection
from jqengine.remote.desk import ANSWERS, Desk
from jqengine.remote.limits import Limits
from jqengine.remote.protocol import BoundedAMP, Responder
from jqengine.remote.timer import Countdown

_COMMANDS = {command.commandName: command for command in COMMANDS}


class Session(BoundedAMP):
    """One client's connection.  For the reactor thread.

    :param make_desk: makes what answers this session.
    :param gone: called with the session once it is over.
    :ivar role: how far the client may go.
    :ivar only_looks: whether it may give none of the commands that change something.
    """

    def __init__(
        self,
        *,
        reactor: IReactorTime,
        limits: Limits,
        handshake: Handshake,
        make_desk: Callable[[Session], Desk],
        complain: Callable[[str], object],
        gone: Callable[[Session], object],
    ) -> None:
        super().__init__(
            reactor=reactor, limits=limits, locate=self._locate_answer, complain=complain
        )
        self.role = Role.STRANGER
        self.only_looks = False
        self._handshake = handshake
        self._desk = make_desk(self)
        self._gone = gone
        self._under_way: set[Deferred[Any]] = set()
        self._stranger_timer = Countdown(reactor, limits.handshake, self._still_a_stranger)

    def connectionMade(self) -> None:
        """Begin; a peer that does not say who it is has not long to stay."""
        self._stranger_timer.start()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End: nobody is there to be answered."""
        super().connectionLost(reason)
        self._stranger_timer.stop()
        for answer in list(self._under_way):
            answer.cancel()
        self._desk.close()
        self._gone(self)

    def push(self, tail: int, event: dict[str, Any], data: bytes | None = None) -> None:
        """Send an event that nobody has to answer."""
        if self.transport is not None:
            self.callRemote(Event, tail=tail, event=event, data=data)

    def _locate_answer(self, name: bytes) -> Responder | None:
        command = _COMMANDS.get(name)
        return None if command is None else lambda box: self._respond(command, box)

    def _respond(self, command: type[EngineCommand], box: amp.AmpBox) -> Deferred[amp.AmpBox]:
        self._judge(command)
        arguments = parse_arguments(command, box)
        if command in ANSWERS:
            answer = Deferred.fromCoroutine(ANSWERS[command](self._desk, **arguments))
        else:
            answer = Deferred.fromCoroutine(self._shake_hands(command, arguments))
        if not answer.called:
            self._under_way.add(answer)
            answer.addBoth(self._answered, answer)
        return answer.addCallback(command.makeResponse, None)

    def _judge(self, command: type[EngineCommand]) -> None:
        """Whether the client may give *command*.

        A certificate is known only after the handshake of TLS, so this asks
        until the role is settled.
        """
        if self.role is Role.STRANGER:
            self._settle(role_at_connection(self.transport))
        if self.role < command.role:
            if self.role is Role.STRANGER:
                raise Forbidden(
                    "the engine does not know who you are; prove that you know a secret"
                )
            raise Forbidden(f"{command.__name__} needs the role {command.role.word}")
        if self.only_looks and not command.looks:
            raise Forbidden(f"{command.__name__} may change something, and you may only look")

    def _settle(self, role: Role) -> None:
        self.role = role
        if role is not Role.STRANGER:
            self._stranger_timer.stop()

    async def _shake_hands(
        self, command: type[EngineCommand], arguments: dict[str, Any]
    ) -> dict[str, Any]:
        if command is Challenge:
            nonce, proof = self._handshake.challenge(**arguments)
            return {"nonce": nonce, "proof": proof}
        self._settle(max(self.role, self._handshake.prove(**arguments)))
        return {}

    def _answered(self, result: object, answer: Deferred[Any]) -> object:
        self._under_way.discard(answer)
        return result

    def _still_a_stranger(self) -> None:
        if self.role is Role.STRANGER and role_at_connection(self.transport) is Role.STRANGER:
            self.end("did not say who it is")
