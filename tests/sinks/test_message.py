"""Messages built of results, read back by a parser that is not ours to trust."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from jqengine.errors import DeliveryFailed
from jqengine.job import Headers, Request
from jqengine.sinks import message as module
from jqengine.sinks.diff import MOST_LINES, difference
from jqengine.sinks.mailboxes import Recipients, parse_address, parse_mailto
from jqengine.sinks.message import LARGEST_INLINE, Envelope, compose, subject_of, summary
from jqengine.sinktools import Parcel
from tests.sinks.values import ATTACKS, NOW, PARCEL_ID, RUN_ID, a_parcel, a_result, a_run, text_of

HEADERS = ["from", "to", "subject", "date", "message-id", "auto-submitted"]
STRUCTURE = ["content-type", "content-transfer-encoding", "mime-version"]


def envelope(mailto: str = "alice@example.org", sender: str = "jobs@example.org") -> Envelope:
    return Envelope(parse_address(sender), parse_mailto(mailto), "engine.example.org", NOW)


def sent(parcel: Parcel, mailto: str = "alice@example.org", **options: object) -> EmailMessage:
    raw = compose(envelope(mailto), parcel, **options)  # type: ignore[arg-type]
    assert raw.isascii()
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", raw) is None, "line ends are CRLF"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    parsed = message_from_bytes(raw, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def html(text: str) -> Headers:
    return (("Content-Type", f"text/html; charset={text}"),)


def test_the_headers_of_a_message() -> None:
    message = sent(a_parcel(), "alice@example.org?cc=bob@example.org&bcc=eve@example.org")
    assert message["From"] == "jobs@example.org"
    assert message["To"] == "alice@example.org"
    assert message["Cc"] == "bob@example.org"
    assert message["Bcc"] is None
    assert message["Subject"] == "nightly: 200 OK"
    assert message["Date"] == "Fri, 15 Jan 2027 08:00:00 +0000"
    assert message["Message-ID"] == f"<{PARCEL_ID}@engine.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"


def test_a_text_is_the_message() -> None:
    message = sent(a_parcel(a_result("grüße\nfrom here\n.\n..dots\n".encode())))
    assert message.get_content_type() == "text/plain"
    assert text_of(message) == "grüße\nfrom here\n.\n..dots\n"


def test_html_is_shown_with_a_summary_for_those_without() -> None:
    body = "<p>grüße</p>".encode("latin-1")
    message = sent(a_parcel(a_result(body, headers=html("iso-8859-1"))))
    assert message.get_content_type() == "multipart/alternative"
    text, page = message.iter_parts()
    assert "Status:  200 OK" in text.get_content()
    assert page.get_content_type() == "text/html"
    assert page.get_content().strip() == "<p>grüße</p>"


def test_a_pdf_is_attached_under_a_name_of_ours() -> None:
    headers = (
        ("Content-Type", 'application/pdf; name="../../evil.exe"'),
        ("Content-Disposition", 'attachment; filename="evil.exe"'),
    )
    body = bytes(range(256)) * 100
    message = sent(a_parcel(a_result(body, headers=headers)))
    text, attachment = message.iter_parts()
    assert "Run:" in text.get_content()
    assert attachment.get_content_type() == "application/pdf"
    assert attachment.get_filename() == f"result-{RUN_ID}.pdf"
    assert attachment.get_content() == body


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        (b"\xff\xfe", "text/plain; charset=utf-8", "text/plain"),  # not what it claims
        (b"a\0b", "text/plain", "text/plain"),
        (b"x" * (LARGEST_INLINE + 1), "text/plain", "text/plain"),
        (b"x", "message/rfc822", "application/octet-stream"),
        (b"x", "multipart/mixed; boundary=x", "application/octet-stream"),
        (b"x", "nonsense", "application/octet-stream"),
        (b"x", "", "application/octet-stream"),
        (b"x", 'a/b"\r\nBcc: eve@example.org', "application/octet-stream"),
    ],
)
def test_what_cannot_be_shown_is_attached(body: bytes, content_type: str, kind: str) -> None:
    message = sent(a_parcel(a_result(body, headers=(("Content-Type", content_type),))))
    _, attachment = message.iter_parts()
    assert attachment.get_content_type() == kind
    assert attachment.get_payload(decode=True) == body


def test_a_failure_says_what_happened_before_its_body() -> None:
    result = a_result(b"Traceback", status=500, reason="Oops", truncated=True)
    message = sent(a_parcel(result, removed="500 is in remove-on 500"))
    content = message.get_content()
    assert message["Subject"] == "nightly is removed from the queue: 500 Oops"
    assert content.index("Removed: 500 is in remove-on 500") < content.index("Traceback")
    assert "Cut off: after 9 bytes" in content


def test_no_response_is_a_summary() -> None:
    result = a_result(b"", status=0, reason="timeout after 15m", headers=())
    message = sent(a_parcel(result))
    assert message["Subject"] == "nightly failed: no response"
    assert "Status:  none: timeout after 15m" in message.get_content()


def test_names_and_subjects_beyond_ascii_arrive() -> None:
    mailto = "J%C3%B6rg%20%3Cj@example.org%3E?subject=%E6%97%A5%E6%9C%AC%20%C3%BCber%20alles"
    message = sent(a_parcel(), mailto)
    assert message["To"] == "Jörg <j@example.org>"
    assert message["Subject"] == "日本 über alles"
    assert sent(a_parcel(run=a_run(name="nächtlich")))["Subject"] == "nächtlich: 200 OK"


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_a_job_or_an_answer_says_becomes_a_header(text: str) -> None:
    run = a_run(name=text, request=Request(target=text, user=text))
    result = a_result(
        text.encode("utf-8", "surrogatepass"),
        reason=text,
        status=500,
        headers=(("Content-Type", f"text/plain; charset={text}"), (text, text)),
    )
    message = sent(a_parcel(result, run=run, removed=text))
    assert set(map(str.lower, message)) <= {*HEADERS, *STRUCTURE}
    assert message["To"].addresses[0].addr_spec == "alice@example.org"
    assert len(message["To"].addresses) == 1
    assert "everybody" not in str(message["From"])


def test_the_encoded_word_that_python_writes_as_a_header() -> None:
    word = "=?utf-8?q?a=0ABcc:_everybody@example.org?="
    raw = compose(envelope(), a_parcel(run=a_run(name=word)))
    assert b"\r\nBcc" not in raw
    assert message_from_bytes(raw, policy=default)["Bcc"] is None


def test_a_message_that_reads_back_differently_is_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last line of defence holds by itself, without the one before it."""
    monkeypatch.setattr(module, "plain", lambda text: text)
    word = "=?utf-8?q?a=0ABcc:_everybody@example.org?="
    with pytest.raises(DeliveryFailed) as caught:
        compose(envelope(), a_parcel(run=a_run(name=word)))
    assert caught.value.permanent


