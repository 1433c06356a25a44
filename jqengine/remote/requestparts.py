"""The parts of a job's request, from what a client says.  Pure.

Each function takes one value as it came and gives what goes into
:class:`~jqengine.job.Request`, or raises :class:`~jqengine.errors.BadValue`
or :class:`~jqengine.errors.BadRequest`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from jqengine.errors import BadRequest, BadValue
from jqengine.job import Headers
from jqengine.joboptions import shown
from jqengine.request.linewords import header_of, method_of, target_of
from jqengine.request.words import Word

LONGEST_TARGET = 16_384
"""Characters of a target; servers before an application take half of that."""

MOST_HEADER_CHARACTERS = 32_768
"""Characters of all headers of a job together."""

LONGEST_USER = 255

_PLAIN_TARGET = re.compile(r"/(?!/)[A-Za-z0-9/?:@!$&'()*+,;=~._-]*", re.ASCII)


def method(said: object) -> str:
    """An HTTP method; ``GET`` if nothing is said."""
    if said is None:
        return "GET"
    if not isinstance(said, str) or len(said) > 40:
        raise BadValue("method: expected an HTTP method such as POST")
    return method_of(_word(said))


def target(said: object) -> str:
    """A path with its query, percent-encoded as far as it must be."""
    if not isinstance(said, str):
        raise BadValue("target is missing; expected a path such as /reports/7")
    if len(said) <= LONGEST_TARGET:
        encoded = said if _PLAIN_TARGET.fullmatch(said) else target_of(_word(said))
        if len(encoded) <= LONGEST_TARGET:
            return encoded
    raise BadRequest(f"the target is longer than {LONGEST_TARGET} characters")


def with_query(path: str, encoded: str) -> str:
    """The target *path* with *encoded* fields behind those it has."""
    if not encoded:
        return path
    separator = "?" if "?" not in path else "" if path[-1] in "?&" else "&"
    if len(path) + len(encoded) >= LONGEST_TARGET:
        raise BadRequest(f"data makes the target longer than {LONGEST_TARGET} characters")
    return f"{path}{separator}{encoded}"


def headers(said: object) -> Headers:
    """Pairs of names and values, none of which only the engine may set."""
    if said is None:
        return ()
    checked = tuple(_header(*pair) for pair in _pairs("headers", said))
    if sum(len(name) + len(value) for name, value in checked) > MOST_HEADER_CHARACTERS:
        raise BadRequest(f"the headers are longer than {MOST_HEADER_CHARACTERS} characters")
    return checked


def user(said: object) -> str | None:
    """Whom the job runs as."""
    if said is None:
        return None
    if not isinstance(said, str) or not 0 < len(said) <= LONGEST_USER or not said.isprintable():
        raise BadValue(f"user: expected 1 to {LONGEST_USER} printable characters")
    return said


def body(said: Mapping[str, Any]) -> tuple[bytes, str | None]:
    """The body that one of ``body``, ``body64`` and ``json`` gives, and its media type.

    The type is ``None`` when there is no body, and empty when it is not known.
    """
    given = [name for name in ("body", "body64", "json") if said.get(name) is not None]
    if not given:
        return b"", None
    if len(given) > 1:
        raise BadRequest(f"{' and '.join(given)} are given; a request has one body")
    value = said[given[0]]
    if given == ["json"]:
        return json.dumps(value, ensure_ascii=False).encode(), "application/json"
    if isinstance(value, bytes):
        return value, ""
    if not isinstance(value, str):
        raise BadValue(f"{given[0]}: expected a text")
    return (value.encode() if given == ["body"] else _from_base64(value)), ""


def form(said: object) -> str:
    """``data`` encoded as a form; a list of values gives a field for each."""
    fields = [
        (name, _field(one))
        for name, value in _pairs("data", said)
        for one in (value if isinstance(value, list) else [value])
    ]
    return urlencode(fields)


def _pairs(name: str, said: object) -> Iterable[tuple[str, Any]]:
    pairs = list(said.items()) if isinstance(said, Mapping) else said
    if not isinstance(pairs, list):
        raise BadValue(f"{name}: expected an object, or a list of name and value pairs")
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not isinstance(pair[0], str):
            raise BadValue(f"{name}: expected an object, or a list of name and value pairs")
        yield pair[0], pair[1]


def _header(name: str, value: object) -> tuple[str, str]:
    if not isinstance(value, str):
        raise BadValue(f"headers: {shown(name)} has a value that is not a text")
    if ":" in name:
        raise BadRequest(f"{shown(name)} cannot be the name of a header")
    return header_of(_word(f"{name}:{value}"))


def _field(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise BadValue(f"data: {shown(str(value))} is neither a text nor a number")


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadValue("body64: expected base64 (RFC 4648, section 4)") from None


def _word(text: str) -> Word:
    return Word(text, text, 0, ())
