"""From where the admin listener can be reached, and what that demands.  Pure.

From this machine alone, anybody may look.  From elsewhere it takes a password,
and TLS, lest the password be read on the way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, auto
from ipaddress import ip_address

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress

from jqengine.errors import BadValue

TLS_KINDS = frozenset({"ssl", "tls", "le", "lets", "txsni"})
"""Endpoints that speak TLS: Twisted's own, and those of txacme and txsni."""

WRAPPER = "haproxy"
"""The PROXY protocol, in front of another endpoint that follows it in the text."""

_ARGUMENT = re.compile(r"(?:[^\\:]|\\.)+", re.DOTALL)
"""Between colons; one behind a backslash parts nothing."""

REMEDY = (
    "give it a loopback address (tcp:8081:interface=127.0.0.1) or a unix socket (unix:PATH),"
    " or both TLS (ssl:8081:privateKey=FILE:certKey=FILE) and --admin-auth"
)


class Reach(Enum):
    """From where a listener can be reached."""

    THIS_MACHINE = auto()
    OTHERS_BY_TLS = auto()
    OTHERS_IN_PLAIN = auto()
    UNKNOWN = auto()  # only its address will tell, once it listens


def reach_of(endpoint: str) -> Reach:
    """From where *endpoint*, a text of Twisted's, can be reached."""
    kind, _, rest = endpoint.partition(":")
    if kind == WRAPPER:
        return reach_of(rest)
    if kind == "unix":
        return Reach.THIS_MACHINE
    if kind in ("tcp", "tcp6", *TLS_KINDS):
        if _is_loopback(_interface(rest)):
            return Reach.THIS_MACHINE
        return Reach.OTHERS_BY_TLS if kind in TLS_KINDS else Reach.OTHERS_IN_PLAIN
    return Reach.UNKNOWN


def check_endpoint(endpoint: str, *, passwords: bool) -> None:
    """Make sure, as far as its text tells, that whoever can reach *endpoint* may.

    :param passwords: whether one is asked for.
    :raises BadValue: others can reach it without TLS, or without a password.
    """
    _check(endpoint, reach_of(endpoint), passwords)


def check_addresses(endpoint: str, addresses: Sequence[IAddress], *, passwords: bool) -> None:
    """Make sure of it by where *endpoint* listens, before anybody is let in.

    A text can be read wrongly, and that of a socket that systemd made says nothing.

    :raises BadValue: as :func:`check_endpoint`.
    """
    elsewhere = Reach.OTHERS_BY_TLS if speaks_tls(endpoint) else Reach.OTHERS_IN_PLAIN
    for address in addresses:
        if not _is_local(address):
            _check(endpoint, elsewhere, passwords)


def _check(endpoint: str, reach: Reach, passwords: bool) -> None:
    if reach is Reach.OTHERS_IN_PLAIN:
        lacks = "without TLS" if passwords else "without TLS and without a password"
    elif reach is Reach.OTHERS_BY_TLS and not passwords:
        lacks = "without a password"
    else:
        return
    raise BadValue(f"{endpoint!r} can be reached from other machines {lacks}; {REMEDY}")


def speaks_tls(endpoint: str) -> bool:
    """Whether *endpoint* is one of those, or wraps one of them."""
    kind, _, rest = endpoint.partition(":")
    return speaks_tls(rest) if kind == WRAPPER else kind in TLS_KINDS


def _is_local(address: IAddress) -> bool:
    if isinstance(address, IPv4Address | IPv6Address):
        return _is_loopback(address.host)
    return isinstance(address, UNIXAddress)


def _interface(arguments: str) -> str:
    """The address that the arguments of a ``tcp`` or ``ssl`` endpoint name; empty for all.

    Of two equal names Twisted takes the last.
    """
    named, unnamed = "", []
    for part in _ARGUMENT.findall(arguments):
        name, equals, value = part.partition("=")
        if not equals:
            unnamed.append(name)
        elif name == "interface":
            named = re.sub(r"\\(.)", r"\1", value)
    return named or "".join(unnamed[1:2])


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
