"""The token that a form carries.  Pure."""

from __future__ import annotations

import re

FIELD = "csrf"
"""The first field of every form, with the token.

Whatever comes behind it, and however much, need not be read to find it.
"""

START = 512
"""Bytes at the start of a form that the field is within."""

_FIRST = {
    "application/x-www-form-urlencoded": re.compile(rb"csrf=([0-9a-f]{64})(?:&|\Z)"),
    "multipart/form-data": re.compile(
        rb"--[^\r\n]{1,70}\r\n"
        rb'content-disposition: *form-data; *name="csrf"\r\n'
        rb"\r\n"
        rb"([0-9a-f]{64})\r\n--",
        re.IGNORECASE,
    ),
}


def token_in(start: bytes, media_type: str) -> str:
    """The token in a form, of which *start* is the start; empty if it has none."""
    match = _FIRST[media_type].match(start)
    return match[1].decode("ascii") if match else ""
