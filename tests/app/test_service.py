"""Listening on all or nothing, and an end that cuts nobody off."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import error, reactor
from twisted.internet.endpoints import (
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
    connectProtocol,
    serverFromString,
    wrapClientTLS,
)
from twisted.internet.ssl import CertificateOptions

from jqengine.app.resource import WSGIResource
from jqengine.app.service import HttpService
from jqengine.app.site import HostedSite
from jqengine.clock import SystemClock
from jqengine.errors import ConfigurationError
from tests.app.fakes import SameThread
from tests.app.serving import Connection, body_of, served, until
from tests.app.test_http import echo_environ
from tests.sinks.certificates import certify

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
NO_HOST = b"GET /a HTTP/1.0\r\n\r\n"


class Gate:
    """An application that waits to be let through."""

    def __init__(self) -> None:
        self.inside = threading.Event()
        self.leave = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.inside.set()
        self.leave.wait(10)
        start_response("200 OK", [])
        return [b"done"]


def a_service(*endpoints: Any) -> HttpService:
    site = HostedSite(
        WSGIResource(reactor, SameThread(), echo_environ), reactor=reactor, clock=SystemClock()
    )
    return HttpService(reactor=reactor, site=site, endpoints=endpoints, drain_timeout=1.0)


async def refusal(service: HttpService) -> str:
    try:
        await service.listen()
    except ConfigurationError as error:
        return str(error)
    raise AssertionError("it listens")


@pytest_twisted.ensureDeferred
async def test_a_port_in_use_is_one_clear_line_and_nothing_listens() -> None:
    async with served(echo_environ) as server:
        free = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        taken = TCP4ServerEndpoint(reactor, server.port, interface="127.0.0.1")
        service = a_service(free, taken)
        message = await refusal(service)
        assert message == f"cannot listen on 127.0.0.1:{server.port}: address already in use"
        assert service.addresses() == []


@pytest_twisted.ensureDeferred
async def test_a_path_that_cannot_be_listened_on_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "missing" / "web.sock")
    message = await refusal(a_service(UNIXServerEndpoint(reactor, path)))
    assert message == f"cannot listen on {path}: no such file or directory"


@pytest_twisted.ensureDeferred
async def test_whatever_goes_wrong_nothing_listens() -> None:
    class Odd:
        def listen(self, factory: Any) -> Any:
            raise RuntimeError("odd")

    service = a_service(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"), Odd())
    with pytest.raises(RuntimeError):
        await service.listen()
    assert service.addresses() == []


@pytest_twisted.ensureDeferred
async def test_it_listens_on_every_endpoint(tmp_path: Path) -> None:
    service = a_service(
        TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"),
        TCP6ServerEndpoint(reactor, 0, interface="::1"),
        UNIXServerEndpoint(reactor, str(tmp_path / "web.sock")),
    )
    await service.listen()
    service.startService()
    tcp, tcp6, _ = service.addresses()
    environs = []
    for endpoint in (
        TCP4ClientEndpoint(reactor, "127.0.0.1", tcp.port),
        TCP6ClientEndpoint(reactor, "::1", tcp6.port),
        UNIXClientEndpoint(reactor, str(tmp_path / "web.sock")),
    ):
        connection = await connectProtocol(endpoint, Connection())
        connection.send(NO_HOST)
        environs.append(json.loads(body_of(await connection.everything())))
    await service.stopService()
    names = ("REMOTE_ADDR", "SERVER_NAME", "SERVER_PORT", "wsgi.url_scheme")
    assert [tuple(environ[name] for name in names) for environ in environs] == [
        ("127.0.0.1", "127.0.0.1", str(tcp.port), "http"),
        ("::1", "::1", str(tcp6.port), "http"),
        ("", "localhost", "80", "http"),
    ]
    assert "REMOTE_PORT" not in environs[2]


@pytest_twisted.ensureDeferred
async def test_over_tls_the_scheme_is_https(tmp_path: Path) -> None:
    files = certify(tmp_path, "localhost")
    endpoint = serverFromString(
        reactor, f"ssl:0:privateKey={files.server}:certKey={files.server}:interface=127.0.0.1"
    )
    async with served(echo_environ, endpoint=endpoint, max_body=10) as server:
        plain = TCP4ClientEndpoint(reactor, "127.0.0.1", server.port)
        client = wrapClientTLS(CertificateOptions(), plain)
        connection = await connectProtocol(client, Connection())
        connection.send(GET)
        environ = json.loads(body_of(await connection.response()))
        port = server.port
        connection.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        assert (await connection.response()).startswith(b"HTTP/1.1 413 ")
        await connection.close()
    assert environ["wsgi.url_scheme"] == "https"
    assert environ["SERVER_PORT"] == str(port)


@pytest_twisted.ensureDeferred
async def test_starting_listens_if_nobody_has_and_says_so_when_it_cannot(events) -> None:
    service = a_service(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"))
    service.startService()
    [address] = service.addresses()
    second = a_service(TCP4ServerEndpoint(reactor, address.port, interface="127.0.0.1"))
    second.startService()
    await second.stopService()
    await service.stopService()
    reasons = [event["reason"] for event in events if "reason" in event]
    assert reasons == [
        f"cannot listen on 127.0.0.1:{address.port}: address already in use",
    ]


@pytest_twisted.ensureDeferred
async def test_stopping_closes_idle_connections_and_waits_for_busy_ones() -> None:
    gate = Gate()
    async with served(gate, drain_timeout=60) as server:
        idle, fresh, busy, partial = [await server.connect() for _ in range(4)]
        gate.leave.set()
        idle.send(GET)
        await idle.response()
        gate.inside.clear()
        gate.leave.clear()
        busy.send(GET)
        partial.send(GET[:-2])
        await until(gate.inside.is_set)
        await until(lambda: sum(len(one.requests) for one in server.site._channels) == 2)
        stopped = server.service.stopService()
        await until(lambda: idle.closed and fresh.closed)
        assert [busy.closed, partial.closed, stopped.called] == [False] * 3
        gate.leave.set()
        partial.send(GET[-2:])
        for connection in (busy, partial):
            await until(lambda connection=connection: connection.closed)
            response = connection.received
            assert response.endswith(b"\r\n\r\ndone")
            assert b"\r\nConnection: close\r\n" in response
        await stopped


@pytest_twisted.ensureDeferred
async def test_stopping_refuses_new_connections() -> None:
    gate = Gate()
    async with served(gate) as server:
        busy = await server.connect()
        busy.send(GET)
        await until(gate.inside.is_set)
        port = server.port
        stopped = server.service.stopService()
        await until(lambda: not server.service.addresses())
        with pytest.raises(error.ConnectionRefusedError):
            await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), Connection())
        gate.leave.set()
        await busy.everything()
        await stopped


@pytest_twisted.ensureDeferred
async def test_after_the_drain_timeout_what_is_left_is_closed() -> None:
    gate = Gate()
    async with served(gate, drain_timeout=0.05) as server:
        busy = await server.connect()
        busy.send(GET)
        await until(gate.inside.is_set)
        await server.service.stopService()
        assert await busy.everything() == b""
        gate.leave.set()


@pytest_twisted.ensureDeferred
async def test_a_second_signal_waits_for_nothing() -> None:
    gate = Gate()
    async with served(gate, drain_timeout=60) as server:
        busy = await server.connect()
        busy.send(GET)
        await until(gate.inside.is_set)
        stopped = server.service.stopService()
        server.service.hurry()
        await stopped
        gate.leave.set()
        await busy.everything()


@pytest_twisted.ensureDeferred
async def test_http_2_is_not_offered() -> None:
    async with served(echo_environ) as server:
        assert server.site.acceptableProtocols() == [b"http/1.1"]
