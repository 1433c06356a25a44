"""From where an endpoint can be reached, and whether it may be listened on."""

from __future__ import annotations

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress

from jqengine.admin.reach import Reach, check_addresses, check_endpoint, reach_of
from jqengine.errors import BadValue

LOOPBACK = IPv4Address("TCP", "127.0.0.1", 8081)
EVERYWHERE = IPv4Address("TCP", "0.0.0.0", 8081)


@pytest.mark.parametrize(
    ("endpoint", "reach"),
    [
        ("tcp:8081:interface=127.0.0.1", Reach.THIS_MACHINE),
        (r"tcp6:8081:interface=\:\:1", Reach.THIS_MACHINE),
        (r"tcp:8081:interface=\:\:1", Reach.THIS_MACHINE),
        ("tcp:8081:127.0.0.1", Reach.THIS_MACHINE),
        ("tcp:port=8081:interface=localhost:backlog=5", Reach.THIS_MACHINE),
        ("tcp:8081:interface=0.0.0.0:interface=127.0.0.1", Reach.THIS_MACHINE),
        ("ssl:8081:interface=127.0.0.1:privateKey=a", Reach.THIS_MACHINE),
        ("haproxy:tcp:8081:interface=127.0.0.1", Reach.THIS_MACHINE),
        ("unix:/run/admin.sock:mode=600", Reach.THIS_MACHINE),
        ("haproxy:unix:/run/admin.sock", Reach.THIS_MACHINE),
        ("tcp:8081", Reach.OTHERS_IN_PLAIN),
        ("tcp6:8081", Reach.OTHERS_IN_PLAIN),
        ("haproxy:tcp:8081", Reach.OTHERS_IN_PLAIN),
        ("tcp:8081:interface=0.0.0.0", Reach.OTHERS_IN_PLAIN),
        ("tcp:8081:interface=127.0.0.1:interface=0.0.0.0", Reach.OTHERS_IN_PLAIN),
        ("tcp:8081:interface=127.0.0.1.example.org", Reach.OTHERS_IN_PLAIN),
        (r"tcp:8081:interface=0.0.0.0\:interface=127.0.0.1", Reach.OTHERS_IN_PLAIN),
        ("tcp:interface=127.0.0.2.:port=1", Reach.OTHERS_IN_PLAIN),
        ("ssl:8081:privateKey=a:certKey=b", Reach.OTHERS_BY_TLS),
        ("haproxy:ssl:8081", Reach.OTHERS_BY_TLS),
        ("systemd:domain=INET:index=0", Reach.UNKNOWN),
        ("haproxy:systemd:domain=INET:index=0", Reach.UNKNOWN),
        ("", Reach.UNKNOWN),
    ],
)
def test_what_a_text_says(endpoint: str, reach: Reach) -> None:
    assert reach_of(endpoint) is reach


@pytest.mark.parametrize(
    ("endpoint", "passwords", "complaint"),
    [
        ("tcp:8081", False, "without TLS and without a password"),
        ("tcp:8081", True, "without TLS;"),
        ("ssl:8081", False, "without a password"),
        ("ssl:8081", True, None),
        ("tcp:8081:interface=127.0.0.1", False, None),
        ("unix:/run/admin.sock", False, None),
        ("systemd:domain=INET:index=0", False, None),
    ],
)
def test_what_it_demands(endpoint: str, passwords: bool, complaint: str | None) -> None:
    if complaint is None:
        check_endpoint(endpoint, passwords=passwords)
        return
    with pytest.raises(BadValue, match=complaint) as caught:
        check_endpoint(endpoint, passwords=passwords)
    assert "give it a loopback address" in str(caught.value)


@pytest.mark.parametrize(
    ("endpoint", "address", "passwords", "allowed"),
    [
        ("systemd:domain=INET:index=0", LOOPBACK, False, True),
        ("systemd:domain=INET6:index=0", IPv6Address("TCP", "::1", 1), False, True),
        ("systemd:domain=UNIX:index=0", UNIXAddress(b"/run/x"), False, True),
        ("systemd:domain=INET:index=0", EVERYWHERE, True, False),
        ("systemd:domain=INET6:index=0", IPv6Address("TCP", "::", 1), False, False),
        ("ssl:8081", EVERYWHERE, True, True),
        ("haproxy:ssl:8081", EVERYWHERE, True, True),
        ("ssl:8081", EVERYWHERE, False, False),
        # Should a text ever be read wrongly, where it listens still counts.
        ("tcp:8081:interface=127.0.0.1", EVERYWHERE, False, False),
        ("unix:/run/x", object(), True, False),
    ],
)
def test_where_it_listens(endpoint: str, address: IAddress, passwords: bool, allowed: bool) -> None:
    if allowed:
        check_addresses(endpoint, [LOOPBACK, address], passwords=passwords)
        return
    with pytest.raises(BadValue, match="can be reached from other machines"):
        check_addresses(endpoint, [LOOPBACK, address], passwords=passwords)
