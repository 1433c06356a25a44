"""Resources that are no application stand on the same site, and find what they know."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.testing import StringTransport
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET

from jqengine.app.resource import WSGIResource
from jqengine.app.site import HostedSite
from tests.app.fakes import HandReactor, SameThread, SteadyClock
from tests.app.serving import body_of, head_of


class Page(Resource):
    """Answers what it saw of the request."""

    def render_GET(self, request: Any) -> bytes:
        seen = (request.prepath, request.postpath, request.args, request.getCookie(b"k"))
        return repr(seen).encode()


class Leaf(Page):
    isLeaf = True  # noqa: N815


class Later(Resource):
    """Answers in parts, by hand."""

    def render_GET(self, request: Any) -> int:
        request.setHeader(b"Server", b"mine")
        request.write(b"one ")
        request.write(b"two")
        request.finish()
        return NOT_DONE_YET


class Broken(Resource):
    def render_GET(self, request: Any) -> bytes:
        raise RuntimeError("oh")


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [repr((environ["SCRIPT_NAME"], environ["PATH_INFO"])).encode()]


def ask(root: IResource, request: bytes) -> bytes:
    reactor = HandReactor()
    site = HostedSite(root, reactor=reactor, clock=SteadyClock())
    channel, transport = site.buildProtocol(None), StringTransport()
    channel.makeConnection(transport)
    channel.dataReceived(request)
    reactor.advance(0)
    reactor.look()
    return transport.value()


def tree() -> Resource:
    root = Resource()
    for name, child in (
        (b"page", Page()),
        (b"later", Later()),
        (b"broken", Broken()),
        (b"app", WSGIResource(HandReactor(), SameThread(), application)),
    ):
        root.putChild(name, child)
    return root


@pytest.mark.parametrize(
    ("root", "target", "seen"),
    [
        (tree(), b"/page?a=1&b=%20&a=2&c", ([b"page"], [], {b"a": [b"1", b"2"], b"b": [b" "]})),
        (Leaf(), b"/x/%2F/?q=", ([], [b"x", b"/", b""], {b"q": [b""]})),
        (Leaf(), b"http://elsewhere/x", ([], [b"x"], {})),
    ],
)
def test_it_finds_the_path_the_arguments_and_the_cookies(
    root: IResource, target: bytes, seen: Any
) -> None:
    response = ask(root, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nCookie: k=v\r\n\r\n")
    assert body_of(response) == repr((*seen, b"v")).encode()
    status, headers = head_of(response)
    assert status == b"HTTP/1.1 200 OK"
    assert headers == {
        b"server": b"jqengine",
        b"date": b"Tue, 24 Nov 2026 03:00:00 GMT",
        b"content-type": b"text/html",
        b"content-length": str(len(body_of(response))).encode(),
    }


def test_it_may_answer_in_parts_and_with_its_own_headers() -> None:
    response = ask(tree(), b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
    assert body_of(response) == b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"
    assert head_of(response)[1][b"server"] == b"mine"


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /absent", b"404 Not Found"),
        (b"POST /page", b"405 Method Not Allowed"),
        (b"BREW /page", b"501 Not Implemented"),
    ],
)
def test_errors_are_those_of_twisted_web(request_line: bytes, status: bytes) -> None:
    response = ask(tree(), request_line + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert response.startswith(b"HTTP/1.1 " + status + b"\r\n")


def test_a_resource_that_fails_gives_500_without_a_traceback(flushed) -> None:
    response = ask(tree(), b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n")
    assert response.startswith(b"HTTP/1.1 500 ")
    assert b"Traceback" not in response
    assert [str(failure.value) for failure in flushed()] == ["oh"]


def test_head_of_a_resource_has_no_body() -> None:
    response = ask(tree(), b"HEAD /page HTTP/1.1\r\nHost: x\r\n\r\n")
    assert body_of(response) == b""
    assert int(head_of(response)[1][b"content-length"]) > 0


def test_the_application_may_stand_anywhere_in_the_tree() -> None:
    root = Resource()
    reactor = HandReactor()
    root.putChild(b"app", WSGIResource(reactor, SameThread(), application))
    site = HostedSite(root, reactor=reactor, clock=SteadyClock())
    channel, transport = site.buildProtocol(None), StringTransport()
    channel.makeConnection(transport)
    channel.dataReceived(b"GET /app/x%20y HTTP/1.1\r\nHost: x\r\n\r\n")
    reactor.advance(0)
    reactor.look()
    assert body_of(transport.value()) == b"('/app', '/x y')"
