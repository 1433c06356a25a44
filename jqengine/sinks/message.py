"""A result as a mail message.  Pure.

Nothing that a job or an application says can become a header, a recipient or
another part: what is built is parsed again before it is sent, and must read
back as what was meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple

from jqengine.errors import DeliveryFailed
from jqengine.mediatype import MediaType, body_text, media_type
from jqengine.request.environ import rfc3339
from jqengine.sinks.choice import is_success
from jqengine.sinks.diff import Difference
from jqengine.sinks.mailboxes import Recipients, plain
from jqengine.sinktools import Parcel

POLICY = SMTP.clone(cte_type="7bit")
"""CRLF line ends and nothing beyond ASCII, which every server takes."""

LARGEST_INLINE = 256 * 1024
"""Characters of a text that is shown in the message; a longer one is attached."""

LONGEST_SUBJECT = 200


class Envelope(NamedTuple):
    """Who writes to whom, when, and from which machine.

    :ivar now: instant of this try.
    """

    sender: Address
    recipients: Recipients
    hostname: str
    now: float


def compose(envelope: Envelope, parcel: Parcel, difference: Difference | None = None) -> bytes:
    """The message of a result, ready for the wire but for dot-stuffing.

    :param difference: what to show in place of the body.
    :raises DeliveryFailed: it does not read back as what was meant, which is
        a fault of this software and not to be sent.
    """
    message = EmailMessage(POLICY)
    _head(message, envelope, parcel)
    if difference is not None:
        _show_difference(message, parcel, difference)
    else:
        _show_body(message, parcel)
    _allow_only_what_was_meant(message)
    sent = message.as_bytes(policy=POLICY)
    _read_back(sent, message, envelope)
    return sent


def subject_of(parcel: Parcel) -> str:
    """What the message is about, where its URL gives no subject."""
    run, result = parcel.run, parcel.result
    said = f"{result.status} {result.reason}".strip() if result.status else "no response"
    if parcel.removed is not None:
        return f"{run.label} is removed from the queue: {said}"
    return f"{run.label}: {said}" if is_success(result.status) else f"{run.label} failed: {said}"


def summary(parcel: Parcel) -> str:
    """The facts about a result, one a line."""
    run, result = parcel.run, parcel.result
    status = f"{result.status} {result.reason}" if result.status else f"none: {result.reason}"
    facts = [
        ("Job", run.label),
        ("Request", f"{run.request.method} {run.request.target}"),
        ("Status", status),
        ("Due", rfc3339(run.due)),
        ("Took", f"{result.finished - result.started:.3f} s"),
        ("Run", f"{run.id}, attempt {run.attempt}"),
    ]
    if parcel.removed is not None:
        facts.append(("Removed", parcel.removed))
    if result.truncated:
        facts.append(("Cut off", f"after {len(result.body)} bytes"))
    return "".join(f"{name + ':':<9}{plain(fact)}\n" for name, fact in facts)


def _head(message: EmailMessage, envelope: Envelope, parcel: Parcel) -> None:
    recipients = envelope.recipients
    subject = plain(recipients.subject or subject_of(parcel))
    message["From"] = envelope.sender
    if recipients.to:
        message["To"] = recipients.to
    if recipients.cc:
        message["Cc"] = recipients.cc
    message["Subject"] = subject[:LONGEST_SUBJECT].rstrip()
    message["Date"] = format_datetime(datetime.fromtimestamp(envelope.now, UTC))
    message["Message-ID"] = f"<{parcel.id}@{envelope.hostname}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation answers


def _show_difference(message: EmailMessage, parcel: Parcel, difference: Difference) -> None:
    message.set_content(f"{summary(parcel)}\n{difference.text}")
    _attach(message, parcel)


def _show_body(message: EmailMessage, parcel: Parcel) -> None:
    result = parcel.result
    text = body_text(result)
    showable = text is not None and len(text) <= LARGEST_INLINE and "\0" not in text
    if not result.body:
        message.set_content(summary(parcel))
    elif text is None or not showable:
        message.set_content(summary(parcel))
        _attach(message, parcel)
    elif media_type(result).name == "text/html":
        message.set_content(summary(parcel))
        message.add_alternative(text, subtype="html")
    elif is_success(result.status) and not result.truncated and parcel.removed is None:
        message.set_content(text)
    else:
        message.set_content(f"{summary(parcel)}\n{text}")


def _attach(message: EmailMessage, parcel: Parcel) -> None:
    kind = _attachable(media_type(parcel.result))
    name = f"result-{parcel.run.id}{kind.suffix}"
    message.add_attachment(parcel.result.body, maintype=kind.main, subtype=kind.sub, filename=name)


def _attachable(kind: MediaType) -> MediaType:
    """A body that claims to be a message or several parts is just bytes here."""
    if kind.main in ("message", "multipart"):
        return MediaType("application", "octet-stream", None)
    return kind


def _allow_only_what_was_meant(message: EmailMessage) -> None:
    for header in message.values():
        if header.defects:
            raise DeliveryFailed(f"the message is malformed: {header.defects[0]}", permanent=True)


def _read_back(sent: bytes, meant: EmailMessage, envelope: Envelope) -> None:
    read = BytesParser(policy=POLICY).parsebytes(sent)
    same = (
        _names(read) == _names(meant)
        and str(read["Subject"]) == str(meant["Subject"])
        and _specs(read["From"].addresses) == [envelope.sender.addr_spec]
        and _specs(read["To"].addresses if read["To"] else ()) == _specs(envelope.recipients.to)
        and _specs(read["Cc"].addresses if read["Cc"] else ()) == _specs(envelope.recipients.cc)
        and [part.get_content_type() for part in read.walk()]
        == [part.get_content_type() for part in meant.walk()]
        and not read.defects
    )
    if not same:
        raise DeliveryFailed("the message does not read back as it was meant", permanent=True)


def _names(message: Message) -> list[str]:
    return [name.lower() for name in message.keys()]  # noqa: SIM118 - a Message is no dict


def _specs(addresses: Sequence[Address]) -> list[str]:
    return [address.addr_spec for address in addresses]
