"""The stream of events that pages listen to: which jobs have news (Server-Sent Events).

An event says that something has changed, never what; whoever hears it asks for
the page again.  So an event costs the engine the same however many listen, and
nothing while nobody does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IPushProducer
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer

from jqengine.interfaces import IRunEvents, IRunObserver
from jqengine.job import Outcome, Run

MOST_STREAMS = 200
"""Pages that listen at once."""

GATHERED = 0.25
"""Seconds for which news is gathered into one event."""

HEARTBEAT = 15.0
"""Seconds between two signs of life."""

MOST_JOBS = 50
"""Jobs that one event names; of more it says only that there are many."""

AGAIN = 2000
"""Milliseconds after which a browser that has lost its stream asks for another."""

_ALIVE = b"event: alive\ndata:\n\n"
_HEADERS = (
    (b"Content-Type", b"text/event-stream; charset=utf-8"),
    (b"Cache-Control", b"no-store"),
    (b"X-Accel-Buffering", b"no"),
)


@implementer(IPushProducer)
class _Stream:
    """One page that listens.

    It must keep up: one whose connection is full when there is news is
    dropped, and the browser asks again.
    """

    def __init__(self, request: Request, left: Callable[[_Stream], None]) -> None:
        self._request = request
        self._connection: Any = request.channel.transport
        self._full = False
        request.notifyFinish().addBoth(lambda _: left(self))
        request.registerProducer(self, True)

    def send(self, data: bytes) -> None:
        """Send an event, or drop the connection."""
        if self._full:
            # An orderly end would wait until all that it holds is read.
            self._connection.abortConnection()
        else:
            self._request.write(data)

    def end(self) -> None:
        """The engine stops."""
        self._request.unregisterProducer()
        self._request.finish()

    def pauseProducing(self) -> None:
        """The connection holds all that it may."""
        self._full = True

    def resumeProducing(self) -> None:
        """It is empty again."""
        self._full = False

    def stopProducing(self) -> None:
        """It is closed; the request says so too."""


@implementer(IResource, IRunObserver)
class EventStreams:
    """``/events``.  For the reactor thread.

    :param events: tells of runs.
    """

    isLeaf = True  # noqa: N815

    def __init__(self, reactor: Any, events: IRunEvents) -> None:
        self._reactor = reactor
        self._events = events
        self._streams: set[_Stream] = set()
        self._unsubscribe: Callable[[], None] = _nothing
        self._jobs: set[str] = set()
        self._telling: IDelayedCall | None = None
        self._beating: IDelayedCall | None = None
        self._stopped = False

    def render(self, request: Request) -> int:
        """Let a page listen."""
        if request.method not in (b"GET", b"HEAD"):
            return self._refuse(request, 405, b"only GET and HEAD are answered\n")
        if self._stopped or len(self._streams) >= MOST_STREAMS:
            return self._refuse(request, 503, b"too many pages listen already\n")
        for name, value in _HEADERS:
            request.setHeader(name, value)
        if request.method == b"HEAD":
            request.finish()
            return NOT_DONE_YET
        stream = _Stream(request, self._left)
        if not self._streams:
            self._unsubscribe = self._events.subscribe(self)
            self._beating = self._reactor.callLater(HEARTBEAT, self._beat)
        self._streams.add(stream)
        stream.send(b"retry: %d\n\n" % AGAIN)
        return NOT_DONE_YET

    def stop(self) -> None:
        """End every stream: none of them would end by itself."""
        self._stopped = True
        for stream in tuple(self._streams):
            stream.end()

    @property
    def listeners(self) -> int:
        """How many pages listen."""
        return len(self._streams)

    def began(self, runs: Sequence[Run]) -> None:
        """Note the jobs whose runs have begun."""
        for run in runs:
            self._note(run.job_id)

    def ended(self, run: Run, outcome: Outcome) -> None:
        """Note the job whose run has ended."""
        self._note(run.job_id)

    def _note(self, job_id: str) -> None:
        if len(self._jobs) <= MOST_JOBS:
            self._jobs.add(job_id)
        if self._telling is None:
            self._telling = self._reactor.callLater(GATHERED, self._tell)

    def _tell(self) -> None:
        jobs, self._jobs, self._telling = self._jobs, set(), None
        named = sorted(jobs) if len(jobs) <= MOST_JOBS else None
        self._send(b"event: changed\ndata: %b\n\n" % json.dumps({"jobs": named}).encode("ascii"))

    def _beat(self) -> None:
        self._beating = self._reactor.callLater(HEARTBEAT, self._beat)
        self._send(_ALIVE)

    def _send(self, data: bytes) -> None:
        for stream in tuple(self._streams):
            stream.send(data)

    def _left(self, stream: _Stream) -> None:
        self._streams.discard(stream)
        if self._streams:
            return
        self._unsubscribe()
        self._unsubscribe = _nothing
        self._jobs.clear()
        for call in (self._telling, self._beating):
            if call is not None and call.active():
                call.cancel()
        self._telling = self._beating = None

    def _refuse(self, request: Request, status: int, line: bytes) -> int:
        request.setResponseCode(status)
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        request.setHeader(b"Cache-Control", b"no-store")
        request.setHeader(b"Content-Length", b"%d" % len(line))
        request.write(line)
        request.finish()
        return NOT_DONE_YET

    def getChildWithDefault(self, name: bytes, request: Request) -> IResource:
        """There is nothing below a leaf.

        :raises RuntimeError: always.
        """
        raise RuntimeError("the stream of events has no child resources")

    def putChild(self, path: bytes, child: IResource) -> None:
        """There can be nothing below a leaf.

        :raises RuntimeError: always.
        """
        raise RuntimeError("the stream of events cannot have child resources")


def _nothing() -> None:
    """Nobody listens."""
