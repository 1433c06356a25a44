"""The header ``Prefer`` (RFC 7240).  Pure."""

from __future__ import annotations

import re

RESPOND_ASYNC = "respond-async"

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105  # one of HTTP
_WORD = rf'(?:{_TOKEN}|"(?:[^"\\]|\\.)*")'
_PARAMETERS = rf"(?:\s*;\s*(?:{_TOKEN}(?:\s*=\s*{_WORD}?)?)?)*"
_PREFERENCE = re.compile(rf"\s*({_TOKEN})(?:\s*=\s*{_WORD}?)?{_PARAMETERS}\s*(?:,|$)")

# What the engine answers itself, and the application is not asked for again.
_TAKEN = frozenset({RESPOND_ASYNC, "wait"})


def prefers_async(values: list[str]) -> bool:
    """Whether a client would rather have an answer at once that says where the real one will be.

    :param values: of each header of that name.
    """
    return any(RESPOND_ASYNC in _preferences(value) for value in values)


def without_async(value: str) -> str:
    """The preferences of *value* that are left for the application; maybe none."""
    kept = [text for name, text in _preferences(value).items() if name not in _TAKEN]
    return ", ".join(kept)


def _preferences(value: str) -> dict[str, str]:
    """Each preference by its lower-case name; the first of a name counts (section 2)."""
    found: dict[str, str] = {}
    position = 0
    while match := _PREFERENCE.match(value, position):
        found.setdefault(match[1].lower(), match[0].rstrip(", \t").strip())
        position = match.end()
        if position >= len(value):
            break
    return found
