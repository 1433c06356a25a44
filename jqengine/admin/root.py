"""The root of the admin listener: who may ask, and who answers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer

from jqengine.admin.answer import HEADERS, NOT_FOUND, TEXT, Answer, Live, text
from jqengine.errors import StoreUnavailable
from jqengine.request.outputs import Output

Page = Callable[[Sequence[str], str], Awaitable[Answer | Live]]
"""Makes an answer of the variable parts of a path and the address of this site."""

LOOK_INTERVAL = 0.25
"""Seconds between two looks at an output that is followed."""

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?")


@implementer(IResource)
class AdminRoot:
    """Answers GET and HEAD from clients that mean this machine.

    A page of another site that makes its own name point here is turned away by
    the Host header it sends (DNS rebinding).

    :param pages: by the pattern of their path, ``*`` for one variable segment.
    """

    isLeaf = True  # noqa: N815

    def __init__(self, reactor: IReactorTime, pages: dict[tuple[str, ...], Page]) -> None:
        self._reactor = reactor
        self._pages = pages

    def render(self, request: Request) -> int:
        """Answer *request*."""
        answering = Deferred.fromCoroutine(self._answer(request))
        answering.addErrback(request.processingFailed)
        return NOT_DONE_YET

    async def _answer(self, request: Request) -> None:
        gone: list[object] = []
        request.notifyFinish().addBoth(gone.append)
        try:
            answer = await self._make(request)
        except StoreUnavailable as error:
            answer = text(503, f"the store is away: {error}")
        if gone:
            return
        if isinstance(answer, Live):
            await self._follow(request, answer.output, gone)
        else:
            send(request, answer)

    async def _follow(self, request: Request, output: Output, gone: list[object]) -> None:
        """Send *output* as it comes, until it ends or the client leaves."""
        set_headers(request, (("Content-Type", TEXT),))
        sent = 0
        while not gone:
            ended = output.ended  # before the pieces, lest the last ones be missed
            pieces = output.pieces(sent)
            sent += len(pieces)
            request.write(b"".join(pieces))
            if ended or request.method == b"HEAD":
                request.finish()
                return
            await deferLater(self._reactor, LOOK_INTERVAL)

    async def _make(self, request: Request) -> Answer | Live:
        host = (request.getHeader(b"host") or b"").decode("latin-1")
        if not means_this_machine(host):
            return text(421, "this listener answers to localhost and to addresses of this machine")
        if request.method not in (b"GET", b"HEAD"):
            return text(405, "only GET and HEAD are answered")._replace(
                headers=(("Allow", "GET, HEAD"),)
            )
        try:
            segments = [segment.decode("utf-8") for segment in request.postpath or ()]
        except UnicodeDecodeError:
            return NOT_FOUND
        page, variables = self._page(segments)
        return NOT_FOUND if page is None else await page(variables, f"http://{host}")

    def _page(self, segments: Sequence[str]) -> tuple[Page | None, Sequence[str]]:
        for pattern, page in self._pages.items():
            if len(pattern) == len(segments) and all(
                part in ("*", segment) for part, segment in zip(pattern, segments, strict=True)
            ):
                pairs = zip(pattern, segments, strict=True)
                return page, [segment for part, segment in pairs if part == "*"]
        return None, ()

    def getChildWithDefault(self, name: bytes, request: Request) -> IResource:
        """There is nothing below a leaf.

        :raises RuntimeError: always.
        """
        raise RuntimeError("the admin listener has no child resources")

    def putChild(self, path: bytes, child: IResource) -> None:
        """There can be nothing below a leaf.

        :raises RuntimeError: always.
        """
        raise RuntimeError("the admin listener cannot have child resources")


def means_this_machine(host: str) -> bool:
    """Whether a Host header names this machine by what it is, not by a name of DNS.

    A client on a unix socket may send none.
    """
    if not host:
        return True
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match[1].strip("[]").rstrip(".").lower()
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def set_headers(request: Request, headers: Sequence[tuple[str, str]]) -> None:
    """Set *headers* and those that every answer has."""
    for name, value in (*HEADERS, *headers):
        request.setHeader(name.encode("ascii"), value.encode("latin-1"))


def send(request: Request, answer: Answer) -> None:
    """Send *answer* whole."""
    request.setResponseCode(answer.status)
    etag = dict(answer.headers).get("ETag")
    if etag is not None and request.setETag(etag.encode("ascii")) is not None:
        request.finish()
        return
    set_headers(request, (*answer.headers, ("Content-Type", answer.content_type)))
    request.setHeader(b"Content-Length", b"%d" % len(answer.body))
    request.write(answer.body)
    request.finish()
