"""The status and headers that an application gives to ``start_response``, checked.

Pure functions of their arguments; safe to call from any thread.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

from twisted.web.http import NO_BODY_CODES, RESPONSES

_STATUS = re.compile(r"([1-9][0-9]{2})(?: (.*))?", re.ASCII)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class _Kind(Enum):
    """What is special about a header."""

    ANY = auto()
    LENGTH = auto()
    OURS = auto()


# Members of an Enum are slow to reach through their class.
_ANY, _LENGTH, _OURS = _Kind.ANY, _Kind.LENGTH, _Kind.OURS
_KINDS = {"content-length": _LENGTH, "server": _OURS, "date": _OURS}
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers of the connection, which no application may set (RFC 9110, section 7.6.1)."""


class ResponseHead(NamedTuple):
    """A status line and headers, as they go on the wire.

    :ivar lines: the headers, without ``Server`` and ``Date``, which are the
        server's; for each its name, a colon, its value and the end of the line.
    :ivar length: the body's length in bytes, if the application says it.
    """

    code: int
    reason: bytes
    lines: list[bytes]
    length: int | None

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers as pairs of name and value."""
        return list(zip(self.lines[::4], self.lines[2::4], strict=True))

    @property
    def has_body(self) -> bool:
        """Whether a response of this status can have a body at all."""
        return self.code not in NO_BODY_CODES

    def with_length(self, length: int) -> ResponseHead:
        """This head, saying that the body is *length* bytes long."""
        line = [b"Content-Length", b": ", b"%d" % length, b"\r\n"]
        return self._replace(lines=self.lines + line, length=length)


def response_head(status: str, headers: Sequence[tuple[str, str]]) -> ResponseHead:
    """Check what ``start_response`` was given.

    Lenient in three things that PEP 3333 demands and other hosts overlook: a
    status without a reason phrase, headers in another sequence than a list,
    and a header in another sequence than a tuple; the latter two warn.

    :raises TypeError: an argument is of the wrong type.
    :raises ValueError: the status has no three-digit code, a name is not a
        token, a text has a character that no header can hold, ``Content-Length``
        is not one number, or a header is the connection's and not the
        application's (RFC 9110 section 7.6.1).
    """
    code, reason = _checked_status(status)
    lines: list[bytes] = []
    length = None
    for header in headers if type(headers) is list else _odd_headers(headers):
        if type(header) is not tuple or len(header) != 2:
            header = _odd_header(header)
        name, value = header
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"header must be (str, str) tuple, not {header!r}")
        kind, wire_name = _checked_name(name)
        if not value.isprintable() and _CONTROL.search(value):
            raise ValueError(f"the header {name} has a control character: {value!r}")
        if kind is not _ANY:
            if kind is _LENGTH:
                length = _checked_length(value, length)
            if kind is _OURS or code == 204:  # a 204 has no length: RFC 9110 section 8.6
                continue
        lines += (wire_name, b": ", value.encode("latin-1"), b"\r\n")
    return ResponseHead(code, reason, lines, length)


def _checked_status(status: str) -> tuple[int, bytes]:
    if not isinstance(status, str):
        raise TypeError(f"status must be str, not {status!r} ({type(status).__name__})")
    return _parsed_status(status)


@lru_cache(maxsize=256)
def _parsed_status(status: str) -> tuple[int, bytes]:
    match = _STATUS.fullmatch(status)
    if not match or _CONTROL.search(status):
        raise ValueError(f"{status!r} is not a status; expected something like '200 OK'")
    code = int(match[1])
    return code, RESPONSES.get(code, b"") if match[2] is None else match[2].encode("latin-1")


def _odd_headers(headers: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    if not isinstance(headers, list):
        kind = f"{headers!r} ({type(headers).__name__})"
        if not isinstance(headers, Sequence):
            raise TypeError(f"headers must be a list, not {kind}")
        warnings.warn(f"headers should be a list, not {kind}", RuntimeWarning, stacklevel=4)
    return headers


def _odd_header(header: tuple[str, str]) -> tuple[str, str]:
    if not isinstance(header, tuple):
        kind = f"{header!r} ({type(header).__name__})"
        if not isinstance(header, Sequence):
            raise TypeError(f"header must be a (str, str) tuple, not {kind}")
        warnings.warn(
            f"header should be a (str, str) tuple, not {kind}", RuntimeWarning, stacklevel=4
        )
    if len(header) != 2:
        raise TypeError(f"header must be a (str, str) tuple, not {header!r}")
    return header


@lru_cache(maxsize=1024)
def _checked_name(name: str) -> tuple[_Kind, bytes]:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header")
    key = name.lower()
    if key in HOP_BY_HOP:
        raise ValueError(f"{name} is a header of the connection; an application cannot set it")
    return _KINDS.get(key, _ANY), name.encode("ascii")


def _checked_length(value: str, before: int | None) -> int:
    if not value.isascii() or not value.isdigit() or before is not None:
        raise ValueError(f"Content-Length must be given once, as a number, not {value!r}")
    return int(value)
