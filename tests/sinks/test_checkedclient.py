"""The client of webhooks speaks TLS to servers that prove who they are, and to no others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from pytest_twisted import ensureDeferred
from twisted.internet import reactor, ssl
from twisted.web.client import BrowserLikePolicyForHTTPS
from twisted.web.resource import Resource
from twisted.web.server import Site

from jqengine.errors import DeliveryFailed
from jqengine.sinks.checkedclient import CheckedClient
from jqengine.sinks.checkedendpoints import CheckedEndpoints
from tests.sinks.certificates import Certified, certify


class Taking(Resource):
    """Answers every POST."""

    def __init__(self) -> None:
        super().__init__()
        self.isLeaf = True

    def render_POST(self, request: Any) -> bytes:
        request.setResponseCode(202)
        request.setHeader(b"Retry-After", b"5")
        return b"taken " + request.content.read()


Serve = Callable[[str], tuple[Certified, int]]


@pytest_twisted.async_yield_fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    ports: list[Any] = []

    def start(name: str) -> tuple[Certified, int]:
        certified = certify(tmp_path, name)
        own = ssl.PrivateCertificate.loadPEM(certified.server.read_bytes())
        port = reactor.listenSSL(0, Site(Taking()), own.options(), interface="127.0.0.1")
        ports.append(port)
        return certified, port.getHost().port

    yield start
    for port in ports:
        await port.stopListening()


def client(authority: Path | None) -> CheckedClient:
    trust = None
    if authority is not None:
        certificate = ssl.Certificate.loadPEM(authority.read_bytes())
        trust = ssl.trustRootFromCertificates([certificate])
    policy = BrowserLikePolicyForHTTPS(trust) if trust else BrowserLikePolicyForHTTPS()
    return CheckedClient(
        reactor,
        lambda: CheckedEndpoints(reactor, reactor.nameResolver, policy, lambda address: True),
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@ensureDeferred
async def test_a_server_that_proves_its_name(host: str, serve: Serve) -> None:
    certified, port = serve(host)
    answer = await client(certified.authority).post(f"https://{host}:{port}/", {}, b"this")
    assert (answer.status, answer.body) == (202, b"taken this")
    assert answer.headers["retry-after"] == "5"


@ensureDeferred
async def test_a_server_with_the_name_of_another(serve: Serve) -> None:
    certified, port = serve("hooks.example.org")
    with pytest.raises(DeliveryFailed, match="broke off without an answer"):
        await client(certified.authority).post(f"https://127.0.0.1:{port}/", {}, b"this")


@ensureDeferred
async def test_a_server_nobody_vouches_for(serve: Serve) -> None:
    _, port = serve("127.0.0.1")
    with pytest.raises(DeliveryFailed, match="certificate verify failed"):
        await client(None).post(f"https://127.0.0.1:{port}/", {}, b"this")
