"""Sockets that a parent binds and its workers accept from."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater

from jqengine.errors import ConfigurationError
from jqengine.news import Topic
from jqengine.workers.balance import Balance, make_table, note_away
from jqengine.workers.binding import Binder
from jqengine.workers.channel import WorkersChannel
from jqengine.workers.inheriting import Sockets
from jqengine.workers.orders import Inherited


class Greeter(Protocol):
    def connectionMade(self) -> None:
        self.transport.write(self.factory.greeting)  # type: ignore[union-attr]
        self.transport.loseConnection()  # type: ignore[union-attr]


def greeting(text: bytes) -> Any:
    factory = Factory.forProtocol(Greeter)
    factory.greeting = text  # type: ignore[attr-defined]
    return factory


class Client:
    """Asks without blocking, and reads what it got later."""

    def __init__(self, family: int, address: Any) -> None:
        self.socket = socket.socket(family)
        self.socket.settimeout(5)
        self.socket.connect(address)

    def heard(self) -> bytes:
        with self.socket:
            return self.socket.recv(100)


@pytest.fixture
def reactor() -> Any:
    from twisted.internet import reactor

    return reactor


def alone() -> Balance:
    return Balance(make_table(1), 0)


def as_child(binder: Binder) -> list[Inherited]:
    """The sockets as another process would inherit them."""
    return [one._replace(descriptor=os.dup(one.descriptor)) for one in binder.sockets()]


@pytest.mark.parametrize("kind", ["tcp", "unix"])
@pytest_twisted.ensureDeferred
async def test_who_connects_waits_until_a_worker_accepts(
    kind: str, tmp_path: Path, reactor: Any
) -> None:
    path = tmp_path / "x.sock"
    text = "tcp:0:interface=127.0.0.1" if kind == "tcp" else f"unix:{path}:mode=600"
    binder = Binder(reactor)
    await binder.bind(text, serverFromString(binder.reactor, text))
    [bound] = binder.sockets()
    assert bound.text == text
    [address] = binder.addresses(text)
    if kind == "tcp":
        client = Client(socket.AF_INET, ("127.0.0.1", address.port))  # type: ignore[attr-defined]
    else:
        client = Client(socket.AF_UNIX, str(path))
    await deferLater(reactor, 0.02)

    table = make_table(2)
    workers = [
        Sockets(reactor, as_child(binder), Balance(os.dup(table), number)) for number in range(2)
    ]
    os.close(table)
    ports = []
    for number, worker in enumerate(workers):
        ports.append(await worker.endpoint(text).listen(greeting(b"worker %d" % number)))
    if kind == "unix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await deferLater(reactor, 0.05)
    assert client.heard().startswith(b"worker ")

    # One that ends takes nothing away from the other.
    await ports[0].stopListening()
    if kind == "unix":
        assert path.exists()
        client = Client(socket.AF_UNIX, str(path))
    else:
        client = Client(socket.AF_INET, ("127.0.0.1", address.port))  # type: ignore[attr-defined]
    await deferLater(reactor, 0.05)
    assert client.heard() == b"worker 1"
    await ports[1].stopListening()
    await binder.close()
    assert not path.exists()


@pytest_twisted.ensureDeferred
async def test_each_endpoint_gets_its_own_socket(reactor: Any) -> None:
    binder = Binder(reactor)
    texts = ["tcp:0:interface=127.0.0.1", "tcp:00:interface=127.0.0.1"]
    for text in texts:
        await binder.bind(text, serverFromString(binder.reactor, text))
    meant = {text: next(iter(binder.addresses(text))) for text in texts}
    worker = Sockets(reactor, as_child(binder), alone())
    for text in reversed(texts):
        port = await worker.endpoint(text).listen(greeting(b""))
        assert port.getHost() == meant[text]
        await port.stopListening()
    await binder.close()


@pytest_twisted.ensureDeferred
async def test_a_socket_that_was_not_inherited_is_missed(reactor: Any) -> None:
    with pytest.raises(ConfigurationError, match="no socket was inherited for tcp:1"):
        await Sockets(reactor, [], alone()).endpoint("tcp:1").listen(greeting(b""))


@pytest_twisted.ensureDeferred
async def test_a_socket_of_systemd_is_adopted_whatever_its_number(reactor: Any) -> None:
    binder = Binder(reactor)
    await binder.bind(
        "systemd:domain=INET:index=3",
        serverFromString(binder.reactor, "tcp:0:interface=127.0.0.1"),
    )
    worker = Sockets(reactor, as_child(binder), alone())
    port = await worker.endpoint("systemd:domain=INET:index=3").listen(greeting(b""))
    [address] = binder.addresses("systemd:domain=INET:index=3")
    assert port.getHost() == address
    await port.stopListening()
    await binder.close()


@pytest_twisted.ensureDeferred
async def test_news_comes_to_all_the_others_many_as_one(reactor: Any) -> None:
    pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)]
    speaker = WorkersChannel(reactor, pairs[0][0], {1: pairs[1][1]})
    listener = WorkersChannel(reactor, pairs[1][0], {0: pairs[0][1]})
    heard: list[frozenset[Topic]] = []
    first: Deferred[None] = Deferred()

    def hear(topics: frozenset[Topic]) -> None:
        heard.append(topics)
        if not first.called:
            first.callback(None)

    # More than the socket holds: what is too much is dropped, and nobody waits.
    for _ in range(2000):
        speaker.announce(frozenset({Topic.READY, Topic.ENDED}))
    pairs[1][1].setblocking(True)
    await listener.open(hear)
    await speaker.open(lambda topics: pytest.fail("it heard itself"))
    await first
    assert heard == [frozenset({Topic.READY, Topic.ENDED})]
    pairs[1][1].send(b"nodes and words of a later version")
    while len(heard) < 2:
        await deferLater(reactor, 0.01)
    assert heard[1] == frozenset({Topic.NODES})
    # What is no news goes another way, and a bad one stops nothing.
    messages: list[bytes] = []

    def take(message: bytes) -> None:
        messages.append(message)
        assert message != b"{bad"

    listener.attend(take)
    assert speaker.send(1, b"{bad")
    assert speaker.send(1, b"{good")
    while len(messages) < 2:
        await deferLater(reactor, 0.01)
    assert messages == [b"{bad", b"{good"]
    await listener.close()
    await speaker.close()
    for pair in pairs:
        for one in pair:
            one.close()


def test_who_has_noticeably_more_connections_is_ahead() -> None:
    table = make_table(3)
    first, second = (Balance(os.dup(table), number) for number in range(2))
    first.accepts()
    first.came()
    assert not first.is_ahead, "nobody else accepts yet"
    second.accepts()
    assert first.is_ahead
    assert not second.is_ahead
    second.came()
    assert not first.is_ahead
    for _ in range(16):
        first.came()
        second.came()
    first.came()
    first.came()
    assert not first.is_ahead, "two more of many are nothing"
    first.came()
    assert first.is_ahead
    first.went()
    assert not first.is_ahead
    second.stops()
    for _ in range(9):
        second.went()
    assert not first.is_ahead, "what a worker that stops still has does not count"
    os.close(table)


def test_a_worker_that_is_gone_counts_no_more() -> None:
    table = make_table(2)
    first, second = (Balance(os.dup(table), number) for number in range(2))
    second.accepts()
    first.came()
    first.came()
    assert first.is_ahead
    note_away(table, 1)
    assert not first.is_ahead
    os.close(table)
