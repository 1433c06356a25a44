"""Mail addresses and ``mailto:`` URLs (RFC 6068).  Pure.

An address here is narrower than RFC 5322 allows: a dot-atom and a host name.
What is left out (quoted local parts, comments, addresses that need SMTPUTF8)
is what injections are made of, and nobody's mail.
"""

from __future__ import annotations

import re
from email.headerregistry import Address
from typing import NamedTuple
from urllib.parse import unquote

import idna

from jqengine.errors import BadValue
from jqengine.options import closest

_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]+)>")
_FIELDS = ("to", "cc", "bcc", "subject")

MOST_RECIPIENTS = 50


def parse_address(text: str) -> Address:
    """Read ``alice@example.org`` or ``Alice <alice@example.org>``.

    A domain beyond ASCII is given in its IDNA form.

    :raises BadValue: it is anything else.
    """
    match = _NAMED.fullmatch(text.strip()) if text.isprintable() else None
    name = " ".join(match["name"].strip().strip('"').split()) if match else ""
    local, at, domain = (match["address"] if match else text.strip()).rpartition("@")
    if not (at and _LOCAL_PART.fullmatch(local) and len(local) <= 64):
        raise BadValue(f"{text!r} is not a mail address; expected somebody@example.org")
    return Address(display_name=plain(name), username=local, domain=_domain(domain, text))


def _domain(domain: str, text: str) -> str:
    try:
        ascii_form = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        ascii_form = ""
    if not _DOMAIN.fullmatch(ascii_form) or len(ascii_form) > 253:
        raise BadValue(f"{text!r} is not a mail address; expected somebody@example.org")
    return ascii_form


def plain(text: str) -> str:
    """*text* fit for a header: one line, without anything a mail program would decode.

    A text that looks like an encoded word (RFC 2047) is written by Python's
    serializer as it is, and what it decodes to can be another header.
    """
    line = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(line.replace("=?", "= ?").split())


class Recipients(NamedTuple):
    """Whom a ``mailto:`` URL writes to, and about what.

    :ivar bcc: in the envelope only.
    :ivar subject: as the URL gives it, or ``None``.
    """

    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    subject: str | None = None

    @property
    def envelope(self) -> tuple[str, ...]:
        """Every address once, in order."""
        everybody = (*self.to, *self.cc, *self.bcc)
        return tuple(dict.fromkeys(address.addr_spec for address in everybody))


def parse_mailto(target: str) -> Recipients:
    """Read what stands behind ``mailto:``.

    :raises BadValue: there is nobody to write to, an address is malformed, or
        the query holds anything but ``to``, ``cc``, ``bcc`` and ``subject``.
    """
    addresses, _, query = target.partition("?")
    fields: dict[str, list[str]] = {name: [] for name in _FIELDS}
    fields["to"] = [addresses] if addresses else []
    for part in query.split("&") if query else ():
        name, equals, value = part.partition("=")
        if not equals or name.lower() not in fields:
            hint = closest(name, _FIELDS) or f"there are {', '.join(_FIELDS)}"
            raise BadValue(f"mailto: has no field {name!r}; {hint}")
        fields[name.lower()].append(value)
    recipients = Recipients(
        to=_addresses(fields["to"]),
        cc=_addresses(fields["cc"]),
        bcc=_addresses(fields["bcc"]),
        subject=_subject(fields["subject"]),
    )
    if not 0 < len(recipients.envelope) <= MOST_RECIPIENTS:
        raise BadValue(f"mailto: writes to 1 to {MOST_RECIPIENTS} addresses")
    return recipients


def _addresses(lists: list[str]) -> tuple[Address, ...]:
    # A comma between addresses is written as it is, one within as %2C.
    return tuple(
        parse_address(_completed(_decoded(one))) for text in lists for one in text.split(",")
    )


def _completed(text: str) -> str:
    """``root``, as crontabs have it, is a user of the mail server's machine."""
    return f"{text}@localhost" if _LOCAL_PART.fullmatch(text) else text


def _subject(values: list[str]) -> str | None:
    if len(values) > 1:
        raise BadValue("mailto: has two subjects")
    return plain(_decoded(values[0])) or None if values else None


def _decoded(text: str) -> str:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise BadValue(f"mailto: {text!r} is not UTF-8 behind its % signs") from None
    if not decoded.isprintable():
        raise BadValue(f"mailto: {text!r} holds an unprintable character")
    return decoded
