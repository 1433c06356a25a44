"""``mailto:`` through a real SMTP server, a well-behaved one and others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.threads import deferToThread

from jqengine.clock import SystemClock
from jqengine.errors import BadValue, ConfigurationError, DeliveryFailed
from jqengine.sinks import smtp
from jqengine.sinks.mail import MailSink
from jqengine.sinks.smtp import stuffed
from jqengine.sinkurl import parse_sink_url
from jqengine.smtpurl import SMTPServer, parse_smtp_url
from tests.sinks.certificates import Certified, certify
from tests.sinks.mailserver import MailServerThread, accept_only
from tests.sinks.values import PARCEL_ID, RUN_ID, a_parcel, a_result, a_run, some_tools, text_of

ALICE = "mailto:alice@example.org"
PASSWORD = {"PW": "correct horse"}

Start = Callable[..., MailServerThread]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start real servers that are stopped when the test is over."""
    started: list[MailServerThread] = []

    def start_one(*args: Any, **options: Any) -> MailServerThread:
        started.append(MailServerThread(*args, **options))
        return started[-1]

    yield start_one
    for one in started:
        one.stop()


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certify(tmp_path_factory.mktemp("certificates"), "127.0.0.1")


def sink(server: str | SMTPServer, url: str = ALICE, **tools: Any) -> MailSink:
    """A sink that mails through *server*."""
    smtp_server = parse_smtp_url(server) if isinstance(server, str) else server
    given = {
        "reactor": reactor,
        "clock": SystemClock(),
        "in_thread": deferToThread,
        "smtp": smtp_server,
        "environ": PASSWORD,
        **tools,
    }
    return MailSink(parse_sink_url(url, MailSink.options), some_tools(**given))


async def refusal(delivery: Any) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        await delivery
    return caught.value


@ensureDeferred
async def test_text_html_and_pdf_arrive(start: Start) -> None:
    server = start()
    through = f"smtp://127.0.0.1:{server.port}?tls=off"
    url = "mailto:J%C3%B6rg%20%3Cj@example.org%3E,bob@example.org?bcc=eve@example.org"
    kinds = {
        "text/plain": "grüße\n.\nQUIT\n".encode(),
        "text/html": b"<p>hello</p>",
        "application/pdf": bytes(range(256)) * 500,
    }
    for kind, body in kinds.items():
        result = a_result(body, headers=(("Content-Type", kind),))
        await sink(through, url).deliver(a_parcel(result, run=a_run(name="nächtlich")))
    text, page, pdf = (message_from_bytes(one.content, policy=default) for one in server.received)
    for one in server.received:
        assert one.sender == "jobqueue@engine.example.org"
        assert one.recipients == ["j@example.org", "bob@example.org", "eve@example.org"]
    for message in (text, page, pdf):
        assert message["To"] == "Jörg <j@example.org>, bob@example.org"
        assert message["Subject"] == "nächtlich: 200 OK"
        assert message["Bcc"] is None
        assert message["Message-ID"] == f"<{PARCEL_ID}@engine.example.org>"
    assert text_of(text) == "grüße\n.\nQUIT\n"
    assert text_of(page.get_body(("html",))).strip() == "<p>hello</p>"  # type: ignore[attr-defined]
    (attachment,) = pdf.iter_attachments()  # type: ignore[attr-defined]
    assert attachment.get_content() == kinds["application/pdf"]
    assert attachment.get_filename() == f"result-{RUN_ID}.pdf"


@pytest.mark.parametrize("shift", [b"", b"x"])
@ensureDeferred
async def test_no_line_of_a_body_ends_the_message(shift: bytes, start: Start) -> None:
    """Lines of a dot, so many that one begins wherever a chunk of sending does."""
    server = start()
    body = shift + b"\n.\nMAIL FROM:<eve@example.org>" + b"\n." * 20_000
    await sink(f"smtp://127.0.0.1:{server.port}").deliver(a_parcel(a_result(body)))
    (received,) = server.received
    message = message_from_bytes(received.content, policy=default)
    assert message["Content-Transfer-Encoding"] == "7bit", "the lines travel as they are"
    assert text_of(message) == f"{body.decode()}\n"


def test_stuffing() -> None:
    assert stuffed(b".a\r\n.\r\nb.\r\n..c\r\n") == b"..a\r\n..\r\nb.\r\n...c\r\n"


