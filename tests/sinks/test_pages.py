"""What is published, asked for over a real connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.threads import deferToThread
from twisted.web.resource import Resource
from zope.interface.verify import verifyObject

from jqengine.app.site import HostedSite
from jqengine.clock import SystemClock
from jqengine.delivery import Publication
from jqengine.errors import StoreUnavailable
from jqengine.interfaces import IPublications
from jqengine.job import Headers
from jqengine.sinks.pages import BodyCache, Pages, PublishedOr, publication_of
from tests.sinks.values import NOW, a_parcel, a_result, a_run

DATE = "Fri, 15 Jan 2027 08:00:00 GMT"


class KeptPublications:
    """The part of a store that pages need, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Publication] = {}
        self.bodies: dict[str, bytes] = {}
        self.asked = 0
        self.broken: Exception | None = None

    def publications(self) -> Deferred[list[Publication]]:
        return succeed(list(self.kept.values()))

    def publish(self, publication: Publication) -> Deferred[None]:
        self.kept[publication.path] = publication
        return succeed(None)

    def published_body(self, publication: Publication) -> Deferred[bytes | None]:
        self.asked += 1
        if self.broken:
            return fail(self.broken)
        return succeed(self.bodies.get(publication.run_id))


class Application(Resource):
    """Answers everything, and says so."""

    def __init__(self) -> None:
        super().__init__()
        self.isLeaf = True

    def render(self, request: Any) -> bytes:
        request.setHeader(b"Content-Type", b"text/plain")
        return b"application " + request.method + b" " + b"/".join(request.postpath)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Served:
    """Pages on a free port, before an application."""

    def __init__(self) -> None:
        self.store = KeptPublications()
        self.pages = Pages(self.store)  # type: ignore[arg-type]
        root = PublishedOr(self.pages, Application())
        site = HostedSite(root, reactor=reactor, clock=SystemClock())
        self.port = reactor.listenTCP(0, site, interface="127.0.0.1")

    async def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        import http.client

        given = {name.replace("_", "-"): value for name, value in headers.items()}

        def ask() -> Answer:
            connection = http.client.HTTPConnection("127.0.0.1", self.port.getHost().port)
            try:
                connection.request(method, path, headers={"Connection": "close", **given})
                response = connection.getresponse()
                found = {name.lower(): value for name, value in response.getheaders()}
                return Answer(response.status, found, response.read())
            finally:
                connection.close()

        answer: Answer = await deferToThread(ask)
        return answer

    async def publish(self, path: str, body: bytes, headers: Headers = (), **run: Any) -> None:
        result = a_result(body, headers=(("Content-Type", "text/html"), *headers))
        self.store.bodies[run.get("id", a_run().id)] = body
        await self.pages.publish(path, a_parcel(result, run=a_run(**run)))


@pytest.fixture
def served() -> Iterator[Served]:
    one = Served()
    yield one
    one.port.stopListening()


def test_it_is_what_sinks_are_lent() -> None:
    assert verifyObject(IPublications, Pages(KeptPublications()))  # type: ignore[arg-type]


@ensureDeferred
async def test_a_page_with_its_type_and_validators(served: Served) -> None:
    assert (await served.ask("/digest")).body == b"application GET digest"
    await served.publish("/digest", b"<p>hi</p>")
    answer = await served.ask("/digest")
    assert (answer.status, answer.body) == (200, b"<p>hi</p>")
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["content-length"] == "9"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["last-modified"] == DATE
    assert answer.headers["etag"].startswith('"')
    assert (await served.ask("/other/path")).body == b"application GET other/path"


@ensureDeferred
async def test_the_second_time_it_is_known(served: Served) -> None:
    await served.publish("/x", b"hello", (("Cache-Control", "max-age=60"),))
    first = await served.ask("/x")
    for headers in (
        {"If_None_Match": first.headers["etag"]},
        {"If_Modified_Since": first.headers["last-modified"]},
    ):
        second = await served.ask("/x", **headers)
        assert (second.status, second.body) == (304, b"")
        assert second.headers["etag"] == first.headers["etag"]
        assert second.headers["cache-control"] == "max-age=60"
        assert "content-length" not in second.headers
    await served.publish("/x", b"changed")
    third = await served.ask("/x", If_None_Match=first.headers["etag"])
    assert (third.status, third.body) == (200, b"changed")


