"""The ``http:`` and ``https:`` URLs that results are posted to.  Pure."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import quote

import idna

from jqengine.errors import BadValue

_URL = re.compile(
    r"//(?:(?P<user>[^/?#]*)@)?(?P<host>\[[^\]/?#]*\]|[^/?#:\[\]]*)(?::(?P<port>[0-9]{0,5}))?"
    r"(?P<rest>(?:[/?].*)?)"
)
_HOST = re.compile(r"(?!-)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_KEPT = "/?:@!$&'()*+,;=-._~%"


class WebURL(NamedTuple):
    """An address on the web.

    :ivar host: in lower case and ASCII (IDNA 2008); IPv6 without brackets.
    :ivar resource: path and query, percent-encoded.
    """

    scheme: str
    host: str
    port: int
    resource: str

    @property
    def authority(self) -> str:
        """Host and port, the way they stand in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def numeric(self) -> bool:
        """Whether the host is plainly an address, not a name to be resolved."""
        try:
            ip_address(self.host)
        except ValueError:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.resource}"


def parse_web_url(scheme: str, target: str) -> WebURL:
    """Read what stands behind *scheme* and its colon.

    :raises BadValue: it is malformed, or holds a user or password.
    """
    match = _URL.fullmatch(target)
    if match is None or not match["host"]:
        raise BadValue(f"{scheme}: lacks a host; expected {scheme}://HOST/PATH")
    if match["user"] is not None:
        raise BadValue(f"{scheme}: with a password in it; expected #authorization=env:NAME")
    port = int(match["port"] or _DEFAULT_PORTS[scheme])
    if not 0 < port < 65_536:
        raise BadValue(f"{scheme}: has no port {port}")
    resource = quote(match["rest"], safe=_KEPT)
    if not resource.startswith("/"):
        resource = f"/{resource}"
    return WebURL(scheme, _host(match["host"]), port, resource)


def _host(text: str) -> str:
    if text.startswith("["):
        return _literal(text[1:-1])
    name = text.lower() if text.isascii() else _to_ascii(text)
    if not _HOST.fullmatch(name):
        raise BadValue(f"{text!r} is not a host")
    return name


def _literal(text: str) -> str:
    try:
        address = IPv6Address(text)
    except ValueError:
        raise BadValue(f"[{text}] is not an IPv6 address") from None
    if address.scope_id is not None:
        raise BadValue(f"[{text}] has a zone, which only this machine understands")
    return str(address)


def _to_ascii(text: str) -> str:
    try:
        return idna.encode(text, uts46=True, transitional=False).decode("ascii")
    except idna.IDNAError as error:
        raise BadValue(f"{text!r} is not a host: {error}") from None
