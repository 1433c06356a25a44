"""The status and headers that an application gives to ``start_response``, checked.

Pure functions of their arguments; safe to call from any thread.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from twisted.web.http import NO_BODY_CODES, RESPONSES

_STATUS = re.compile(r"([1-9][0-9]{2})(?: (.*))?", re.ASCII)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OURS = frozenset({"server", "date"})
_HOP_BY_HOP = frozenset(
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


class ResponseHead(NamedTuple):
    """A status line and headers, as they go on the wire.

    :ivar headers: without ``Server`` and ``Date``, which are the server's.
    :ivar length: the body's length in bytes, if the application says it.
    """

    code: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]
    length: int | None

    @property
    def has_body(self) -> bool:
        """Whether a response of this status can have a body at all."""
        return self.code not in NO_BODY_CODES

    def with_length(self, length: int) -> ResponseHead:
        """This head, saying that the body is *length* bytes long."""
        header = (b"Content-Length", b"%d" % length)
        return self._replace(headers=[*self.headers, header], length=length)


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
    wire: list[tuple[bytes, bytes]] = []
    length = None
    for header in _checked_list(headers):
        if type(header) is not tuple or len(header) != 2:
            header = _odd_pair(header)
        name, value = header
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"header must be (str, str) tuple, not {header!r}")
        key, wire_name = _checked_name(name)
        wire_value = _checked_value(name, value)
        if key == "content-length":
            length = _checked_length(value, length)
            if code == 204:  # RFC 9110 section 8.6
                continue
        if key not in _OURS:
            wire.append((wire_name, wire_value))
    return ResponseHead(code, reason, wire, length)


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


def _checked_list(headers: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    if not isinstance(headers, list):
        kind = f"{headers!r} ({type(headers).__name__})"
        if not isinstance(headers, Sequence):
            raise TypeError(f"headers must be a list, not {kind}")
        warnings.warn(f"headers should be a list, not {kind}", RuntimeWarning, stacklevel=4)
    return headers


def _odd_pair(header: tuple[str, str]) -> tuple[str, str]:
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
def _checked_name(name: str) -> tuple[str, bytes]:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header")
    key = name.lower()
    if key in _HOP_BY_HOP:
        raise ValueError(f"{name} is a header of the connection; an application cannot set it")
    return key, name.encode("ascii")


def _checked_value(name: str, value: str) -> bytes:
    if not value.isprintable() and _CONTROL.search(value):
        raise ValueError(f"the header {name} has a control character: {value!r}")
    return value.encode("latin-1")


def _checked_length(value: str, before: int | None) -> int:
    if not value.isascii() or not value.isdigit() or before is not None:
        raise ValueError(f"Content-Length must be given once, as a number, not {value!r}")
    return int(value)
