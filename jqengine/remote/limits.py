"""How much of everything a peer may use, and who has used how much of it."""

from __future__ import annotations

from dataclasses import dataclass

from jqengine.errors import LimitReached

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of the AMP server.

    :ivar connections: at most so many at once.
    :ivar calls: calls of one connection that are under way before it is read
        no further; waiting does not count.
    :ivar waits: calls of one connection that wait for a run, and its tails.
    :ivar idle: seconds without a call after which a connection ends.
    :ivar box: seconds in which a box that has begun must be whole.
    :ivar stalled: seconds in which a peer must read what was sent to it.
    :ivar handshake: seconds in which a stranger must have proved who it is.
    :ivar body: bytes of one request body.
    :ivar uploads: bytes of bodies under way on one connection.
    :ivar all_uploads: bytes of bodies under way on all connections.
    """

    connections: int = 256
    calls: int = 64
    waits: int = 1000
    idle: float = 600.0
    box: float = 30.0
    stalled: float = 60.0
    handshake: float = 10.0
    body: int = 16 * MIB
    uploads: int = 32 * MIB
    all_uploads: int = 128 * MIB


class Budget:
    """A number of bytes that many share.

    :param most: bytes in all.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.used = 0

    def take(self, size: int) -> None:
        """Use *size* more bytes.

        :raises LimitReached: there are not so many left; none are taken.
        """
        if self.used + size > self._most:
            raise LimitReached(
                f"the bodies being uploaded would exceed {self._most} bytes; try again later"
            )
        self.used += size

    def give_back(self, size: int) -> None:
        """Return *size* bytes."""
        self.used -= size
