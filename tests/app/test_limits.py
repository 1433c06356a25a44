"""Bodies over the limit: refused in time, and so that the client sees it."""

from __future__ import annotations

from typing import Any

import pytest_twisted
from twisted.internet.testing import StringTransport

from jqengine.app.channel import LINGER_IDLE, LINGER_LONGEST
from jqengine.app.resource import WSGIResource
from jqengine.app.site import HostedSite
from tests.app.fakes import HandReactor, SameThread, SteadyClock
from tests.app.serving import body_of, head_of, served

HEAD = b"POST /up HTTP/1.1\r\nHost: x\r\n"


class Counting:
    """An application that counts its calls."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.bodies.append(environ["wsgi.input"].read())
        start_response("200 OK", [])
        return [b"thanks"]


@pytest_twisted.ensureDeferred
async def test_a_declared_length_over_the_limit_is_refused_before_the_body_comes() -> None:
    application = Counting()
    async with served(application, max_body=100) as server:
        connection = await server.connect()
        connection.send(HEAD + b"Content-Length: 101\r\n\r\n")
        response = await connection.everything()
    status, headers = head_of(response)
    assert status == b"HTTP/1.1 413 Request Entity Too Large"
    assert headers[b"connection"] == b"close"
    assert body_of(response) == b"413 Request Entity Too Large\n"
    assert application.bodies == []


@pytest_twisted.ensureDeferred
async def test_the_limit_itself_is_allowed() -> None:
    application = Counting()
    async with served(application, max_body=100) as server:
        connection = await server.connect()
        connection.send(HEAD + b"Content-Length: 100\r\n\r\n" + b"x" * 100)
        assert (await connection.response()).startswith(b"HTTP/1.1 200 OK")
        connection.send(
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n64\r\n" + b"x" * 100 + b"\r\n0\r\n\r\n"
        )
        assert (await connection.response()).startswith(b"HTTP/1.1 200 OK")
        await connection.close()
    assert application.bodies == [b"x" * 100] * 2


@pytest_twisted.ensureDeferred
async def test_a_chunked_body_is_refused_as_soon_as_it_is_too_long() -> None:
    application = Counting()
    async with served(application, max_body=100) as server:
        connection = await server.connect()
        connection.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n32\r\n" + b"x" * 50 + b"\r\n")
        connection.send(b"33\r\n" + b"x" * 51)
        response = await connection.everything()
    assert response.startswith(b"HTTP/1.1 413 ")
    assert response.count(b"HTTP/1.1") == 1
    assert application.bodies == []


@pytest_twisted.ensureDeferred
async def test_what_follows_a_refused_chunk_in_the_same_packet_has_no_effect() -> None:
    application = Counting()
    async with served(application, max_body=10) as server:
        for rest in (b"0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", b"not a chunk\r\n"):
            response = await server.exchange(
                HEAD + b"Transfer-Encoding: chunked\r\n\r\nb\r\n" + b"x" * 11 + b"\r\n" + rest
            )
            assert response.startswith(b"HTTP/1.1 413 ")
            assert response.count(b"HTTP/1.1") == 1
    assert application.bodies == []


@pytest_twisted.ensureDeferred
async def test_a_client_that_sends_on_still_reads_the_refusal() -> None:
    async with served(Counting(), max_body=100) as server:
        connection = await server.connect()
        size = 8 * 1024 * 1024
        connection.send(HEAD + b"Content-Length: %d\r\n\r\n" % size)
        connection.send(b"x" * size)
        response = await connection.everything()
    assert response.startswith(b"HTTP/1.1 413 ")
    assert response.endswith(b"413 Request Entity Too Large\n")


@pytest_twisted.ensureDeferred
async def test_a_client_that_asks_first_is_told_to_go_on_or_not() -> None:
    application = Counting()
    async with served(application, max_body=100) as server:
        connection = await server.connect()
        connection.send(HEAD + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        await connection.until(lambda received: received.endswith(b"\r\n\r\n"))
        assert connection.received == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.received = b""
        connection.send(b"hello")
        assert body_of(await connection.response()) == b"thanks"
        connection.send(HEAD + b"Expect: 100-continue\r\nContent-Length: 500\r\n\r\n")
        assert (await connection.response()).startswith(b"HTTP/1.1 413 ")
        await connection.close()
    assert application.bodies == [b"hello"]


@pytest_twisted.ensureDeferred
async def test_a_full_disk_refuses_the_request_and_nothing_else(monkeypatch, flushed) -> None:
    class Full:
        def write(self, data: bytes) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    application = Counting()
    async with served(application) as server:
        monkeypatch.setattr(server.site, "getContentFile", lambda length: Full())
        response = await server.exchange(HEAD + b"Content-Length: 5\r\n\r\nhello")
        monkeypatch.undo()
        assert response.startswith(b"HTTP/1.1 507 ")
        close = b"Connection: close\r\n\r\n"
        assert b"thanks" in await server.exchange(b"GET / HTTP/1.1\r\nHost: x\r\n" + close)
    assert [failure.type for failure in flushed()] == [OSError]


class Bench:
    """One connection on a clock and a transport that are stepped by hand."""

    def __init__(self, application: Any = None, **settings: Any) -> None:
        self.reactor = HandReactor()
        self.pool = SameThread()
        self.site = HostedSite(
            WSGIResource(self.reactor, self.pool, application or Counting()),
            reactor=self.reactor,
            clock=SteadyClock(),
            **settings,
        )
        self.transport = StringTransport()
        self.channel = self.site.buildProtocol(None)
        self.channel.makeConnection(self.transport)

    def turn(self, seconds: float = 0.0) -> None:
        self.reactor.advance(seconds)
        self.reactor.look()


def refused() -> Bench:
    bench = Bench(max_body=10)
    bench.channel.dataReceived(HEAD + b"Content-Length: 1000000\r\n\r\n")
    assert bench.transport.value().startswith(b"HTTP/1.1 413 ")
    return bench


def test_a_refused_client_that_pauses_is_closed() -> None:
    bench = refused()
    bench.turn(LINGER_IDLE - 1)
    bench.channel.dataReceived(b"x")
    bench.turn(LINGER_IDLE - 1)
    assert not bench.transport.disconnecting
    bench.turn(2)
    assert bench.transport.disconnecting


def test_a_refused_client_cannot_go_on_for_ever() -> None:
    bench = refused()
    for _ in range(int(LINGER_LONGEST)):
        bench.channel.dataReceived(b"x" * 1000)
        bench.turn(1)
    assert not bench.transport.disconnecting
    bench.turn(1)
    bench.channel.dataReceived(b"x")
    assert bench.transport.disconnecting


def test_an_idle_client_is_closed_and_a_busy_one_is_not() -> None:
    bench = Bench(timeout=60)
    for _ in range(5):
        bench.turn(50)
        bench.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        bench.turn()
        assert bench.transport.value().endswith(b"thanks")
    bench.turn(59)
    assert not bench.transport.disconnecting
    bench.turn(2)
    assert bench.transport.disconnecting


def test_a_client_that_never_finishes_its_request_is_closed() -> None:
    bench = Bench(timeout=60)
    bench.channel.dataReceived(b"GET / HTTP/1.1\r\nHost:")
    bench.turn(61)
    assert bench.transport.disconnecting


def test_an_application_may_take_longer_than_the_timeout() -> None:
    bench = Bench(timeout=60)
    bench.pool.held = True
    bench.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    bench.turn(600)
    assert not bench.transport.disconnecting
    bench.pool.work()
    bench.turn()
    assert bench.transport.value().endswith(b"thanks")
    bench.turn(61)
    assert bench.transport.disconnecting


def test_a_client_that_takes_nothing_is_cut_off() -> None:
    bench = Bench(stall_timeout=120)
    bench.channel.pauseProducing()
    bench.turn(100)
    bench.channel.resumeProducing()
    bench.turn(30)
    bench.channel.pauseProducing()
    bench.turn(119)  # longer than the idle timeout, which does not count meanwhile
    assert not bench.transport.disconnecting
    bench.turn(2)
    assert bench.transport.disconnected


def test_a_client_that_does_not_take_the_end_of_its_response_is_cut_off() -> None:
    bench = Bench(stall_timeout=120)
    bench.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    bench.turn()
    assert bench.transport.disconnecting
    bench.turn(119)
    assert not bench.transport.disconnected
    bench.turn(2)
    assert bench.transport.disconnected


def test_a_connection_accepted_during_the_end_is_closed_at_once() -> None:
    bench = Bench()
    bench.site.draining = True
    late = bench.site.buildProtocol(None)
    late.makeConnection(StringTransport())
    assert late.transport.disconnecting


def test_a_closed_connection_leaves_no_delayed_call() -> None:
    bench = Bench()
    bench.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    bench.turn()
    bench.channel.pauseProducing()
    bench.channel.loseConnection()
    assert len(bench.reactor.getDelayedCalls()) == 2
    bench.channel.connectionLost()
    bench.channel.setTimeout(60)
    assert bench.reactor.getDelayedCalls() == []
