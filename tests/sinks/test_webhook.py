"""``https:`` and ``http:`` against real receivers, good ones and hostile ones."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from standardwebhooks.webhooks import Webhook
from twisted.internet import reactor
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IHostnameResolver
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.threads import deferToThread
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import Site
from zope.interface import implementer

from jqengine.clock import SystemClock
from jqengine.errors import BadValue, ConfigurationError, DeliveryFailed
from jqengine.sinks import checkedclient, webhook
from jqengine.sinks.addresses import is_public
from jqengine.sinks.checkedclient import Answer
from jqengine.sinks.webhook import WebhookSink, judge, payload
from jqengine.sinktools import Parcel
from jqengine.sinkurl import parse_sink_url
from tests.sinks.values import ATTACKS, NOW, PARCEL_ID, a_parcel, a_result, a_run, some_tools

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def sink_of(url: str, **tools: Any) -> WebhookSink:
    given = {"reactor": reactor, "clock": SystemClock(), "in_thread": deferToThread, **tools}
    return WebhookSink(parse_sink_url(url, WebhookSink.options), some_tools(**given))


class Receiver(Resource):
    """Answers every request with what the test says, and remembers it."""

    def __init__(self) -> None:
        super().__init__()
        self.isLeaf = True
        self.received: list[tuple[bytes, dict[str, str], bytes]] = []
        self.answer: Callable[[Request], Any] = lambda request: b""

    def render(self, request: Request) -> Any:
        headers = {
            name.decode().lower(): values[0].decode()
            for name, values in request.requestHeaders.getAllRawHeaders()
        }
        self.received.append((request.uri, headers, request.content.read()))
        return self.answer(request)


class Listening:
    """A server on a free port of the loopback."""

    def __init__(self, factory: Factory, interface: str = "127.0.0.1") -> None:
        self.port = reactor.listenTCP(0, factory, interface=interface)
        self.number = self.port.getHost().port

    def url(self, path: str = "/hook", options: str = "") -> str:
        return f"http://127.0.0.1:{self.number}{path}#allow-private=yes{options}"


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def server(receiver: Receiver) -> Iterator[Listening]:
    site = Site(receiver)
    listening = Listening(site)
    yield listening
    listening.port.stopListening()


@pytest.fixture
def crafted() -> Iterator[Callable[[Callable[[Any], None]], Listening]]:
    """Servers that say whatever the test makes them say, once asked."""
    started: list[Listening] = []

    def listen(say: Callable[[Any], None]) -> Listening:
        class Saying(Protocol):
            asked = False

            def dataReceived(self, data: bytes) -> None:
                if not self.asked:
                    self.asked = True
                    say(self.transport)

        started.append(Listening(Factory.forProtocol(Saying)))
        return started[-1]

    yield listen
    for one in started:
        one.port.stopListening()


async def refusal(delivery: Deferred[None]) -> str:
    """What a delivery that must fail says."""
    with pytest.raises((DeliveryFailed, Exception)) as caught:
        await delivery
    return f"{type(caught.value).__name__}: {caught.value}"


@ensureDeferred
async def test_the_published_library_verifies_what_is_received(
    receiver: Receiver, server: Listening
) -> None:
    sink = sink_of(server.url(options="&secret=env:HOOK"), environ={"HOOK": SECRET})
    await sink.deliver(a_parcel())
    uri, headers, body = receiver.received[0]
    document = Webhook(SECRET).verify(body, headers)
    assert uri == b"/hook"
    assert headers["webhook-id"] == PARCEL_ID
    assert headers["content-type"] == "application/json"
    assert document["data"]["body"] == "hello\n"


@ensureDeferred
async def test_every_try_has_the_same_id_and_its_own_time(
    receiver: Receiver, server: Listening
) -> None:
    clock = SystemClock()
    offset = [0.0]

    class Moved:
        def now(self) -> float:
            return clock.now() + offset[0]

    sink = sink_of(server.url(options="&secret=env:HOOK"), environ={"HOOK": SECRET}, clock=Moved())
    await sink.deliver(a_parcel())
    offset[0] = 100
    await sink.deliver(a_parcel())
    (_, first, one), (_, second, other) = receiver.received
    assert one == other
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) in (99, 100, 101)
    assert first["webhook-signature"] != second["webhook-signature"]


@ensureDeferred
async def test_the_state_directory_may_hold_a_secret_for_all(
    receiver: Receiver, server: Listening, tmp_path: Any
) -> None:
    sink = sink_of(server.url(), state_dir=str(tmp_path))
    await sink.deliver(a_parcel())
    assert "webhook-signature" not in receiver.received[0][1]
    (tmp_path / "webhook.secret").write_text(f"{SECRET}\n")
    await sink.deliver(a_parcel())
    _, headers, body = receiver.received[1]
    Webhook(SECRET).verify(body, headers)


@ensureDeferred
async def test_a_secret_that_is_missing_fails_the_delivery(
    receiver: Receiver, server: Listening
) -> None:
    with pytest.raises(ConfigurationError, match="the secret env:HOOK is not set"):
        await sink_of(server.url(options="&secret=env:HOOK")).deliver(a_parcel())
    assert not receiver.received


@ensureDeferred
async def test_an_authorization_is_sent_from_its_secret(
    receiver: Receiver, server: Listening
) -> None:
    url = server.url(options="&authorization=env:TOKEN")
    await sink_of(url, environ={"TOKEN": "Bearer abc"}).deliver(a_parcel())
    assert receiver.received[0][1]["authorization"] == "Bearer abc"
    with pytest.raises(DeliveryFailed, match="cannot stand in a header"):
        await sink_of(url, environ={"TOKEN": "a\r\nX: b"}).deliver(a_parcel())


def test_the_payload_says_all_about_a_result() -> None:
    document = json.loads(payload(a_parcel(removed="410 Gone")))
    assert document["type"] == "run.finished"
    assert document["timestamp"] == "2027-01-15T08:00:00Z"
    data = document["data"]
    assert data["delivery"] == PARCEL_ID
    assert data["job"] == {
        "id": "00000000000000000000000job",
        "name": "nightly",
        "removed": "410 Gone",
    }
    assert data["run"]["attempt"] == 1
    assert data["request"] == {
        "method": "GET",
        "target": "/reports/nightly?fmt=pdf",
        "user": None,
    }
    assert (data["status"], data["reason"]) == (200, "OK")
    assert data["headers"] == [["Content-Type", "text/plain; charset=utf-8"]]
    assert (data["body"], data["body_encoding"], data["truncated"]) == ("hello\n", "text", False)


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "sent"),
    [
        ("héllo".encode(), "text/plain", "text", "héllo"),
        ("héllo".encode("latin-1"), "text/plain; charset=ISO-8859-1", "text", "héllo"),
        ("héllo".encode("latin-1"), "text/plain", "base64", "aOlsbG8="),
        (b'{"a": 1}', "application/problem+json", "text", '{"a": 1}'),
        (b"%PDF", "application/pdf", "base64", "JVBERg=="),
        (b"x", "", "base64", "eA=="),
        (b"x", "text/plain; charset=rot13", "text", "x"),
        (b"x", "text/plain; charset=unicode_escape", "text", "x"),
        (gzip.compress(b"x", mtime=0)[:4], "text/plain", "base64", "H4sIAA=="),
    ],
)
def test_a_body_is_text_where_it_is_text(
    body: bytes, content_type: str, encoding: str, sent: str
) -> None:
    result = a_result(body, headers=(("Content-Type", content_type),))
    data = json.loads(payload(a_parcel(result)))["data"]
    assert (data["body_encoding"], data["body"]) == (encoding, sent)


def test_a_text_cut_off_within_a_character_is_still_text() -> None:
    result = a_result("abé".encode()[:3], truncated=True)
    assert json.loads(payload(a_parcel(result)))["data"]["body"] == "ab"


def test_an_encoded_text_is_sent_as_it_is() -> None:
    headers = (("Content-Type", "text/plain"), ("Content-Encoding", "gzip"))
    data = json.loads(payload(a_parcel(a_result(b"plain", headers=headers))))["data"]
    assert data["body_encoding"] == "base64"


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_names_stay_data(text: str) -> None:
    parcel = a_parcel(a_result(reason=text), run=a_run(name=text))
    sent = payload(parcel)
    assert sent.isascii()
    assert b"\n" not in sent
    assert json.loads(sent)["data"]["job"]["name"] == text


@pytest.mark.parametrize(
    ("answer", "said", "permanent", "wait"),
    [
        (Answer(301, "Moved", {"location": "http://x"}, b""), "redirects are not", False, None),
        (
            Answer(400, "Bad", {}, b"no\r\n such\x1b[1m hook"),
            "400 Bad: no such [1m hook",
            False,
            None,
        ),
        (Answer(410, "Gone", {}, b""), "answered 410 Gone", True, None),
        (Answer(429, "Slow", {"retry-after": "120"}, b""), "429 Slow", False, 120.0),
        (
            Answer(503, "No", {"retry-after": "Fri, 15 Jan 2027 08:01:00 GMT"}, b""),
            "503 No",
            False,
            60.0,
        ),
        (Answer(500, "Oops", {"retry-after": "120"}, b"x" * 1000), "x" * 100, False, None),
        (Answer(503, "No", {"retry-after": "soon"}, b""), "503 No", False, None),
    ],
)
def test_what_an_answer_means(
    answer: Answer, said: str, permanent: bool, wait: float | None
) -> None:
    with pytest.raises(DeliveryFailed) as caught:
        judge(answer, NOW)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 300
    assert (caught.value.permanent, caught.value.wait) == (permanent, wait)


@ensureDeferred
async def test_a_redirect_is_not_followed(receiver: Receiver, server: Listening) -> None:
    def redirect(request: Request) -> bytes:
        request.redirect(b"/elsewhere")
        return b""

    receiver.answer = redirect
    assert "redirects are not followed" in await refusal(sink_of(server.url()).deliver(a_parcel()))
    assert [uri for uri, _, _ in receiver.received] == [b"/hook"]


ENDLESS = b"x" * 65536


def pour(transport: Any, total: int) -> None:
    """Write *total* bytes as fast as they are taken, and count what was sent."""

    class Pouring:
        sent = 0

        def resumeProducing(self) -> None:
            if self.sent >= total:
                transport.unregisterProducer()
                transport.loseConnection()
            else:
                self.sent += len(ENDLESS)
                transport.write(ENDLESS)

        def stopProducing(self) -> None:
            pass

    transport.poured = Pouring()
    transport.registerProducer(transport.poured, False)


GIGABYTE = 1024**3


@ensureDeferred
async def test_a_reply_of_a_gigabyte_is_hung_up_on(crafted: Any) -> None:
    transports: list[Any] = []

    def say(transport: Any) -> None:
        transports.append(transport)
        transport.write(b"HTTP/1.1 500 Oops\r\nContent-Length: %d\r\n\r\n" % GIGABYTE)
        pour(transport, GIGABYTE)

    said = await refusal(sink_of(crafted(say).url()).deliver(a_parcel()))
    assert "answered 500 Oops: xxx" in said
    assert transports[0].poured.sent < 64 * 1024 * 1024


@ensureDeferred
async def test_a_success_counts_however_long_its_reply(crafted: Any) -> None:
    def say(transport: Any) -> None:
        transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIGABYTE)
        pour(transport, GIGABYTE)

    await sink_of(crafted(say).url()).deliver(a_parcel())


@ensureDeferred
async def test_endless_headers_are_hung_up_on(crafted: Any) -> None:
    transports: list[Any] = []

    def say(transport: Any) -> None:
        transports.append(transport)
        transport.write(b"HTTP/1.1 200 OK\r\n")
        header = b"X-Endless: " + b"y" * 1000 + b"\r\n"
        transport.write(header * 4096)
        pour(transport, GIGABYTE)

    said = await refusal(sink_of(crafted(say).url()).deliver(a_parcel()))
    assert "broke off without an answer" in said
    assert transports[0].poured.sent < 64 * 1024 * 1024


@ensureDeferred
async def test_endless_interim_answers_are_hung_up_on(crafted: Any) -> None:
    def say(transport: Any) -> None:
        transport.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000)

    await refusal(sink_of(crafted(say).url()).deliver(a_parcel()))


@ensureDeferred
async def test_a_server_that_never_answers_is_given_up(
    crafted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "TIMEOUT", 0.1)
    said = await refusal(sink_of(crafted(lambda transport: None).url()).deliver(a_parcel()))
    assert said == "DeliveryFailed: no answer within 100ms"


@ensureDeferred
async def test_a_success_whose_body_never_ends_is_a_success(
    crafted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkedclient, "BODY_TIMEOUT", 0.1)

    def say(transport: Any) -> None:
        transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")

    await sink_of(crafted(say).url()).deliver(a_parcel())


@ensureDeferred
async def test_a_closed_port_is_a_failure(server: Listening) -> None:
    url = server.url()
    await server.port.stopListening()
    assert "Connection refused" in await refusal(sink_of(url).deliver(a_parcel()))


@ensureDeferred
async def test_an_ipv6_literal_is_reached(receiver: Receiver) -> None:
    listening = Listening(Site(receiver), interface="::1")
    try:
        url = f"http://[::1]:{listening.number}/six#allow-private=yes"
        await sink_of(url).deliver(a_parcel())
    finally:
        await listening.port.stopListening()
    assert receiver.received[0][0] == b"/six"
    assert receiver.received[0][1]["host"] == f"[::1]:{listening.number}"


SPELLINGS_OF_THIS_MACHINE = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "0",
    "0.0.0.0",
    "127.0.0.1.",
    "localhost",
    "LOCALHOST.",
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11",  # full-width digits
    "①②⑦.0.0.1",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
]


@pytest.mark.parametrize("host", SPELLINGS_OF_THIS_MACHINE)
@ensureDeferred
async def test_this_machine_is_refused_in_every_spelling(
    host: str, receiver: Receiver, server: Listening
) -> None:
    try:
        sink = sink_of(f"http://{host}:{server.number}/")
    except BadValue:
        return
    with pytest.raises((DeliveryFailed, Exception)) as caught:
        await sink.deliver(a_parcel())
    assert "private address" in str(caught.value) or "has no address" in str(caught.value)
    assert not receiver.received


@implementer(IHostnameResolver)
class Rebinding:
    """Answers with a public address at first and with this machine ever after."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def resolveHostName(
        self, receiver: Any, hostName: str, portNumber: int = 0, **other: Any
    ) -> Any:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        receiver.resolutionBegan(None)
        for host in answer:
            receiver.addressResolved(IPv4Address("TCP", host, portNumber))
        receiver.resolutionComplete()
        return None


