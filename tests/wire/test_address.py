"""Addresses of engines."""

from __future__ import annotations

import pytest
from twisted.internet.endpoints import quoteStringArgument

from jqengine.errors import BadValue
from jqengine.wire.address import parse_address, quoted, take_apart


def test_a_unix_socket_in_three_spellings() -> None:
    for text in ("unix:/run/amp.sock", "unix:path=/run/amp.sock", "/run/amp.sock"):
        assert parse_address(text).path == "/run/amp.sock"
    assert parse_address("./amp.sock").path == "./amp.sock"
    assert parse_address("unix:/run/amp.sock:mode=600").path == "/run/amp.sock"


def test_tcp_and_tls() -> None:
    tcp = parse_address("tcp:127.0.0.1:7000")
    assert (tcp.path, tcp.host, tcp.port, tcp.tls) == (None, "127.0.0.1", 7000, False)
    tls = parse_address("tls:jobs.example.org:7000:certificate=me.pem:trustRoots=/etc/ca")
    assert (tls.host, tls.port, tls.tls) == ("jobs.example.org", 7000, True)
    assert (tls.certificate, tls.trust_roots) == ("me.pem", "/etc/ca")
    assert parse_address(r"tcp:\:\:1:7000").host == "::1"


@pytest.mark.parametrize("path", ["/a b/amp.sock", "/a:b/c=d/amp.sock", "/back\\slash/amp.sock"])
def test_a_quoted_path_comes_back_and_is_quoted_as_twisted_does(path: str) -> None:
    assert parse_address(f"unix:{quoted(path)}").path == path
    assert take_apart(f"unix:{quoteStringArgument(path)}:mode=600").positional == (path,)


@pytest.mark.parametrize(
    "text", ["", "unix:", "tcp:host", "tcp:host:port", "tcp::80", "ssl:h:1", "amp.sock", "x:\\"]
)
def test_what_is_no_address_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(BadValue, match="expected unix:PATH, tcp:HOST:PORT or tls:HOST:PORT"):
        parse_address(text)
