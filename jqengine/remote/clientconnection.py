"""The connection of a Twisted client: made when needed, made anew when lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import DeferredLock
from twisted.internet.endpoints import UNIXClientEndpoint, clientFromString
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater

from jqengine.errors import BadValue, Forbidden, JobQueueError, NotConnected
from jqengine.remote.clientlink import ClientLink
from jqengine.wire.address import Address
from jqengine.wire.asks import Answer, Ask, Backlog, Batch, ask
from jqengine.wire.proof import NONCE_LENGTH, client_proof, engine_proof, proofs_equal

FIRST_PAUSE = 0.02
LONGEST_PAUSE = 1.0
"""Seconds between two tries to reach an engine, doubled from the first to the longest."""

HANDSHAKE_TIMEOUT = 10.0


class ClientConnection:
    """Carries batches to an engine.  For the reactor thread.

    :param secrets: by role; used where the engine does not see who connects.
    :param role: whose secret to prove.
    :param patience: seconds for which an engine that is not there is looked for.
    :param random_bytes: like ``os.urandom``.
    """

    def __init__(
        self,
        reactor: Any,
        address: Address,
        *,
        secrets: Mapping[str, bytes],
        role: str,
        patience: float,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._reactor = reactor
        self._address = address
        self._secrets = secrets
        self._role = role
        self._patience = patience
        self._random_bytes = random_bytes
        self._connecting = DeferredLock()
        self._uploading = DeferredLock()
        self._link: ClientLink | None = None

    async def exchange(self, batch: Batch, seconds: float) -> list[Answer | JobQueueError]:
        """The answers to *batch*, in order.

        What was asked on a connection that is lost is asked again on the next.

        :param seconds: in which each answer must come.
        :raises NotConnected: the engine is not there, or goes away again and again.
        :raises NotInTime: an answer has not come.
        """
        if not batch.is_upload:
            return await self._exchange(batch, seconds)
        async with self._uploading:
            return await self._exchange(batch, seconds)

    async def _exchange(self, batch: Batch, seconds: float) -> list[Answer | JobQueueError]:
        answers: list[Answer | JobQueueError] = []
        backlog = Backlog(batch.asks)
        give_up: float | None = None
        pause = FIRST_PAUSE
        while True:
            done = len(answers)
            try:
                link = await self._usable_link()
                await link.exchange(backlog, answers, seconds)
            except NotConnected:
                now = self._reactor.seconds()
                if give_up is None or len(answers) > done:
                    give_up, pause = now + self._patience, FIRST_PAUSE
                if now + pause > give_up:
                    raise
            else:
                return answers
            if batch.whole:
                answers, backlog = [], Backlog(batch.asks)
            await deferLater(self._reactor, pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def new_link(self, make: Callable[[], ClientLink]) -> ClientLink:
        """A link of its own for the caller.

        :raises NotConnected: the engine is not there.
        :raises Forbidden: the two ends do not know the same secret.
        """
        try:
            link: Any = await self._endpoint().connect(Factory.forProtocol(make))
        except (ConnectError, OSError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise NotConnected(f"no engine answers at {self._address.text}: {why}") from error
        if self._address.path is None and self._secrets:
            try:
                await self._shake_hands(link)
            except BaseException:
                await link.close()
                raise
        found: ClientLink = link
        return found

    async def close(self) -> None:
        """End the connection; the next call makes a new one."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def _usable_link(self) -> ClientLink:
        async with self._connecting:
            if self._link is None or self._link.lost is not None:
                self._link = await self.new_link(lambda: ClientLink(self._reactor))
            return self._link

    def _endpoint(self) -> IStreamClientEndpoint:
        if self._address.path is not None:
            return UNIXClientEndpoint(self._reactor, self._address.path)
        try:
            endpoint: IStreamClientEndpoint = clientFromString(self._reactor, self._address.text)
        except (ValueError, TypeError, OSError) as error:
            raise BadValue(f"{self._address.text!r} is not an address: {error}") from None
        return endpoint

    async def _shake_hands(self, link: ClientLink) -> None:
        secret = self._secrets.get(self._role)
        if secret is None:
            raise Forbidden(f"the secret file holds no secret for the role {self._role}")
        nonce = self._random_bytes(NONCE_LENGTH)
        answer = await ask_one(link, ask("Challenge", role=self._role, nonce=nonce))
        theirs = answer.bytes("nonce")
        expected = engine_proof(secret, self._role, nonce, theirs)
        if not proofs_equal(answer.bytes("proof"), expected):
            raise Forbidden("the engine does not know the secret; it may not be the right one")
        await ask_one(link, ask("Prove", proof=client_proof(secret, self._role, nonce, theirs)))


async def ask_one(link: ClientLink, call: Ask, seconds: float = HANDSHAKE_TIMEOUT) -> Answer:
    """The answer to one call; its error is raised."""
    answers: list[Answer | JobQueueError] = []
    await link.exchange(Backlog([call]), answers, seconds)
    [answer] = answers
    if isinstance(answer, JobQueueError):
        raise answer
    return answer
