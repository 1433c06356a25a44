"""The connection of one process: made when needed, made anew when lost."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from time import monotonic, sleep
from typing import Protocol

from jqengine.client.link import Link
from jqengine.client.stream import connect
from jqengine.errors import Forbidden, JobQueueError, NotConnected
from jqengine.wire.address import Address
from jqengine.wire.asks import Answer, Ask, Backlog, Batch, ask
from jqengine.wire.proof import NONCE_LENGTH, client_proof, engine_proof, proofs_equal

FIRST_PAUSE = 0.02
LONGEST_PAUSE = 1.0
"""Seconds between two tries to reach an engine, doubled from the first to the longest."""

HANDSHAKE_TIMEOUT = 10.0


class Carrier(Protocol):
    """Carries the calls of queues to an engine, and its answers back."""

    def exchange(self, batch: Batch, seconds: float) -> list[Answer | JobQueueError]:
        """See :meth:`Connection.exchange`."""

    def new_link(self) -> Link:
        """See :meth:`Connection.new_link`."""

    def close(self) -> None:
        """See :meth:`Connection.close`."""


_stand_ins: list[Carrier] = []


@contextmanager
def standing_in(carrier: Carrier) -> Iterator[None]:
    """Let *carrier* stand in for the connections of all queues of this process.

    That is for tests of an application, wherever it keeps its queues.
    """
    _stand_ins.append(carrier)
    try:
        yield
    finally:
        _stand_ins.remove(carrier)


def stand_in() -> Carrier | None:
    """What stands in for all connections just now."""
    return _stand_ins[-1] if _stand_ins else None


class Connection:
    """Carries batches to an engine.  Safe to call from many threads.

    :param secrets: by role; used where the engine does not see who connects.
    :param role: whose secret to prove.
    :param patience: seconds for which an engine that is not there is looked for.
    """

    def __init__(
        self, address: Address, secrets: Mapping[str, bytes], role: str, patience: float
    ) -> None:
        self._address = address
        self._secrets = secrets
        self._role = role
        self._patience = patience
        self._lock = threading.Lock()
        self._uploading = threading.Lock()
        self._link: Link | None = None

    def exchange(self, batch: Batch, seconds: float) -> list[Answer | JobQueueError]:
        """The answers to *batch*, in order.

        What was asked on a connection that is lost is asked again on the next:
        every call can be repeated without being done twice.

        :param seconds: in which each answer must come.
        :raises NotConnected: the engine is not there, or goes away again and again.
        :raises NotInTime: an answer has not come.
        """
        with self._uploading if batch.is_upload else nullcontext():
            return self._exchange(batch, seconds)

    def _exchange(self, batch: Batch, seconds: float) -> list[Answer | JobQueueError]:
        answers: list[Answer | JobQueueError] = []
        backlog = Backlog(batch.asks)
        give_up: float | None = None
        pause = FIRST_PAUSE
        while True:
            done = len(answers)
            try:
                self.link().exchange(backlog, answers, seconds)
            except NotConnected:
                now = monotonic()
                if give_up is None or len(answers) > done:
                    give_up, pause = now + self._patience, FIRST_PAUSE
                if now + pause > give_up:
                    raise
            else:
                return answers
            if batch.whole:
                answers, backlog = [], Backlog(batch.asks)
            sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def link(self) -> Link:
        """The link there is, or a new one.

        :raises NotConnected: the engine is not there.
        """
        with self._lock:
            if self._link is None or not self._link.is_usable():
                self._link = None
                self._link = self.new_link()
            return self._link

    def new_link(self) -> Link:
        """A link of its own for the caller.

        :raises NotConnected: the engine is not there.
        :raises Forbidden: the two ends do not know the same secret.
        """
        stream = connect(self._address, max(self._patience, 1.0))
        link = Link(stream)
        if self._address.path is None and self._secrets:
            try:
                self._shake_hands(link)
            except BaseException:
                link.close()
                raise
        return link

    def close(self) -> None:
        """End the connection; the next call makes a new one."""
        with self._lock:
            if self._link is not None:
                self._link.close()
                self._link = None

    def abandon(self) -> None:
        """Let go of what belongs to the process that this one was forked from."""
        if self._link is not None:
            self._link.abandon()

    def _shake_hands(self, link: Link) -> None:
        secret = self._secrets.get(self._role)
        if secret is None:
            raise Forbidden(f"the secret file holds no secret for the role {self._role}")
        nonce = os.urandom(NONCE_LENGTH)
        answer = _ask_one(link, ask("Challenge", role=self._role, nonce=nonce))
        theirs = answer.bytes("nonce")
        if not proofs_equal(answer.bytes("proof"), engine_proof(secret, self._role, nonce, theirs)):
            raise Forbidden("the engine does not know the secret; it may not be the right one")
        _ask_one(link, ask("Prove", proof=client_proof(secret, self._role, nonce, theirs)))


def _ask_one(link: Link, call: Ask) -> Answer:
    answers: list[Answer | JobQueueError] = []
    link.exchange(Backlog([call]), answers, HANDSHAKE_TIMEOUT)
    [answer] = answers
    if isinstance(answer, JobQueueError):
        raise answer
    return answer
