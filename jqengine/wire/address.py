"""Addresses of engines, in the form of Twisted's endpoint strings.

``unix:/run/app/amp.sock``, ``tcp:127.0.0.1:7000``,
``tls:jobs.example.org:7000:certificate=me.pem:trustRoots=/etc/jobs-ca``; a
colon within a part is written ``\\:``.  A text with a slash and no such prefix
is the path of a unix socket.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from jqengine.errors import BadValue

VARIABLE = "JOBQUEUE_AMP"
"""The environment variable that says where the engine of an application is."""

SECRET_VARIABLE = "JOBQUEUE_AMP_SECRET_FILE"  # noqa: S105 - a name, not a secret

DEFAULT = "unix:.jobqueue/amp.sock"
"""Where the engine of the working directory is."""

_WORD = re.compile(r"(?:[^:\\]|\\.?)*", re.DOTALL)
_PREFIX = re.compile(r"[a-z][a-z0-9]*:")
_EXPECTED = "expected unix:PATH, tcp:HOST:PORT or tls:HOST:PORT"


@dataclass(frozen=True, slots=True)
class Parts:
    """An endpoint string, taken apart.

    :ivar kind: what stands before the first colon.
    """

    kind: str
    positional: tuple[str, ...]
    named: Mapping[str, str]

    def get(self, position: int, name: str) -> str | None:
        """An argument that can be given by its position or its name."""
        if position < len(self.positional):
            return self.positional[position]
        return self.named.get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an engine is.

    :ivar text: as it was given.
    :ivar path: of a unix socket, or ``None`` for TCP.
    :ivar tls: whether TLS is spoken.
    :ivar certificate: a PEM file with the client's certificate and key.
    :ivar trust_roots: a PEM file, or a directory of them, or ``None`` for the
        system's.
    """

    text: str
    path: str | None = None
    host: str = ""
    port: int = 0
    tls: bool = False
    certificate: str | None = None
    trust_roots: str | None = None


def take_apart(text: str) -> Parts:
    """The parts of an endpoint string."""
    kind, *words = _split(text)
    positional, named = [], {}
    for word in words:
        name, equals, value = word.partition("=")
        if equals and re.fullmatch(r"[A-Za-z]+", name):
            named[name] = _unescaped(value)
        else:
            positional.append(_unescaped(word))
    return Parts(kind, tuple(positional), named)


def parse_address(text: str) -> Address:
    """The address that *text* says.

    :raises BadValue: it says none.
    """
    if "/" in text and not _PREFIX.match(text):
        return Address(text=text, path=text)
    parts = take_apart(text)
    if parts.kind == "unix":
        path = parts.get(0, "path")
        if path:
            return Address(text=text, path=path)
    elif parts.kind in ("tcp", "tls"):
        host, port = parts.get(0, "host"), parts.get(1, "port") or ""
        if host and re.fullmatch(r"[0-9]{1,5}", port):
            return Address(
                text=text,
                host=host.strip("[]"),
                port=int(port),
                tls=parts.kind == "tls",
                certificate=parts.named.get("certificate"),
                trust_roots=parts.named.get("trustRoots"),
            )
    raise BadValue(f"{text!r} is not the address of an engine; {_EXPECTED}")


def quoted(part: str) -> str:
    """*part* so that it can stand in an endpoint string."""
    return re.sub(r"([:=\\])", r"\\\1", part)


def _split(text: str) -> list[str]:
    words: list[str] = []
    position = 0
    while position <= len(text):
        word = _WORD.match(text, position)
        assert word is not None
        words.append(word[0])
        position = word.end() + 1
    return words


def _unescaped(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL)
