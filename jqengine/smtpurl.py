"""``--smtp``: the server that takes the engine's mail."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, unquote

from jqengine.errors import BadValue
from jqengine.secretref import SecretRef

_URL = re.compile(
    r"(?P<scheme>smtps?)://(?:(?P<user>[^@/?#\s]*)@)?"
    r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"/?(?:\?(?P<query>[^#\s]*))?"
)
_SENDER = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_DEFAULT_PORTS = {"smtp": 25, "smtps": 465}


class Encryption(StrEnum):
    """How much a connection to the mail server must be encrypted."""

    REQUIRED = "required"  # STARTTLS with a certificate that verifies, or no mail
    OPPORTUNISTIC = "opportunistic"  # STARTTLS where offered, whatever the certificate
    OFF = "off"
    IMPLICIT = "implicit"  # TLS from the first byte (smtps:), as RFC 8314 prefers


@dataclass(frozen=True, slots=True, kw_only=True)
class SMTPServer:
    """A mail server and how to speak to it.

    :ivar user: whom to log in as, or ``None`` not to log in.
    :ivar password: where the password is kept.
    :ivar authority: a file of the certificates to trust in place of the
        system's, or ``None``.
    :ivar sender: the address that mail comes from where a job says no other,
        or ``None`` for one made of this machine's name.
    """

    host: str = "127.0.0.1"
    port: int = 25
    encryption: Encryption = Encryption.OPPORTUNISTIC
    user: str | None = None
    password: SecretRef | None = None
    authority: str | None = None
    sender: str | None = None


def parse_smtp_url(text: str) -> SMTPServer:
    """Read ``smtp://user@host:587?tls=required&password=env:SMTP_PASSWORD``.

    The query may hold ``tls``, ``password``, ``ca`` and ``from``.  Without
    ``tls``, STARTTLS is required of any server but one on this machine.

    :raises BadValue: anything else; the text is not repeated where it may
        hold a password.
    """
    match = _URL.fullmatch(text.strip())
    if match is None:
        raise BadValue(f"{_without_user(text)!r} is not a mail server; expected smtp://host:25")
    if match["user"] and ":" in match["user"]:
        raise BadValue("a password is named, not written; expected ?password=env:NAME or file:PATH")
    port = int(match["port"] or _DEFAULT_PORTS[match["scheme"]])
    if not 0 < port < 65_536:
        raise BadValue(f"{port} is not a port")
    host = match["host"].strip("[]")
    settings = _query(match["query"] or "")
    settings["encryption"] = _encryption(match["scheme"], host, settings.get("encryption"))
    server = SMTPServer(host=host, port=port, user=unquote(match["user"] or "") or None, **settings)
    _check_login(server)
    return server


def _without_user(text: str) -> str:
    return re.sub(r"//[^@]*@", "//...@", text)


def _encryption_word(text: str) -> Encryption:
    if text == Encryption.IMPLICIT or text not in list(Encryption):
        raise BadValue(f"tls={text} is none of required, opportunistic, off")
    return Encryption(text)


def _sender(text: str) -> str:
    if not _SENDER.fullmatch(text):
        raise BadValue(f"from={text} is not a mail address; expected somebody@example.org")
    return text


_QUERY: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "tls": ("encryption", _encryption_word),
    "password": ("password", SecretRef.parse),
    "ca": ("authority", str),
    "from": ("sender", _sender),
}


def _query(query: str) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in _QUERY:
            raise BadValue(f"a mail server has no {name!r}; there are {', '.join(_QUERY)}")
        field, parse = _QUERY[name]
        if field in settings or not value:
            raise BadValue(f"{name}= stands twice or empty in a mail server's URL")
        settings[field] = parse(value)
    return settings


def _encryption(scheme: str, host: str, said: Encryption | None) -> Encryption:
    if scheme == "smtps":
        if said is not None:
            raise BadValue("smtps:// is encrypted from the start; it takes no tls=")
        return Encryption.IMPLICIT
    local = Encryption.OPPORTUNISTIC if is_loopback(host) else Encryption.REQUIRED
    return said or local


def is_loopback(host: str) -> bool:
    """Whether *host* is this machine by its very spelling."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _check_login(server: SMTPServer) -> None:
    if (server.user is None) != (server.password is None):
        raise BadValue("a mail server takes a user and a password= together, or neither")
    encrypted = server.encryption in (Encryption.REQUIRED, Encryption.IMPLICIT)
    if server.user is not None and not encrypted and not is_loopback(server.host):
        raise BadValue("a password is sent to another machine over TLS only; expected tls=required")
