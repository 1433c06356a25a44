"""The environ of a real request, wherever the resource stands."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.testing import StringTransport
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.test.requesthelper import DummyChannel

from jqengine.app.environ import connection_keys, host_without_port, split_target
from jqengine.app.resource import WSGIResource
from jqengine.app.site import HostedSite
from tests.app.fakes import HandReactor, SameThread, SteadyClock

ADDRESS = IPv4Address("TCP", "10.0.0.1", 80)


class NoTime:
    """A reactor with no time: everything happens at once."""

    def callFromThread(self, function: Any, *arguments: Any) -> None:
        function(*arguments)


def environ_on_a_stock_site(target: bytes, *, below: list[bytes], **headers: bytes) -> Any:
    """What the application sees when the resource stands at *below* in a stock Site."""
    seen: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ)
        start_response("200 OK", [])
        return [b""]

    root: Any = WSGIResource(NoTime(), SameThread(), application)
    for segment in reversed(below):
        parent = Resource()
        parent.putChild(segment, root)
        root = parent
    channel = DummyChannel()
    channel.site = Site(root)
    request = channel.site.requestFactory(channel)
    for name, value in headers.items():
        request.requestHeaders.addRawHeader(name.encode(), value)
    request.gotLength(0)
    request.requestReceived(b"GET", target, b"HTTP/1.1")
    [environ] = seen
    return environ


@pytest.mark.parametrize(
    ("target", "below", "script", "path", "query"),
    [
        (b"/", [], "", "/", ""),
        (b"/a%2Fb/c?d", [], "", "/a/b/c", "d"),
        (b"//a", [], "", "//a", ""),
        (b"http://other:8/x/y?q", [], "", "/x/y", "q"),
        (b"HTTPS://other", [], "", "/", ""),
        (b"/sub/x?q=1", [b"sub"], "/sub", "/x", "q=1"),
        (b"/sub", [b"sub"], "/sub", "", ""),
        (b"/a%20b/c/%ff", [b"a b", b"c"], "/a b/c", "/\xff", ""),
    ],
)
def test_script_name_and_path_say_where_the_application_is(
    target: bytes, below: list[bytes], script: str, path: str, query: str
) -> None:
    environ = environ_on_a_stock_site(target, below=below)
    found = tuple(environ[name] for name in ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"))
    assert found == (script, path, query)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (b"example.org", "example.org"),
        (b"example.org:8080", "example.org"),
        (b"[::1]:8080", "::1"),
        (b"", "10.0.0.1"),
        (b":80", "10.0.0.1"),
    ],
)
def test_the_server_name_is_never_empty(host: bytes, name: str) -> None:
    assert environ_on_a_stock_site(b"/", below=[], Host=host)["SERVER_NAME"] == name


@pytest.mark.parametrize(
    ("host", "name"),
    [("a", "a"), ("a:1", "a"), ("[::1]", "::1"), ("[::1]:2", "::1"), ("[::1", "::1"), ("", "")],
)
def test_a_host_without_its_port(host: str, name: str) -> None:
    assert host_without_port(host) == name


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        (b"/a?b?c", (None, b"/a", b"b?c")),
        (b"*", (None, b"*", b"")),
        (b"http://h", (b"h", b"/", b"")),
        (b"http://u@h:1?q", (b"u@h:1", b"/", b"q")),
        (b"http:///a", (b"", b"/a", b"")),
        (b"ftp://h/a", (None, b"ftp://h/a", b"")),
        (b"/http://h", (None, b"/http://h", b"")),
        (b"", (None, b"/", b"")),
    ],
)
def test_a_target_in_parts(target: bytes, parts: Any) -> None:
    assert split_target(target) == parts


@pytest.mark.parametrize(
    ("client", "host", "secure", "expected"),
    [
        (IPv4Address("TCP", "1.2.3.4", 5), ADDRESS, False, ("http", "80", "1.2.3.4", "5")),
        (IPv6Address("TCP", "::1", 5), ADDRESS, True, ("https", "80", "::1", "5")),
        (UNIXAddress(None), UNIXAddress("/x"), False, ("http", "80", "", None)),
        (UNIXAddress(None), UNIXAddress("/x"), True, ("https", "443", "", None)),
    ],
)
def test_what_the_connection_says(client: Any, host: Any, secure: bool, expected: Any) -> None:
    keys = connection_keys(client, host, secure)
    names = ("wsgi.url_scheme", "SERVER_PORT", "REMOTE_ADDR", "REMOTE_PORT")
    assert tuple(keys.get(name) for name in names) == expected


def test_a_proxy_in_front_may_say_where_the_request_really_went() -> None:
    seen: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ)
        start_response("200 OK", [])
        return [b""]

    class Moved(Resource):
        isLeaf = True  # noqa: N815

        def render(self, request: Any) -> Any:
            request.setHost(b"public.example", 443, ssl=1)
            return inner.render(request)

    reactor = HandReactor()
    inner = WSGIResource(reactor, SameThread(), application)
    site = HostedSite(Moved(), reactor=reactor, clock=SteadyClock())
    channel = site.buildProtocol(None)
    channel.makeConnection(StringTransport())
    channel.dataReceived(b"GET / HTTP/1.1\r\nHost: inside:80\r\n\r\n")
    reactor.advance(0)
    [environ] = seen
    names = ("wsgi.url_scheme", "SERVER_NAME", "SERVER_PORT", "HTTP_HOST")
    assert tuple(environ[name] for name in names) == (
        "https",
        "public.example",
        "443",
        "public.example",
    )
