"""What ``publish:`` serves: published results as resources of the public port."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPullProducer
from twisted.logger import Logger
from twisted.web.http import datetimeToString
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer

from jqengine.delivery import Publication
from jqengine.errors import StoreUnavailable
from jqengine.interfaces import IDeliveryStore, IPublications
from jqengine.job import Headers, Result
from jqengine.request.httpdate import http_date
from jqengine.sinks.conditional import Reply, Representation, is_etag, reply_to
from jqengine.sinktools import Parcel

MOST_CACHED = 32 * 1024 * 1024
"""Bytes of bodies that are kept in memory; others are read when they are asked for."""

PART = 64 * 1024
"""Bytes given to a connection at a time, so that a slow client costs no more."""

SERVED_HEADERS = frozenset(
    {
        "access-control-allow-origin",
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-security-policy",
        "content-type",
        "cross-origin-resource-policy",
        "expires",
        "link",
        "referrer-policy",
        "vary",
        "x-content-type-options",
        "x-frame-options",
        "x-robots-tag",
    }
)
"""What a result may say about how it is served.  Cookies, above all, are not
among them: they were set for the job, not for whoever comes along."""

WITH_NOT_MODIFIED = frozenset({"cache-control", "expires", "vary"})
"""Of these, what a 304 has too (RFC 9110, section 15.4.5)."""


_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
"""What can be sent as the value of a header (RFC 9110, section 5.5)."""


@implementer(IPublications)
class Pages:
    """All that is served in the application's place.  For the reactor thread."""

    _log = Logger()

    def __init__(self, store: IDeliveryStore) -> None:
        self._store = store
        self._pages: dict[bytes, Publication] = {}
        self._bodies = BodyCache(MOST_CACHED)
        self._stale = False
        self._loading = False

    async def load(self) -> None:
        """Take up what was served before; to be awaited before serving."""
        for publication in await self._store.publications():
            self._pages[publication.path.encode("utf-8")] = publication

    def reload(self) -> None:
        """Another process serves something else: see what it is."""
        self._stale = True
        if not self._loading:
            self._loading = True
            Deferred.fromCoroutine(self._reload())

    async def _reload(self) -> None:
        try:
            while self._stale:
                self._stale = False
                await self.load()
        except StoreUnavailable as error:
            self._log.warn("What others publish is not seen: {error}", error=error)
        finally:
            self._loading = False

    def publish(self, path: str, parcel: Parcel) -> Deferred[None]:
        """Serve the parcel's result at *path* from now on, over restarts too."""
        return Deferred.fromCoroutine(self._publish(path, parcel))

    async def _publish(self, path: str, parcel: Parcel) -> None:
        before = self._pages.get(path.encode("utf-8"))
        publication = publication_of(path, parcel, before)
        await self._store.publish(publication)
        self._pages[path.encode("utf-8")] = publication
        self._bodies.put(publication, parcel.result.body)

    def at(self, path: bytes) -> Publication | None:
        """What is served at the *path* of a request, still encoded, if anything."""
        if not self._pages:
            return None
        return self._pages.get(unquote_to_bytes(path) if b"%" in path else path)

    async def body(self, publication: Publication) -> bytes | None:
        """The body of *publication*; ``None`` when it cannot be had."""
        body = self._bodies.get(publication)
        if body is not None:
            return body
        try:
            body = await self._store.published_body(publication)
        except StoreUnavailable:
            return None
        if body is not None:
            self._bodies.put(publication, body)
        return body


def publication_of(path: str, parcel: Parcel, before: Publication | None) -> Publication:
    """How a result is served.

    :param before: what was served at *path* so far; while the contents stay the
        same, so does the instant they were modified.
    """
    run, result = parcel.run, parcel.result
    etag = _etag(result)
    unchanged = before is not None and before.etag == etag
    modified = before.modified if before and unchanged else int(result.finished)
    return Publication(
        path=path,
        job_id=run.job_id,
        run_id=run.id,
        attempt=run.attempt,
        headers=_served(result.headers),
        etag=etag,
        modified=_own_date(result, modified),
        size=len(result.body),
    )


def _etag(result: Result) -> str:
    own = (result.header("ETag") or "").strip()
    if is_etag(own) and own.isprintable():
        return own
    return f'"{hashlib.sha256(result.body).hexdigest()[:32]}"'


def _own_date(result: Result, otherwise: int) -> int:
    """What the result says of itself, unless that is still to come."""
    own = http_date(result.header("Last-Modified") or "")
    return own if own is not None and 0 <= own <= result.finished else otherwise


def _served(headers: Headers) -> Headers:
    return tuple(
        (name, value)
        for name, value in headers
        if name.lower() in SERVED_HEADERS and _FIELD_VALUE.fullmatch(value)
    )


