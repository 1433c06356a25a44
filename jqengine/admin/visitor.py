"""Who is at the admin listener, and what they may do."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple

from jqengine.interfaces import IClock

EVERYBODY = "*"

PERIOD = 12 * 3600.0
"""Seconds for which a form is good at least, and half as long as it is at most."""


class Role(StrEnum):
    """What somebody may do."""

    LOOK = "look"
    OPERATE = "operate"


class Visitor(NamedTuple):
    """Somebody who was let in.

    :ivar user: the name they logged in by, or ``None`` where nobody has to.
    """

    user: str | None
    role: Role

    @property
    def label(self) -> str:
        """What logs call them."""
        return self.user or "somebody on this machine"


def role_of(user: str | None, operators: Collection[str]) -> Role:
    """The role of *user*; :data:`EVERYBODY` among *operators* is anybody who comes in."""
    named = user is not None and user in operators
    return Role.OPERATE if named or EVERYBODY in operators else Role.LOOK


class Tokens:
    """What the forms of a page carry, so that only that page can send them.

    A token is bound to a user, to half a day and to a key: it takes no memory.
    One is good during its half day and the next.

    :ivar key: shared by all that serve the same pages.
    """

    def __init__(self, clock: IClock, key: bytes) -> None:
        self.key = key
        self._clock = clock

    def token(self, visitor: Visitor) -> str:
        """The token of the forms that *visitor* is shown now."""
        return self._token(visitor, self._period())

    def is_right(self, token: str, visitor: Visitor) -> bool:
        """Whether *token* is that of *visitor*; takes as long whether it is or not."""
        given, period = token.encode("utf-8", "surrogateescape"), self._period()
        now, before = (self._token(visitor, one).encode() for one in (period, period - 1))
        return hmac.compare_digest(given, now) | hmac.compare_digest(given, before)

    def _token(self, visitor: Visitor, period: int) -> str:
        # A name cannot be empty, so nobody's token is no user's.
        name = (visitor.user or "").encode("utf-8", "surrogateescape")
        return hmac.new(self.key, b"form %d " % period + name, "sha256").hexdigest()

    def _period(self) -> int:
        return int(self._clock.now() // PERIOD)
