"""A slow client slows the application down; one that leaves sets it free."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater

from jqengine.app.flow import ON_THE_WAY, Flow
from tests.app.serving import body_of, head_of, served, until

GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
PART = 16 * 1024


class Sender(threading.Thread):
    """Sends parts through a flow until it is told to stop."""

    def __init__(self, flow: Flow, parts: int) -> None:
        super().__init__()
        self.flow = flow
        self.parts = parts
        self.sent = 0
        self.start()

    def run(self) -> None:
        for _ in range(self.parts):
            self.flow.sent(PART)
            self.sent += PART

    def settle(self) -> int:
        """What has been sent once nothing more goes."""
        before = -1
        while self.sent != before:
            before = self.sent
            self.join(0.05)
        return self.sent


def test_no_more_than_the_limit_is_on_the_way() -> None:
    flow = Flow()
    sender = Sender(flow, 100)
    assert sender.settle() == ON_THE_WAY
    flow.arrived(PART)
    assert sender.settle() == ON_THE_WAY + PART
    for _ in range(99):
        flow.arrived(PART)
    sender.join(5)
    assert not sender.is_alive()


def test_a_paused_flow_holds_the_sender_even_with_nothing_on_the_way() -> None:
    flow = Flow()
    flow.pause()
    sender = Sender(flow, 3)
    assert sender.settle() == 0
    flow.arrived(PART)
    assert sender.settle() == 0
    flow.resume()
    sender.join(5)
    assert sender.sent == 3 * PART


def test_closing_frees_a_sender_that_waits_and_all_later_ones() -> None:
    flow = Flow()
    flow.pause()
    sender = Sender(flow, 1000)
    assert sender.settle() == 0
    flow.close()
    sender.join(5)
    assert sender.sent == 1000 * PART


class Endless:
    """A body without end, that counts what was taken of it."""

    def __init__(self) -> None:
        self.taken = 0
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.taken += PART
            yield b"x" * PART

    def close(self) -> None:
        self.closed.set()


async def stopped(body: Endless) -> int:
    """How much was taken once no more is taken."""
    before = -1
    while body.taken != before:
        before = body.taken
        await deferLater(reactor, 0.05)
    return body.taken


def streaming(body: Any) -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [])
        return body

    return application


@pytest_twisted.ensureDeferred
async def test_the_body_waits_for_a_client_that_does_not_read() -> None:
    body = Endless()
    async with served(streaming(body)) as server:
        connection = await server.connect()
        connection.transport.pauseProducing()
        connection.send(GET)
        await until(lambda: body.taken)
        first = await stopped(body)
        # The rest is in the buffers of the two sockets.
        assert first < 32 * 1024 * 1024
        [channel] = server.site._channels
        buffered = len(channel.transport.dataBuffer) + channel.transport._tempDataLen
        assert buffered < ON_THE_WAY + 128 * 1024
        connection.transport.resumeProducing()
        await connection.until(lambda received: len(received) > first)
        connection.transport.pauseProducing()
        assert await stopped(body) > first
        connection.transport.abortConnection()
        await until(body.closed.is_set)


@pytest_twisted.ensureDeferred
async def test_a_long_body_arrives_whole_at_a_client_that_stops_and_goes() -> None:
    parts = [bytes([number % 256]) * PART for number in range(400)]
    async with served(streaming(iter(parts))) as server:
        connection = await server.connect()
        connection.send(GET.replace(b"1.1", b"1.0"))
        for size in range(0, 400 * PART, 40 * PART):
            await connection.until(lambda received, size=size: len(received) > size)
            connection.transport.pauseProducing()
            await deferLater(reactor, 0.01)
            connection.transport.resumeProducing()
        assert body_of(await connection.everything()) == b"".join(parts)


@pytest_twisted.ensureDeferred
async def test_one_huge_chunk_waits_too() -> None:
    huge = b"x" * (12 * 1024 * 1024)
    async with served(streaming([huge])) as server:
        connection = await server.connect()
        connection.transport.pauseProducing()
        connection.send(GET)
        await until(lambda: [one.requests for one in server.site._channels] != [[]])
        [channel] = server.site._channels
        for _ in range(20):
            await deferLater(reactor, 0.01)
            buffered = len(channel.transport.dataBuffer) + channel.transport._tempDataLen
            assert buffered < ON_THE_WAY + 128 * 1024
        connection.transport.resumeProducing()
        response = await connection.everything()
    assert head_of(response)[1][b"content-length"] == str(len(huge)).encode()
    assert len(body_of(response)) == len(huge)


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_while_the_body_waits_frees_the_thread(flushed) -> None:
    bodies = [Endless() for _ in range(4)]
    todo = iter(bodies)

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [])
        return next(todo)

    async with served(application, threads=1) as server:
        for body in bodies:
            connection = await server.connect()
            connection.transport.pauseProducing()
            connection.send(GET)
            await until(lambda body=body: body.taken)
            connection.transport.abortConnection()
            await until(body.closed.is_set)
    assert flushed() == []


@pytest_twisted.ensureDeferred
async def test_write_tells_an_application_that_its_client_has_left(flushed) -> None:
    raised: list[BaseException] = []

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        write = start_response("200 OK", [])
        try:
            while True:
                write(b"x" * PART)
        except ConnectionError as error:
            raised.append(error)
            raise
        return []

    async with served(application) as server:
        connection = await server.connect()
        connection.send(GET)
        await connection.until(lambda received: len(received) > PART)
        connection.transport.abortConnection()
        await until(lambda: raised)
    assert str(raised[0]) == "the client has closed its connection"
    assert flushed() == []


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_before_its_turn_is_not_served() -> None:
    paths: list[str] = []
    inside, leave = threading.Event(), threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        paths.append(environ["PATH_INFO"])
        inside.set()
        leave.wait(5)
        start_response("200 OK", [])
        return [b""]

    async with served(application, threads=1) as server:
        first, second = await server.connect(), await server.connect()
        first.send(b"GET /first HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(inside.is_set)
        second.send(b"GET /second HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: sum(len(one.requests) for one in server.site._channels) == 2)
        second.transport.abortConnection()
        await until(lambda: len(server.site._channels) == 1)
        leave.set()
        await first.response()
        await first.close()
    assert paths == ["/first"]


@pytest_twisted.ensureDeferred
async def test_a_body_that_has_nothing_to_send_ends_when_its_client_leaves() -> None:
    class Silent(Endless):
        def __iter__(self) -> Iterator[bytes]:
            while not self.closed.wait(0.001):
                self.taken += 1
                yield b""

    body = Silent()
    async with served(streaming(body)) as server:
        connection = await server.connect()
        connection.send(GET)
        await until(lambda: body.taken)
        connection.transport.abortConnection()
        await until(body.closed.is_set)


@pytest.mark.parametrize("fails", [True, False])
@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_during_the_call_has_its_iterable_closed(
    fails: bool, flushed
) -> None:
    inside, leave = threading.Event(), threading.Event()
    body = Endless()

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        inside.set()
        leave.wait(5)
        if fails:
            raise RuntimeError("oh")
        start_response("200 OK", [])
        return body

    async with served(application) as server:
        connection = await server.connect()
        connection.send(GET)
        await until(inside.is_set)
        connection.transport.abortConnection()
        await until(lambda: not server.site._channels)
        leave.set()
        await until(lambda: flushed() if fails else body.closed.is_set())
    assert len(flushed()) == fails
    assert body.taken in (0, PART)