@ensureDeferred
async def test_tls_is_required_and_its_certificate_verified(
    start: Start, certified: Certified
) -> None:
    server = start(certified.context(), require_starttls=True)
    address = f"smtp://127.0.0.1:{server.port}?tls=required"
    await sink(f"{address}&ca={certified.authority}").deliver(a_parcel())
    assert server.received[0].tls
    failure = await refusal(sink(address).deliver(a_parcel()))
    assert "certificate verify failed" in str(failure)
    assert not failure.permanent
    assert len(server.received) == 1


@ensureDeferred
async def test_a_certificate_of_another_name_is_refused(start: Start, tmp_path: Path) -> None:
    other = certify(tmp_path, "mx.example.org")
    server = start(other.context())
    address = f"smtp://127.0.0.1:{server.port}?tls=required&ca={other.authority}"
    await refusal(sink(address).deliver(a_parcel()))
    assert not server.received


@ensureDeferred
async def test_without_starttls_nothing_is_sent_where_it_is_required(start: Start) -> None:
    server = start()
    failure = await refusal(
        sink(f"smtp://127.0.0.1:{server.port}?tls=required").deliver(a_parcel())
    )
    assert "does not support secure communication" in str(failure)
    assert not server.received


@ensureDeferred
async def test_opportunistic_takes_any_certificate_or_none(
    start: Start, certified: Certified
) -> None:
    plain, encrypted = start(), start(certified.context())
    for server, tls in ((plain, False), (encrypted, True)):
        await sink(f"smtp://127.0.0.1:{server.port}?tls=opportunistic").deliver(a_parcel())
        assert server.received[0].tls is tls


@ensureDeferred
async def test_tls_from_the_first_byte(start: Start, certified: Certified) -> None:
    server = start(certified.context(), implicit=True)
    address = f"smtps://127.0.0.1:{server.port}?ca={certified.authority}"
    await sink(address).deliver(a_parcel())
    assert server.received[0].tls


@ensureDeferred
async def test_a_login(start: Start, certified: Certified) -> None:
    login = accept_only(b"jobs@example.org", b"correct horse")
    server = start(certified.context(), authenticator=login, auth_required=True)
    address = (
        f"smtp://jobs%40example.org@127.0.0.1:{server.port}"
        f"?tls=required&ca={certified.authority}&password=env:PW&from=jobs@example.org"
    )
    await sink(address).deliver(a_parcel())
    (received,) = server.received
    assert (received.user, received.sender) == ("jobs@example.org", "jobs@example.org")
    failure = await refusal(sink(address, environ={"PW": "wrong"}).deliver(a_parcel()))
    assert "Authentication" in str(failure)
    assert "wrong" not in str(failure)
    assert not failure.permanent
    with pytest.raises(ConfigurationError, match="the secret env:PW is not set"):
        await sink(address, environ={}).deliver(a_parcel())


@ensureDeferred
async def test_a_recipient_who_is_refused_does_not_stop_the_others(start: Start) -> None:
    server = start()
    server.refuse["bob@example.org"] = "550 no such user"
    through = f"smtp://127.0.0.1:{server.port}"
    await sink(through, f"{ALICE},bob@example.org").deliver(a_parcel())
    assert server.received[0].recipients == ["alice@example.org"]


@pytest.mark.parametrize(
    ("replies", "permanent"),
    [
        ({"alice@example.org": "550 no such user"}, True),
        ({"alice@example.org": "450 mailbox busy"}, False),
        ({"alice@example.org": "550 no", "bob@example.org": "450 busy"}, False),
    ],
)
@ensureDeferred
async def test_all_recipients_refused(
    replies: dict[str, str], permanent: bool, start: Start
) -> None:
    server = start()
    server.refuse.update(replies)
    url = f"mailto:{','.join(replies)}"
    failure = await refusal(sink(f"smtp://127.0.0.1:{server.port}", url).deliver(a_parcel()))
    assert next(iter(replies.values())).split(" ", 1)[1] in str(failure)
    assert failure.permanent is permanent


@pytest.mark.parametrize(
    ("reply", "permanent"), [("554 looks like spam", True), ("451 try later", False)]
)
@ensureDeferred
async def test_the_message_is_refused(reply: str, permanent: bool, start: Start) -> None:
    server = start()
    server.reply = reply
    failure = await refusal(sink(f"smtp://127.0.0.1:{server.port}").deliver(a_parcel()))
    assert reply in str(failure)
    assert failure.permanent is permanent


