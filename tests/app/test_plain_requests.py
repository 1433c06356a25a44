"""A request that is read at once is read as twisted.web would have read it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.internet.testing import StringTransport
from twisted.web.http import HTTPChannel

from jqengine.app.channel import HostedChannel
from jqengine.app.site import HostedSite
from tests.app.fakes import HandReactor, SteadyClock


class Keep:
    """A resource that keeps the requests it is asked, and never answers."""

    isLeaf = True  # noqa: N815

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def render(self, request: Any) -> int:
        self.requests.append(request)
        return 1


class LineByLine(HostedChannel):
    """Reads every request as twisted.web does."""

    dataReceived = HTTPChannel.dataReceived  # noqa: N815


def outcome(channel_class: type[HostedChannel], data: bytes) -> tuple[Any, ...]:
    """What becomes of *data*: the request, the answer and the connection."""
    keep = Keep()
    site = HostedSite(keep, reactor=HandReactor(), clock=SteadyClock())
    channel = channel_class()
    channel.site = channel.factory = site
    channel.requestFactory = site.requestFactory
    channel.timeOut = 60
    channel.callLater = site.reactor.callLater
    transport = StringTransport()
    channel.makeConnection(transport)
    channel.dataReceived(data)
    return (
        [
            (
                request.method,
                request.uri,
                request.path,
                request.clientproto,
                list(request.requestHeaders.getAllRawHeaders()),
                list(request.responseHeaders.getAllRawHeaders()),
                request.getCookie(b"a"),
                request.content.read(),
            )
            for request in keep.requests
        ],
        transport.value(),
        transport.disconnecting,
        bool(channel.persistent),
        channel.timeOut,
        channel.line_mode,
    )


class Lines(HostedChannel):
    """Counts what it leaves to twisted.web."""

    lines = 0

    def lineReceived(self, line: bytes) -> None:
        Lines.lines += 1
        super().lineReceived(line)


def read_at_once(data: bytes) -> bool:
    Lines.lines = 0
    outcome(Lines, data)
    return Lines.lines == 0


PLAIN = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET /a%20b;c?d=e&f#g HTTP/1.1\r\nHost: x\r\n\r\n",
    b"DELETE /x HTTP/1.1\r\nHost:x\r\nX:\r\nX:  \t two \t\r\nx: three\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nCookie: a=b; c=d\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX-Content-Length: 5\r\nX: content-length: 5\r\n\r\n",
]
NOT_PLAIN = [
    b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
    b"POST / HTTP/1.1\r\nTransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n",
    b"GET http://x/ HTTP/1.1\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: a\r\n folded\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: caf\xe9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n",
    b"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 501 + b"\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"y" * 16_400 + b"\r\n\r\n",
]


@pytest.mark.parametrize("data", PLAIN)
def test_plain_requests_are_read_at_once_and_the_same(data: bytes) -> None:
    assert read_at_once(data)
    assert outcome(HostedChannel, data) == outcome(LineByLine, data)


@pytest.mark.parametrize("data", NOT_PLAIN)
def test_all_others_are_left_to_twisted_web(data: bytes) -> None:
    assert not read_at_once(data)
    assert outcome(HostedChannel, data) == outcome(LineByLine, data)


tokens = st.text("abcXYZ019-_!~:. \t\x00\x7f\xe9", max_size=8).map(lambda s: s.encode("latin-1"))
names = st.one_of(
    tokens,
    st.sampled_from(
        [b"Host", b"Content-Length", b"Transfer-Encoding", b"Expect", b"Connection", b"Cookie"]
    ),
)
values = st.one_of(tokens, st.sampled_from([b"0", b"3", b"chunked", b"close", b"100-continue"]))
ends = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\n ", b""])
lines = st.builds(
    lambda name, colon, value, end: name + colon + value + end,
    names,
    st.sampled_from([b": ", b":", b" :", b""]),
    values,
    ends,
)
heads = st.builds(
    lambda method, target, version, lines, rest: (
        method + b" " + target + b" " + version + b"\r\n" + b"".join(lines) + b"\r\n" + rest
    ),
    st.sampled_from([b"GET", b"get", b"POST", b"", b"G T"]),
    st.one_of(st.sampled_from([b"/", b"*", b"http://h/p", b"/a?b"]), tokens),
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b""]),
    st.lists(lines, max_size=4),
    st.sampled_from([b"", b"", b"abc", b"GET / HTTP/1.1\r\n\r\n"]),
)


@settings(max_examples=600, deadline=None)
@given(heads)
@example(b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\nHost: c\r\n\r\n")
def test_no_request_is_read_differently(data: bytes) -> None:
    assert outcome(HostedChannel, data) == outcome(LineByLine, data)