def test_a_long_subject_is_cut() -> None:
    message = sent(a_parcel(run=a_run(name="n" * 1000)))
    assert len(message["Subject"]) == 200


def test_a_message_to_blind_copies_alone() -> None:
    message = sent(a_parcel(), "?bcc=eve@example.org")
    assert message["To"] is None


def test_the_summary_is_one_line_for_each_fact() -> None:
    text = summary(a_parcel(run=a_run(name="a\nb")))
    assert text.splitlines()[0] == "Job:     a b"
    assert all(re.match(r"[A-Z][a-z ]+: ", line) for line in text.splitlines())


def test_subjects() -> None:
    assert subject_of(a_parcel(run=a_run(name=None))) == "GET /reports/nightly?...: 200 OK"


def test_a_difference_is_shown_and_the_whole_attached() -> None:
    change = difference("one\ntwo\nthree\n", "one\n2\nthree\n")
    message = sent(a_parcel(a_result(b"one\n2\nthree\n")), difference=change)
    text, attachment = message.iter_parts()
    assert "\n--- before\n+++ now\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n" in text_of(text)
    assert text_of(attachment) == "one\n2\nthree\n"


def test_texts_too_large_to_compare_are_not() -> None:
    assert difference("a\n" * (MOST_LINES + 1), "b") is None
    assert difference("a", "b" * 1_000_000) is None


def test_form_feeds_end_no_line_of_a_difference() -> None:
    change = difference("a\x0cb\r\nc", "a\x0cb\nc")
    assert change is not None
    assert change.text == ""


def test_recipients_are_counted_once() -> None:
    alice = parse_address("alice@example.org")
    assert Recipients((alice, alice), (alice,)).envelope == ("alice@example.org",)