class Connections:
    """A reactor that notes where a connection is wanted and lets none succeed."""

    def __init__(self, resolver: Rebinding) -> None:
        self.nameResolver = resolver
        self.wanted: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(reactor, name)

    def connectTCP(self, host: str, port: int, factory: Any, **other: Any) -> Any:
        self.wanted.append(host)
        factory.clientConnectionFailed(None, ConnectError())


@pytest.mark.parametrize(
    ("answers", "wanted", "said"),
    [
        (
            [["93.184.216.34"], ["127.0.0.1"]],
            ["93.184.216.34"],
            "an error occurred while connecting",
        ),
        ([["127.0.0.1"]], [], "private address 127.0.0.1"),
        ([["93.184.216.34", "10.0.0.1"]], [], "private address 10.0.0.1"),
        ([["93.184.216.34", "1.1.1.1"]], ["93.184.216.34", "1.1.1.1"], "an error occurred"),
        ([[]], [], "has no address"),
    ],
)
@ensureDeferred
async def test_a_name_that_rebinds_gains_nothing(
    answers: list[list[str]], wanted: list[str], said: str
) -> None:
    """One look-up, every address of it checked, and no other connected to."""
    watched = Connections(Rebinding(*answers))
    sink = sink_of("http://rebind.example.org/", reactor=watched)
    assert said in (await refusal(sink.deliver(a_parcel()))).lower()
    assert watched.wanted == wanted
    assert watched.nameResolver.asked == 1


def test_the_address_that_was_checked_is_one_the_rule_allows() -> None:
    assert is_public("93.184.216.34")


def test_lanes_are_servers() -> None:
    def lane(url: str) -> str:
        return sink_of(url).lane

    assert lane("https://a.example/x") == lane("https://A.example:443/y#on=failure")
    assert lane("https://a.example/x") != lane("https://b.example/x")
    assert lane("https://a.example/") != lane("http://a.example/")


def test_parcels_reach_the_payload_redacted_by_whoever_made_them() -> None:
    result = a_result(headers=(("Set-Cookie", "[redacted abc]"),))
    assert b"[redacted abc]" in payload(Parcel(PARCEL_ID, a_run(), result))