@ensureDeferred
async def test_a_difference_is_mailed(start: Start) -> None:
    server = start()
    watching = sink(f"smtp://127.0.0.1:{server.port}", f"{ALICE}#on=change&diff=yes")
    assert watching.compares
    await watching.deliver(a_parcel(a_result(b"a\nc\n"), previous=b"a\nb\n"))
    await watching.deliver(a_parcel(a_result(b"a\nc\n")))
    first, second = (message_from_bytes(one.content, policy=default) for one in server.received)
    assert "\n-b\n+c\n" in text_of(first.get_body())  # type: ignore[attr-defined]
    assert text_of(second) == "a\nc\n"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"{ALICE}#diff=yes", "expected #on=change with it"),
        (f"{ALICE}#from=nobody", "#from=: 'nobody' is not a mail address"),
        ("mailto:", "writes to 1 to 50 addresses"),
    ],
)
def test_what_is_refused_when_the_job_is_accepted(url: str, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        sink(SMTPServer(), url)
    assert said in str(caught.value)


class Crafted:
    """A server that says what the test makes it say."""

    def __init__(self, answer: Callable[[Any, bytes], None], greeting: bytes) -> None:
        class Saying(Protocol):
            def connectionMade(self) -> None:
                self.transport.write(greeting)

            def dataReceived(self, data: bytes) -> None:
                answer(self.transport, data)

        self.port = reactor.listenTCP(0, Factory.forProtocol(Saying), interface="127.0.0.1")
        self.address = f"smtp://127.0.0.1:{self.port.getHost().port}?tls=opportunistic"


@pytest.fixture
def craft() -> Iterator[Callable[..., Crafted]]:
    crafted: list[Crafted] = []

    def make(answer: Callable[[Any, bytes], None], greeting: bytes = b"220 hello\r\n") -> Crafted:
        crafted.append(Crafted(answer, greeting))
        return crafted[-1]

    yield make
    for one in crafted:
        one.port.stopListening()


@ensureDeferred
async def test_a_server_that_never_answers_is_given_up(
    craft: Callable[..., Crafted], monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = craft(lambda transport, data: None, greeting=b"")
    monkeypatch.setattr(smtp.Transfer, "timeout", 0.1)
    failure = await refusal(sink(silent.address).deliver(a_parcel()))
    assert "Timeout waiting for SMTP server response" in str(failure)


@ensureDeferred
async def test_a_server_that_drips_is_given_up(
    craft: Callable[..., Crafted], monkeypatch: pytest.MonkeyPatch
) -> None:
    def drip(transport: Any, data: bytes) -> None:
        transport.write(b"250-more\r\n")

    monkeypatch.setattr(smtp, "TIMEOUT", 0.1)
    failure = await refusal(sink(craft(drip).address).deliver(a_parcel()))
    assert "took longer than 100ms" in str(failure)


@ensureDeferred
async def test_a_reply_without_an_end_is_cut_short(craft: Callable[..., Crafted]) -> None:
    def flood(transport: Any, data: bytes) -> None:
        transport.write(b"250-more\r\n" * 10_000)

    failure = await refusal(sink(craft(flood).address).deliver(a_parcel()))
    assert "reply does not end" in str(failure)


@ensureDeferred
async def test_a_server_that_hangs_up_has_not_taken_the_message(
    craft: Callable[..., Crafted],
) -> None:
    rude = craft(lambda transport, data: transport.loseConnection())
    failure = await refusal(sink(rude.address).deliver(a_parcel()))
    assert "hung up" in str(failure)


@ensureDeferred
async def test_replies_slipped_in_before_tls_are_noticed(craft: Callable[..., Crafted]) -> None:
    def slip(transport: Any, data: bytes) -> None:
        if data.startswith(b"EHLO"):
            transport.write(b"250-hello\r\n250 STARTTLS\r\n")
        elif data.startswith(b"STARTTLS"):
            transport.write(b"220 go on\r\n250 forged\r\n250 forged\r\n")

    failure = await refusal(sink(craft(slip).address).deliver(a_parcel()))
    assert "spoke on before TLS began" in str(failure)


@ensureDeferred
async def test_a_closed_port_is_a_failure() -> None:
    port = reactor.listenTCP(0, Factory(), interface="127.0.0.1")
    number = port.getHost().port
    await port.stopListening()
    with pytest.raises(Exception, match="refused"):
        await sink(f"smtp://127.0.0.1:{number}").deliver(a_parcel())


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "holds no certificate"), (None, "cannot be read: No such file or directory")],
)
@ensureDeferred
async def test_an_authority_that_is_none(text: str | None, said: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "ca.pem").write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        await sink(f"smtp://127.0.0.1:1?tls=required&ca={tmp_path}/ca.pem").deliver(a_parcel())
