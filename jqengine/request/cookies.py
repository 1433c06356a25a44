"""The one cookie that tells a client's session (RFC 6265).  Pure."""

from __future__ import annotations

import hashlib


def cookie_in(header: str | None, name: str) -> str | None:
    """The value of the cookie *name* in a ``Cookie`` header.

    Of several of one name the first, which is the one with the longest path.
    """
    for pair in (header or "").split(";"):
        key, equals, value = pair.partition("=")
        if equals and key.strip() == name:
            return _plain(value)
    return None


def cookie_set(header: str, name: str) -> str | None:
    """The value that a ``Set-Cookie`` header gives the cookie *name*.

    ``None`` when the header is about another cookie, or takes this one away.
    """
    pair, *attributes = header.split(";")
    key, equals, value = pair.partition("=")
    if not equals or key.strip() != name or any(map(_takes_away, attributes)):
        return None
    return _plain(value) or None


def session_hash(value: str) -> str:
    """What is kept of a session cookie's *value*, to compare others with."""
    text = f"jobqueue session {value}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _plain(value: str) -> str:
    return value.strip().removeprefix('"').removesuffix('"')


def _takes_away(attribute: str) -> bool:
    key, _, value = attribute.partition("=")
    key, value = key.strip().lower(), value.strip()
    if key == "max-age":
        return value.startswith("-") or value == "0"
    # The date that everybody writes for a cookie that shall go.
    return key == "expires" and "1970" in value
