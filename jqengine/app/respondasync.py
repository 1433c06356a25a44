"""``Prefer: respond-async`` (RFC 7240): a request becomes a job, and its response waits for whoever
asked.

Where it is asked for and allowed, the whole request is stored and answered with
202; the application gets it as a job.  The response, exactly as the application gave
it, is then at the address that the 202 named.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from jqengine.app.environ import RequestEnviron
from jqengine.app.head import HOP_BY_HOP, ResponseHead, response_head
from jqengine.app.httprequest import HostedRequest
from jqengine.errors import JobQueueError, StoreError
from jqengine.interfaces import IClock, IDeliveryStore, IStore
from jqengine.job import (
    NO_RESPONSE,
    Definition,
    Job,
    Policy,
    Request,
    Result,
    Run,
    Schedule,
    Syntax,
)
from jqengine.lifecycle import UNFINISHED_RUNS, JobState
from jqengine.request.continuation import captured, decoded_path
from jqengine.request.headers import environ_key
from jqengine.request.prefer import prefers_async, without_async

KEPT = 86400.0
"""Seconds for which a response can be had, once it is there."""

PARAMETER = "_r"
"""What carries a ticket in an address, as ``_k`` does the id of a continuation."""

# The engine's own, so that neither a client can send it nor the application find it.
TICKET = "X-JobQueue-Ticket"

IDEMPOTENT = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT"})
"""Methods that may be tried again without harm (RFC 9110, section 9.2.2)."""

_IN_QUERY = re.compile(rb"(?:^|&)_r=([0-9a-f]{26})\.([0-9a-f]{64})(?=&|$)")
_OURS = HOP_BY_HOP | {"content-length"}

Headers = list[tuple[str, str]]


class Ticket(NamedTuple):
    """What the response to a stored request is asked for with.

    :ivar run: the id of its run.
    :ivar secret: 256 bits in hexadecimal; only a hash of it is stored.
    """

    run: str
    secret: str

    @classmethod
    def of(cls, query: bytes) -> Ticket | None:
        """The one in a query, if there is one."""
        match = _IN_QUERY.search(query)
        return match and cls(match[1].decode(), match[2].decode())

    @property
    def hash(self) -> str:
        """What is stored of the secret."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def fits(self, run: Run) -> bool:
        """Whether it is the one of *run*."""
        stored = [value for name, value in run.request.headers if name == TICKET]
        return bool(stored) and hmac.compare_digest(stored[0], self.hash)

    def __str__(self) -> str:
        return f"{PARAMETER}={self.run}.{self.secret}"


@implementer(IResource)
class RespondAsync:
    """A root that stores what clients need not wait for, and lets *application* answer the rest.

    :param prefixes: paths where that is allowed, with all beneath them.
    :param policy: of the jobs; a method that is not idempotent is tried once.
    :param random_bytes: gives what nobody can guess.
    :param wake: called when there is something to run.
    """

    isLeaf = True  # noqa: N815

    _log = Logger()

    def __init__(
        self,
        application: IResource,
        *,
        prefixes: Sequence[str],
        store: IStore,
        results: IDeliveryStore,
        clock: IClock,
        policy: Policy,
        new_id: Callable[[float], str],
        random_bytes: Callable[[int], bytes],
        wake: Callable[[], None],
    ) -> None:
        self._application = application
        self._prefixes = prefixes
        self._store = store
        self._results = results
        self._clock = clock
        self._policy = policy
        self._once = replace(policy, attempts=1)
        self._new_id = new_id
        self._random_bytes = random_bytes
        self._wake = wake
        self._environ = RequestEnviron({})

    def render(self, request: HostedRequest) -> int | bytes:
        """Answer *request*."""
        if self._is_allowed(request.path):
            ticket = Ticket.of(request.query) if request.method in (b"GET", b"HEAD") else None
            if ticket is not None:
                return self._later(request, self._respond(request, ticket))
            if prefers_async(_values(request, b"prefer")):
                return self._later(request, self._accept(request))
        answer: int | bytes = self._application.render(request)
        return answer

    def getChildWithDefault(self, name: bytes, request: Any) -> IResource:
        """There is nothing below a leaf.

        :raises RuntimeError: always.
        """
        raise RuntimeError("a leaf has no child resources")

    def putChild(self, path: bytes, child: IResource) -> None:
        """There can be nothing below a leaf.

        :raises RuntimeError: always.
        """
        raise RuntimeError("a leaf cannot have child resources")

    def _is_allowed(self, raw_path: bytes) -> bool:
        path = decoded_path(raw_path.decode("latin-1"))
        return any(is_beneath(path, prefix) for prefix in self._prefixes)

    def _later(self, request: HostedRequest, answering: Any) -> int:
        Deferred.fromCoroutine(answering).addErrback(request.processingFailed)
        return NOT_DONE_YET

    async def _accept(self, request: HostedRequest) -> None:
        gone: list[object] = []
        request.notifyFinish().addErrback(gone.append)
        now = self._clock.now()
        ticket = Ticket(self._new_id(now), self._random_bytes(32).hex())
        try:
            job = self._job(ticket, saved(self._environ(request), request.content.read()), now)
            await self._store.add([job])
        except JobQueueError as error:
            # Nothing is stored, so nothing is done twice.
            self._log.warn("A request is not stored, but answered at once: {why}", why=str(error))
            if not gone:
                self._let_answer(request)
            return
        self._wake()
        if not gone:
            request.respond(*_accepted(request.path, ticket))

    def _let_answer(self, request: HostedRequest) -> None:
        request.content.seek(0)
        answer = self._application.render(request)
        if isinstance(answer, bytes):
            request.write(answer)
            request.finish()

    def _job(self, ticket: Ticket, request: Request, now: float) -> Job:
        headers = (*request.headers, (TICKET, ticket.hash))
        definition = Definition(
            identity=None,
            name=None,
            request=replace(request, headers=headers),
            schedule=Schedule(syntax=Syntax.NOW, text="", zone="UTC"),
            policy=self._policy if request.method in IDEMPOTENT else self._once,
        )
        return Job(
            id=ticket.run,
            definition=definition,
            state=JobState.SCHEDULED,
            created=now,
            anchor=now,
            due=now,
        )

    async def _respond(self, request: HostedRequest, ticket: Ticket) -> None:
        gone: list[object] = []
        request.notifyFinish().addErrback(gone.append)
        try:
            found = await self._results.run_with_result(ticket.run, None)
        except StoreError:
            answer = _NOT_NOW
        else:
            answer = self._answer(found, ticket, decoded_path(request.path.decode("latin-1")))
        if not gone:
            request.respond(*answer)

    def _answer(
        self, found: tuple[Run, Result | None] | None, ticket: Ticket, path: str
    ) -> tuple[ResponseHead, bytes]:
        if found is None or not ticket.fits(found[0]):
            return _UNKNOWN
        run, result = found
        if decoded_path(run.request.target) != path:
            return _UNKNOWN
        if run.state in UNFINISHED_RUNS:
            return _PENDING
        if result is None:
            return _CANCELLED
        if result.finished + KEPT < self._clock.now():
            return _UNKNOWN
        return as_given(result)


