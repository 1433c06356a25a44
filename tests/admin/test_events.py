"""The stream of events: what it tells, and what it costs."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator

import pytest_twisted
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.internet.threads import deferToThread

from jqengine.admin.events import GATHERED, HEARTBEAT, MOST_JOBS, MOST_STREAMS, EventStreams
from jqengine.app.site import HostedSite
from jqengine.clock import SystemClock
from jqengine.job import Run
from jqengine.remote.hub import RunHub
from tests.store.values import NOW, a_job, new_id


class Page:
    """A page that listens, on a connection of its own."""

    def __init__(self, port: int, method: str = "GET", room: int | None = None) -> None:
        self.socket = socket.socket()
        if room is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.socket.settimeout(5)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(f"{method} /events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self.seen = b""

    def _until(self, part: bytes) -> bytes:
        while part not in self.seen:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(self.seen[-200:])
            self.seen += data
        return self.seen

    async def until(self, part: bytes) -> bytes:
        """All that has come once *part* is among it."""
        seen: bytes = await deferToThread(self._until, part)
        return seen


class Engine:
    """A hub, and the streams of what it is told, on a clock that is moved by hand."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.hub = RunHub()
        self.streams = EventStreams(self.clock, self.hub)
        site = HostedSite(self.streams, reactor=reactor, clock=SystemClock())
        self.port = reactor.listenTCP(0, site, interface="127.0.0.1")
        self.pages: list[Page] = []

    def page(self, method: str = "GET", room: int | None = None) -> Page:
        self.pages.append(Page(self.port.getHost().port, method, room))
        return self.pages[-1]

    async def listening_page(self, room: int | None = None) -> Page:
        page = self.page(room=room)
        await page.until(b"retry:")
        return page

    def tell(self, *jobs: str) -> None:
        self.hub.began([a_run(job) for job in jobs])

    async def until_listeners(self, count: int) -> None:
        for _ in range(500):
            if self.streams.listeners == count:
                return
            await deferLater(reactor, 0.01)
        raise AssertionError(f"{self.streams.listeners} listen, expected {count}")

    async def close(self) -> None:
        for page in self.pages:
            page.socket.close()
        await self.until_listeners(0)
        await self.port.stopListening()


def a_run(job_id: str) -> Run:
    job = a_job("nightly")
    definition = job.definition
    return Run(
        id=new_id(NOW),
        job_id=job_id,
        name="nightly",
        due=NOW,
        request=definition.request,
        policy=definition.policy,
        sinks=(),
        state="running",  # type: ignore[arg-type]
        ready=NOW,
        attempt=1,
        previous_status=None,
    )


@pytest_twisted.async_yield_fixture
async def engine() -> AsyncIterator[Engine]:
    one = Engine()
    yield one
    await one.close()


def changes(seen: bytes) -> list[list[str] | None]:
    return [
        json.loads(line.removeprefix(b"data: "))["jobs"]
        for line in seen.split(b"\n")
        if line.startswith(b"data: {")
    ]


@ensureDeferred
async def test_what_happens_in_a_moment_is_one_event(engine: Engine) -> None:
    page = await engine.listening_page()
    engine.tell("b", "a")
    engine.tell("a")
    engine.clock.advance(GATHERED)
    engine.tell("c")
    engine.clock.advance(GATHERED)
    assert changes(await page.until(b'"c"')) == [["a", "b"], ["c"]]
    head = page.seen.partition(b"\r\n\r\n")[0].lower()
    assert b"content-type: text/event-stream" in head
    assert b"cache-control: no-store" in head


@ensureDeferred
async def test_of_very_many_jobs_none_is_named(engine: Engine) -> None:
    page = await engine.listening_page()
    engine.tell(*(str(number) for number in range(MOST_JOBS)))
    engine.clock.advance(GATHERED)
    engine.tell(*(str(number) for number in range(10_000)))
    assert len(engine.streams._jobs) <= MOST_JOBS + 1
    engine.clock.advance(GATHERED)
    first, second = changes(await page.until(b"null"))
    assert first is not None
    assert len(first) == MOST_JOBS
    assert second is None


@ensureDeferred
async def test_signs_of_life(engine: Engine) -> None:
    page = await engine.listening_page()
    engine.clock.advance(HEARTBEAT)
    await page.until(b"event: alive\ndata:\n\n")


@ensureDeferred
async def test_nothing_is_done_while_nobody_listens(engine: Engine) -> None:
    assert engine.hub._observers == ()
    page = await engine.listening_page()
    engine.tell("a")
    assert len(engine.clock.getDelayedCalls()) == 2
    page.socket.close()
    await engine.until_listeners(0)
    assert engine.hub._observers == ()
    assert engine.clock.getDelayedCalls() == []


@ensureDeferred
async def test_many_streams_cost_the_jobs_no_more_than_one(
    engine: Engine,
) -> None:
    for _ in range(50):
        await engine.listening_page()
    sent: list[bytes] = []
    for stream in engine.streams._streams:
        stream.send = sent.append  # type: ignore[method-assign]
    for number in range(10_000):
        engine.tell(str(number))
    assert sent == []  # a run adds to a set, however many listen
    assert len(engine.clock.getDelayedCalls()) == 2
    engine.clock.advance(GATHERED)
    assert len(sent) == 50
    assert len(set(map(id, sent))) == 1  # one text for all


@ensureDeferred
async def test_who_does_not_read_is_dropped_and_harms_nobody(engine: Engine) -> None:
    # What is accepted has the buffer of the socket that listens.
    engine.port.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    slow = await engine.listening_page(room=4096)
    engine.port.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    quick = await engine.listening_page()
    drained = Deferred[None]()

    def read_on(count: int = 0) -> None:
        if engine.streams.listeners == 1 or count > 20_000:
            drained.callback(None)
            return
        for _ in range(20):
            engine.tell(*(f"{number:026}" for number in range(MOST_JOBS)))
            engine.clock.advance(GATHERED)
        quick.socket.setblocking(False)
        try:
            while quick.socket.recv(1 << 20):
                pass
        except BlockingIOError:
            reactor.callLater(0, read_on, count + 20)

    read_on()
    await drained
    assert engine.streams.listeners == 1
    quick.socket.setblocking(True)
    quick.socket.settimeout(5)
    engine.tell("still here")
    engine.clock.advance(GATHERED)
    await quick.until(b"still here")
    slow.socket.close()


@ensureDeferred
async def test_there_is_room_for_so_many(engine: Engine) -> None:
    for _ in range(MOST_STREAMS):
        await engine.listening_page()
    assert engine.streams.listeners == MOST_STREAMS
    refused = await engine.page().until(b"too many pages listen already")
    assert refused.startswith(b"HTTP/1.1 503 ")


@ensureDeferred
async def test_the_end_of_the_engine_ends_them(engine: Engine) -> None:
    page = await engine.listening_page()
    engine.streams.stop()
    await page.until(b"0\r\n\r\n")
    assert (await engine.page().until(b"\r\n\r\n")).startswith(b"HTTP/1.1 503 ")


@ensureDeferred
async def test_it_is_only_read(engine: Engine) -> None:
    assert (await engine.page("POST").until(b"\r\n\r\n")).startswith(b"HTTP/1.1 405 ")
    head = await engine.page("HEAD").until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert engine.streams.listeners == 0
