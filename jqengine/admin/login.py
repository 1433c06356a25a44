"""Logging in: who somebody is, without telling a stranger more than yes or no."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Sequence
from math import ceil

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from jqengine.admin.answer import Answer, text
from jqengine.admin.attempts import Attempts, peer_of
from jqengine.admin.credentials import Checker, Given, given_in

REMEMBERED = 60.0
"""Seconds for which a password that was right is not checked again."""

MOST_REMEMBERED = 256

REFUSAL_TIME = 1.0
"""Seconds after which a wrong password is refused.

Whether it was the name that is unknown or the password that is wrong, and
however long the checker took over either, the answer comes at the same time.
"""

PATIENCE = 10.0
"""Seconds in which a checker must answer."""

MOST_AT_ONCE = 32
"""Passwords that are being checked."""

_CHALLENGE = (("WWW-Authenticate", 'Basic realm="jobqueue", charset="UTF-8"'),)
UNKNOWN = text(401, "log in to look at this")._replace(headers=_CHALLENGE)


class Login:
    """Knows users by their passwords.  For the reactor thread.

    :param checkers: asked one after the other; one that knows the user suffices.
    :param key: of the hashes by which right passwords are remembered.
    """

    _log = Logger()

    def __init__(self, reactor: IReactorTime, checkers: Sequence[Checker], key: bytes) -> None:
        self._reactor = reactor
        self._checkers = checkers
        self._key = key
        self._attempts = Attempts()
        self._known: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self._under_way = 0

    async def user(self, header: str, host: str) -> str | Answer:
        """The user that an ``Authorization`` header stands for, or why there is none.

        :param host: the address it came from; empty on a unix socket.
        """
        given = given_in(header)
        if given is None:
            return UNKNOWN
        known = self._remembered(given)
        if known is not None:
            return known
        peer = peer_of(host)
        wait = self._attempts.wait(peer, self._reactor.seconds())
        if wait:
            return _later(429, "too many wrong passwords came from there", wait)
        if self._under_way >= MOST_AT_ONCE:
            self._attempts.succeeded(peer, self._reactor.seconds())  # it was not tried
            return _later(503, "too many log in at once", REFUSAL_TIME)
        asked = self._reactor.seconds()
        user = await self._checked(given)
        if user is not None:
            self._attempts.succeeded(peer, self._reactor.seconds())
            self._remember(given, user)
            return user
        await self._refused(given, peer, asked)
        return UNKNOWN

    async def _checked(self, given: Given) -> str | None:
        self._under_way += 1
        try:
            for checker in self._checkers:
                # It never raises: of one that is cut off it gives nobody.
                asking = Deferred.fromCoroutine(checker.user(given))
                user = await asking.addTimeout(PATIENCE, self._reactor)
                if user is not None:
                    return user
            return None
        finally:
            self._under_way -= 1

    async def _refused(self, given: Given, peer: str, asked: float) -> None:
        """Say so in the log, and wait until it is time to say so to *peer*."""
        self._log.warn(
            "A login as {user} from {peer} failed",
            user=ascii(given.user[:64]),
            peer=peer or "a unix socket",
        )
        await deferLater(self._reactor, max(0.0, asked + REFUSAL_TIME - self._reactor.seconds()))

    def _remembered(self, given: Given) -> str | None:
        user, until = self._known.get(self._digest(given), (None, 0.0))
        return user if self._reactor.seconds() < until else None

    def _remember(self, given: Given, user: str) -> None:
        digest = self._digest(given)
        self._known[digest] = user, self._reactor.seconds() + REMEMBERED
        self._known.move_to_end(digest)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)

    def _digest(self, given: Given) -> bytes:
        # A name has no colon, so the two cannot be parted in another way.
        return hmac.digest(self._key, f"{given.user}:{given.password}".encode(), "sha256")


def _later(status: int, why: str, seconds: float) -> Answer:
    line = f"{why}; try again in {ceil(seconds)} s"
    return text(status, line)._replace(headers=(("Retry-After", str(ceil(seconds))),))
