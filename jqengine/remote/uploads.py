"""Request bodies that come in pieces, held until a job takes them."""

from __future__ import annotations

from jqengine.errors import BadValue, LimitReached
from jqengine.remote.limits import Budget, Limits


class Uploads:
    """The unfinished bodies of one connection.

    :param everyone: the budget of all connections together.
    """

    def __init__(self, limits: Limits, everyone: Budget) -> None:
        self._limits = limits
        self._everyone = everyone
        self._own = Budget(limits.uploads)
        self._bodies: dict[int, bytearray] = {}

    def add(self, number: int, data: bytes) -> int:
        """Put *data* behind what came under *number*; its size so far.

        :raises LimitReached: it is too much; what came before is kept.
        """
        size = len(self._bodies.get(number, b"")) + len(data)
        if size > self._limits.body:
            raise LimitReached(f"a body may have {self._limits.body} bytes at most")
        self._own.take(len(data))
        try:
            self._everyone.take(len(data))
        except LimitReached:
            self._own.give_back(len(data))
            raise
        self._bodies.setdefault(number, bytearray()).extend(data)
        return size

    def take(self, number: int) -> bytes:
        """The whole body of *number*, which is free again.

        :raises BadValue: nothing was sent under it.
        """
        if number not in self._bodies:
            raise BadValue(f"nothing was uploaded under {number}")
        body = self._bodies.pop(number)
        self._own.give_back(len(body))
        self._everyone.give_back(len(body))
        return bytes(body)

    def clear(self) -> None:
        """Forget everything."""
        for number in list(self._bodies):
            self.take(number)