def saved(environ: dict[str, Any], body: bytes) -> Request:
    """The request in *environ*, as a job sends it.

    :raises JobQueueError: it cannot be stored.
    """
    said = captured(environ, body)
    headers = [
        (name, without_async(value) if environ_key(name) == "HTTP_PREFER" else value)
        for name, value in said["headers"]
    ]
    return Request(
        method=said["method"],
        target=said["target"],
        headers=tuple((name, value) for name, value in headers if value or name != "Prefer"),
        body=said["body"],
        user=said["user"],
        protocol=said["protocol"],
    )


def as_given(result: Result) -> tuple[ResponseHead, bytes]:
    """The response of the application, or why there is none."""
    if result.status == NO_RESPONSE:
        return _LATE if result.reason.startswith("timeout") else _NO_RESPONSE
    if result.truncated:
        return _TOO_LONG
    headers = [one for one in result.headers if one[0].lower() not in _OURS]
    try:
        return _whole(f"{result.status} {result.reason}", headers, result.body)
    except ValueError:  # no client of HTTP could be sent this
        return _NO_RESPONSE


def is_beneath(path: str, prefix: str) -> bool:
    """Whether *path* is *prefix* or beneath it; both decoded."""
    return path == prefix or path.startswith(prefix if prefix.endswith("/") else f"{prefix}/")


def _accepted(path: bytes, ticket: Ticket) -> tuple[ResponseHead, bytes]:
    location = f"{path.decode('latin-1')}?{ticket}"
    return _said("202 Accepted", f"The response will be at {location}\n", Location=location)


def _said(status: str, text: str, **more: str) -> tuple[ResponseHead, bytes]:
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Cache-Control", "no-store"),
        *more.items(),
    ]
    if status.startswith("202"):
        headers += [("Preference-Applied", "respond-async"), ("Retry-After", "1")]
    return _whole(status, headers, text.encode("latin-1"))


def _whole(status: str, headers: Headers, body: bytes) -> tuple[ResponseHead, bytes]:
    head = response_head(status, headers)
    return (head.with_length(len(body)), body) if head.has_body else (head, b"")


def _values(request: HostedRequest, name: bytes) -> list[str]:
    return [value.decode("latin-1") for value in request.requestHeaders.getRawHeaders(name, [])]


_PENDING = _said("202 Accepted", "There is no response yet.\n")
_UNKNOWN = _said("404 Not Found", "There is no such response, or it is not kept any more.\n")
_CANCELLED = _said("410 Gone", "The request was taken back before it was answered.\n")
_NO_RESPONSE = _said("500 Internal Server Error", "The application gave no response.\n")
_TOO_LONG = _said("502 Bad Gateway", "The response is longer than the engine keeps.\n")
_NOT_NOW = _said("503 Service Unavailable", "It cannot be said just now.\n", **{"Retry-After": "5"})
_LATE = _said("504 Gateway Timeout", "The application gave no response in time.\n")