class BodyCache:
    """Keeps bodies up to a number of bytes; one used longest ago makes room."""

    def __init__(self, most: int) -> None:
        self._room = most
        self._bodies: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    def get(self, publication: Publication) -> bytes | None:
        """The body, if it is kept here."""
        key = (publication.run_id, publication.attempt)
        if key in self._bodies:
            self._bodies.move_to_end(key)
        return self._bodies.get(key)

    def put(self, publication: Publication, body: bytes) -> None:
        """Keep *body* for a while."""
        key = (publication.run_id, publication.attempt)
        self._room += len(self._bodies.pop(key, b"")) - len(body)
        self._bodies[key] = body
        while self._room < 0:
            _, oldest = self._bodies.popitem(last=False)
            self._room += len(oldest)


@implementer(IResource)
class PublishedOr:
    """A root that answers with what is published, and else lets *application* answer.

    A leaf, so the application finds its path whole.  Requests other than GET
    and HEAD are always the application's.
    """

    isLeaf = True  # noqa: N815

    def __init__(self, pages: Pages, application: IResource) -> None:
        self._pages = pages
        self._application = application

    def render(self, request: Request) -> int | bytes:
        """Answer *request*."""
        publication = self._pages.at(request.path)
        if publication is None or request.method not in (b"GET", b"HEAD"):
            answer: int | bytes = self._application.render(request)
            return answer
        serving = Deferred.fromCoroutine(self._serve(request, publication))
        serving.addErrback(request.processingFailed)
        return NOT_DONE_YET

    async def _serve(self, request: Request, publication: Publication) -> None:
        gone: list[object] = []
        request.notifyFinish().addBoth(gone.append)
        current = Representation(publication.etag, publication.modified, publication.size)
        reply = reply_to(request.method.decode("ascii"), _reader(request), current)
        body = b""
        if request.method == b"GET" and reply.status in (200, 206):
            kept = await self._pages.body(publication)
            reply, body = (Reply(503), b"") if kept is None else (reply, kept)
        if not gone:
            _answer(request, publication, reply, body)

    def getChildWithDefault(self, name: bytes, request: Request) -> IResource:
        """There is nothing below a leaf.

        :raises RuntimeError: always.
        """
        raise RuntimeError("what is published has no child resources")

    def putChild(self, path: bytes, child: IResource) -> None:
        """There can be nothing below a leaf.

        :raises RuntimeError: always.
        """
        raise RuntimeError("what is published cannot have child resources")


def _reader(request: Request) -> Callable[[str], str | None]:
    def read(name: str) -> str | None:
        values = request.requestHeaders.getRawHeaders(name.encode("ascii"))
        return b", ".join(values).decode("latin-1") if values else None

    return read


def _answer(request: Request, publication: Publication, reply: Reply, body: bytes) -> None:
    request.setResponseCode(reply.status)
    _set_headers(request, publication, reply)
    part = memoryview(body)[reply.start : reply.end]
    if part:
        request.registerProducer(_Part(request, part), False)
    else:
        request.finish()


def _set_headers(request: Request, publication: Publication, reply: Reply) -> None:
    sends_contents = reply.status in (200, 206)
    for name, value in publication.headers:
        if sends_contents or (reply.status == 304 and name.lower() in WITH_NOT_MODIFIED):
            request.responseHeaders.addRawHeader(name.encode("ascii"), value.encode("latin-1"))
    if sends_contents or reply.status == 304:
        request.setHeader(b"ETag", publication.etag.encode("latin-1"))
        request.setHeader(b"Last-Modified", datetimeToString(publication.modified))
    if sends_contents:
        request.setHeader(b"Accept-Ranges", b"bytes")
        request.setHeader(b"Content-Length", b"%d" % (reply.end - reply.start))
        if not request.responseHeaders.hasHeader(b"Content-Type"):
            request.setHeader(b"Content-Type", b"application/octet-stream")
    elif reply.status != 304:
        request.setHeader(b"Content-Length", b"0")
    if reply.status == 206:
        place = (reply.start, reply.end - 1, publication.size)
        request.setHeader(b"Content-Range", b"bytes %d-%d/%d" % place)
    if reply.status == 416:
        request.setHeader(b"Content-Range", b"bytes */%d" % publication.size)


@implementer(IPullProducer)
class _Part:
    """Gives a connection its part of a body, bit by bit as it takes them."""

    def __init__(self, request: Request, part: memoryview) -> None:
        self._request = request
        self._part = part

    def resumeProducing(self) -> None:
        bit, self._part = self._part[:PART], self._part[PART:]
        self._request.write(bytes(bit))
        if not self._part:
            self._request.unregisterProducer()
            self._request.finish()

    def stopProducing(self) -> None:
        self._part = memoryview(b"")