@ensureDeferred
async def test_ranges(served: Served) -> None:
    await served.publish("/x", bytes(range(256)) * 1000)
    part = await served.ask("/x", Range="bytes=100000-199999")
    assert part.status == 206
    assert part.body == (bytes(range(256)) * 1000)[100000:200000]
    assert part.headers["content-range"] == "bytes 100000-199999/256000"
    beyond = await served.ask("/x", Range="bytes=256000-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, "bytes */256000")
    assert beyond.body == b""


@ensureDeferred
async def test_head_says_the_same_without_a_body(served: Served) -> None:
    await served.publish("/x", b"hello")
    get, head = await served.ask("/x"), await served.ask("/x", "HEAD")
    assert (head.status, head.body) == (200, b"")
    for one in (get, head):
        one.headers.pop("date")
    assert head.headers == get.headers


@ensureDeferred
async def test_a_precondition_that_does_not_hold(served: Served) -> None:
    await served.publish("/x", b"hello")
    answer = await served.ask("/x", If_Match='"other"')
    assert (answer.status, answer.body) == (412, b"")


@ensureDeferred
async def test_other_methods_are_the_applications(served: Served) -> None:
    await served.publish("/x", b"hello")
    assert (await served.ask("/x", "POST")).body == b"application POST x"
    assert (await served.ask("/x", "OPTIONS")).body == b"application OPTIONS x"


@ensureDeferred
async def test_a_path_is_compared_decoded_and_never_tidied_up(served: Served) -> None:
    await served.publish("/résumé x", b"hello")
    assert (await served.ask("/r%C3%A9sum%c3%a9%20x?query=is+ignored")).body == b"hello"
    for path in ("/r%C3%A9sum%C3%A9%20x/", "//r%C3%A9sum%C3%A9%20x", "/a/../r%C3%A9sum%C3%A9%20x"):
        assert b"application" in (await served.ask(path)).body


@ensureDeferred
async def test_an_empty_page(served: Served) -> None:
    await served.publish("/x", b"")
    answer = await served.ask("/x")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "0", b"")


@ensureDeferred
async def test_cookies_and_connections_are_not_published(served: Served) -> None:
    await served.publish(
        "/x",
        b"hello",
        (
            ("Set-Cookie", "session=alice"),
            ("Connection", "close"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Length", "9999"),
            ("Content-Language", "fr"),
            ("Vary", "a\r\nSet-Cookie: x=y"),
            ("Link", "\u20ac"),
        ),
    )
    answer = await served.ask("/x")
    assert answer.body == b"hello"
    assert answer.headers["content-language"] == "fr"
    assert answer.headers["content-length"] == "5"
    assert not {"set-cookie", "vary", "link", "transfer-encoding"} & set(answer.headers)


@ensureDeferred
async def test_what_was_published_before_a_restart_is_served(served: Served) -> None:
    await served.publish("/x", b"hello")
    again = Served()
    try:
        again.store.kept = served.store.kept
        again.store.bodies = served.store.bodies
        await again.pages.load()
        for _ in range(2):
            assert (await again.ask("/x")).body == b"hello"
        assert again.store.asked == 1
        again.pages = Pages(again.store)  # type: ignore[arg-type]
    finally:
        again.port.stopListening()


@ensureDeferred
async def test_a_body_that_is_lost_is_said(served: Served) -> None:
    await served.publish("/x", b"hello")
    served.pages._bodies = BodyCache(0)
    served.store.bodies.clear()
    assert (await served.ask("/x")).status == 503
    served.store.broken = StoreUnavailable("away")
    assert (await served.ask("/x")).status == 503
    assert (await served.ask("/x", "HEAD")).status == 200


def served_as(result: Any, before: Publication | None = None) -> Publication:
    return publication_of("/x", a_parcel(result), before)


def test_the_applications_own_validators_are_kept() -> None:
    result = a_result(
        headers=(("ETag", 'W/"7"'), ("Last-Modified", "Fri, 15 Jan 2027 07:00:00 GMT"))
    )
    publication = served_as(result)
    assert (publication.etag, publication.modified) == ('W/"7"', NOW - 3600)


@pytest.mark.parametrize("etag", ["7", '"7', '"\x80"', '"a" "b"', '"a"\r\nX: y', ""])
def test_an_entity_tag_that_is_none_is_replaced(etag: str) -> None:
    publication = served_as(a_result(headers=(("ETag", etag),)))
    assert publication.etag == served_as(a_result()).etag


@pytest.mark.parametrize("date", ["soon", "Fri, 15 Jan 2100 08:00:00 GMT", ""])
def test_a_date_that_is_none_or_to_come_is_replaced(date: str) -> None:
    assert served_as(a_result(headers=(("Last-Modified", date),))).modified == NOW


def test_contents_that_stay_the_same_stay_unmodified() -> None:
    first = served_as(a_result())
    assert served_as(a_result(finished=NOW + 60), first).modified == NOW
    assert served_as(a_result(b"new", finished=NOW + 60), first).modified == NOW + 60


def test_the_cache_keeps_what_was_used_last() -> None:
    cache = BodyCache(10)
    one, two, three = (
        served_as(a_result())._replace(run_id=run_id) for run_id in ("one", "two", "three")
    )
    cache.put(one, b"1" * 5)
    cache.put(two, b"2" * 5)
    assert cache.get(one) == b"11111"
    cache.put(three, b"3" * 5)
    assert (cache.get(one), cache.get(two), cache.get(three)) == (b"1" * 5, None, b"3" * 5)
    cache.put(one, b"1" * 11)
    assert cache.get(one) is None
    cache.put(two, b"2" * 10)
    assert cache.get(two) == b"2" * 10


@ensureDeferred
async def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(served: Served) -> None:
    import socket

    await served.publish("/x", b"x" * 20_000_000)

    def leave() -> None:
        with socket.create_connection(("127.0.0.1", served.port.getHost().port)) as connection:
            connection.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(1000)

    await deferToThread(leave)
    assert (await served.ask("/x", "HEAD")).status == 200
