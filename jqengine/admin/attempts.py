"""How often somebody may try to log in."""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

MOST_FAILURES = 10
"""Failed logins in a row, after which a peer has to wait."""

PAUSE = 6.0
"""Seconds after which it has one more."""

MOST_PEERS = 4096
"""Peers that are remembered; the one that failed longest ago is forgotten first."""


class _Account(NamedTuple):
    """What is left of a peer's tries at an instant of the reactor's time."""

    left: float
    at: float


class Attempts:
    """Counts the logins that failed, by peer.  A bounded table; for one thread.

    Each try is taken from the peer's account before its outcome is known, so
    that many at once count like many in a row, and given back if it succeeds.
    """

    def __init__(self) -> None:
        self._accounts: OrderedDict[str, _Account] = OrderedDict()

    def wait(self, peer: str, now: float) -> float:
        """Take a try; the seconds to wait where none is left, and then none is taken."""
        left = self._left(peer, now)
        if left < 1.0:
            return (1.0 - left) * PAUSE
        self._accounts[peer] = _Account(left - 1.0, now)
        self._accounts.move_to_end(peer)
        if len(self._accounts) > MOST_PEERS:
            self._accounts.popitem(last=False)
        return 0.0

    def succeeded(self, peer: str, now: float) -> None:
        """Give back a try."""
        left = self._left(peer, now) + 1.0
        if left >= MOST_FAILURES:
            self._accounts.pop(peer, None)
        else:
            self._accounts[peer] = _Account(left, now)

    def _left(self, peer: str, now: float) -> float:
        account = self._accounts.get(peer)
        if account is None:
            return MOST_FAILURES
        return min(account.left + (now - account.at) / PAUSE, MOST_FAILURES)


def peer_of(host: str) -> str:
    """Whom the address *host* stands for: with IPv6 whoever has one has 2**64 of them."""
    try:
        address = ip_address(host)
    except ValueError:  # a unix socket has none
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return host
