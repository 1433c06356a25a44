"""Answers of the admin listener, all of them inert in a browser."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from jqengine.request.outputs import Output

SITE_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; connect-src 'self'; font-src 'self'; form-action 'self';"
        " img-src 'self'; script-src 'self'; style-src 'self';"
        " base-uri 'none'; frame-ancestors 'none'",
    ),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    # With no-referrer, a browser would not say which page a form was sent from.
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)
"""With every answer of the listener.  A page can say more about itself, but only to be stricter:
of two policies a browser keeps both."""

HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'"),
)
"""Beside them, with every answer made here: whatever a job has put into its output, nothing of
it runs."""

TEXT = "text/plain; charset=utf-8"


class Answer(NamedTuple):
    """What one request is answered with.

    :ivar headers: beside :data:`HEADERS` and the type.
    """

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Live(NamedTuple):
    """An answer that goes on for as long as *output* does."""

    output: Output


def text(status: int, line: str) -> Answer:
    """One line for people."""
    return Answer(status, TEXT, f"{line}\n".encode())


def document(value: Any) -> Answer:
    """*value* as JSON, laid out for people too."""
    body = json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Answer(200, "application/json", body + b"\n")


NOT_FOUND = text(404, "there is nothing here")
