"""The root of the admin listener: what is asked, and who answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer

from jqengine.admin.answer import HEADERS, NOT_FOUND, SITE_HEADERS, TEXT, Answer, Live, text
from jqengine.admin.gate import Admitted, Gate, asked_by
from jqengine.errors import StoreUnavailable
from jqengine.request.outputs import Output

Page = Callable[[Sequence[str], str], Awaitable[Answer | Live]]
"""Makes an answer of the variable parts of a path and the address of this site."""

LOOK_INTERVAL = 0.25
"""Seconds between two looks at an output that is followed."""

MOST_FOLLOWED = 64
"""Outputs that are followed at once."""

PROBES = frozenset({("-", "healthz"), ("-", "readyz")})
"""Pages that answer strangers too, with yes or no: whatever watches has no password."""

FOR_PEOPLE_TOO = "runs"
"""The first of the two segments of pages that are JSON for programs, and for browsers a page of
the application that answers for all else."""

CACHED = b"/static/"
"""Where files lie that are no secret; their answers say themselves how long they are good."""

_NOT_PASSED_ON = (
    b"Authorization",  # the password stays here
    b"X-HTTP-Method",
    b"X-HTTP-Method-Override",
    b"X-Method-Override",  # what was looked at is what happens
)


@implementer(IResource)
class AdminRoot:
    """Answers those whom *gate* lets in.

    :param pages: by the pattern of their path, ``*`` for one variable segment;
        they answer GET and HEAD.
    :param resources: leaves that answer whatever else is asked, by the first
        segment of the path; the one at the empty text answers for the others.
    """

    isLeaf = True  # noqa: N815

    _log = Logger()

    def __init__(
        self,
        reactor: IReactorTime,
        pages: Mapping[tuple[str, ...], Page],
        gate: Gate,
        resources: Mapping[str, IResource],
    ) -> None:
        self._reactor = reactor
        self._pages = pages
        self._gate = gate
        self._resources = resources
        self._followed = 0

    def render(self, request: Request) -> int:
        """Answer *request*."""
        set_headers(request, SITE_HEADERS)
        answering = Deferred.fromCoroutine(self._answer(request))
        answering.addErrback(request.processingFailed)
        return NOT_DONE_YET

    async def _answer(self, request: Request) -> None:
        gone: list[object] = []
        request.notifyFinish().addBoth(gone.append)
        answer = await self._found(request)
        if gone:
            return
        if isinstance(answer, Live):
            await self._follow(request, answer.output, gone)
        elif isinstance(answer, Answer):
            send(request, answer)
        else:
            answer.render(request)

    async def _found(self, request: Request) -> Answer | Live | IResource:
        refusal = self._gate.objection(request)
        if refusal is not None:
            return refusal
        segments = _segments(request)
        page, variables = self._page(segments)
        if len(segments) == 2 and segments[0] == FOR_PEOPLE_TOO and "" in self._resources:
            request.setHeader(b"Vary", b"Accept")
            page = None if _wants_html(request) else page
        admitted = await self._gate.admit(request)
        if isinstance(admitted, Answer):
            return await self._for_strangers(request, segments, page, admitted)
        if page is not None:
            return await self._from_page(request, page, variables)
        return self._behind(request, segments, admitted)

    async def _for_strangers(
        self, request: Request, segments: Sequence[str], page: Page | None, refusal: Answer
    ) -> Answer:
        if page is None or tuple(segments) not in PROBES or asked_by(request).changes_something:
            return refusal
        answer = await self._from_page(request, page, ())
        assert isinstance(answer, Answer)
        return answer if answer.status == 405 else text(answer.status, _yes_or_no(answer))

    async def _from_page(
        self, request: Request, page: Page, variables: Sequence[str]
    ) -> Answer | Live:
        if request.method not in (b"GET", b"HEAD"):
            return text(405, "only GET and HEAD are answered")._replace(
                headers=(("Allow", "GET, HEAD"),)
            )
        asked = asked_by(request)
        try:
            return await page(variables, f"{'https' if asked.secure else 'http'}://{asked.host}")
        except StoreUnavailable as error:
            return text(503, f"the store is away: {error}")

    def _behind(
        self, request: Request, segments: Sequence[str], admitted: Admitted
    ) -> Answer | IResource:
        first = segments[0] if segments else ""
        resource = self._resources.get(first) or self._resources.get("")
        if resource is None:
            return NOT_FOUND
        if asked_by(request).changes_something:
            self._log.info(
                "{who} asks: {method} {path}",
                who=ascii(admitted.visitor.label),
                method=request.method.decode("ascii"),
                path=ascii(request.path.decode("latin-1")),
            )
        _introduce(request, admitted)
        return resource

    async def _follow(self, request: Request, output: Output, gone: list[object]) -> None:
        """Send *output* as it comes, until it ends or the client leaves."""
        if self._followed >= MOST_FOLLOWED:
            send(request, text(503, f"{MOST_FOLLOWED} outputs are followed already"))
            return
        self._followed += 1
        try:
            await self._send_output(request, output, gone)
        finally:
            self._followed -= 1

    async def _send_output(self, request: Request, output: Output, gone: list[object]) -> None:
        set_headers(request, (*HEADERS, ("Content-Type", TEXT)))
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


def _segments(request: Request) -> Sequence[str]:
    """The decoded segments of a path; none where they are not text."""
    try:
        return [segment.decode("utf-8") for segment in request.postpath or ()]
    except UnicodeDecodeError:
        return ()


def _introduce(request: Request, admitted: Admitted) -> None:
    """Let a WSGI application behind the gate know who came, and nothing it must not."""
    for name in _NOT_PASSED_ON:
        request.requestHeaders.removeHeader(name)
    if not request.path.startswith(CACHED):
        request.setHeader(b"Cache-Control", b"no-store")
    visitor = admitted.visitor
    known = {"jqengine.role": visitor.role.value, "jqengine.csrf": admitted.token}
    if visitor.user is not None:
        # PEP 3333 wants the bytes of a name as latin-1 text.
        user = visitor.user.encode("utf-8", "replace").decode("latin-1")
        known |= {"REMOTE_USER": user, "AUTH_TYPE": "Basic"}
    # What an environ says of the connection, which whoever hosts the application reads.
    hosted = cast("Any", request)
    hosted.connection_keys = {**hosted.connection_keys, **known}


def _wants_html(request: Request) -> bool:
    """Whether HTML is named among what is accepted, as browsers do and programs do not."""
    accepted = b",".join(request.requestHeaders.getRawHeaders(b"Accept", ()))
    kinds = [kind.partition(b";")[0].strip().lower() for kind in accepted.split(b",")]
    return b"text/html" in kinds


def _yes_or_no(answer: Answer) -> str:
    return "yes" if answer.status == 200 else "no"


def set_headers(request: Request, headers: Sequence[tuple[str, str]]) -> None:
    """Set *headers* in place of those of the same names."""
    for name, value in headers:
        request.setHeader(name.encode("ascii"), value.encode("latin-1"))


def send(request: Request, answer: Answer) -> None:
    """Send *answer* whole."""
    phrase = HTTPStatus(answer.status).phrase
    request.setResponseCode(answer.status, phrase.encode("ascii"))
    etag = dict(answer.headers).get("ETag")
    if etag is not None and request.setETag(etag.encode("ascii")) is not None:
        request.finish()
        return
    set_headers(request, (*HEADERS, *answer.headers, ("Content-Type", answer.content_type)))
    request.setHeader(b"Content-Length", b"%d" % len(answer.body))
    request.write(answer.body)
    request.finish()
