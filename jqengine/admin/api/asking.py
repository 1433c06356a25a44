"""One request to the API, read and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import parse_qsl, urlencode

from jqengine.admin.api.checking import NotAsSaid, check, read_text
from jqengine.admin.api.problems import Refusal
from jqengine.admin.api.schemas import Schema
from jqengine.client import JobQueue
from jqengine.options import closest

LARGEST_BODY = 24 * 1024 * 1024
"""Bytes of a request: the largest body of a job in base64, and what goes with it."""

BASE = "/api/v1"
JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a handler is told.

    :ivar queue: the engine, as far as whoever asks may reach.
    :ivar variables: the variable parts of the path.
    :ivar query: the parameters, by name; those that are not said are missing.
    :ivar said: the members of the body.
    :ivar key: the ``Idempotency-Key``, or ``None``.
    :ivar if_match: what the ``ETag`` has to be, or ``None``.
    :ivar path: below which the request was made, with the path itself.
    """

    queue: JobQueue
    variables: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    if_match: str | None = None
    path: str = BASE

    def page_behind(self, after: str | None) -> str | None:
        """The address of the page behind this one, if there is one."""
        if after is None:
            return None
        said = {name: _said(value) for name, value in self.query.items()}
        return f"{self.path}?{urlencode({**said, 'after': after})}"


class Answer(NamedTuple):
    """What a handler answers.

    :ivar value: becomes JSON; or bytes, which stay what they are.
    :ivar headers: beside the type and the length.
    """

    status: int
    value: Any
    headers: tuple[tuple[str, str], ...] = ()


def read_query(text: str, known: Mapping[str, Schema]) -> dict[str, Any]:
    """The parameters of a query.

    :raises Refusal: one is unknown, comes twice, or is not what it should be.
    """
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=100
        )
    except ValueError:
        raise Refusal(400, "the query is not UTF-8, or has more than 100 parameters") from None
    values: dict[str, Any] = {}
    for name, said in pairs:
        if name not in known:
            hint = closest(name[:60], known) or f"known are {', '.join(known) or 'none'}"
            raise Refusal(400, f"there is no parameter {name[:60]!r}; {hint}", parameter=name[:60])
        if name in values:
            raise Refusal(400, f"{name} is given twice", parameter=name)
        try:
            values[name] = read_text(said, known[name], name)
        except NotAsSaid as error:
            raise Refusal(400, f"{name}: {error}", parameter=name) from None
    return values


def read_body(environ: Mapping[str, Any], schema: Schema | None, *, required: bool) -> Any:
    """The members of a body.

    :param schema: what they are, or ``None`` where there is no body.
    :raises Refusal: it is too large, of another type, not JSON, or not as it should be.
    """
    data = _bytes_of(environ)
    if not data:
        if required:
            raise Refusal(400, "the body is missing; expected a JSON object")
        return {}
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if kind != JSON and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Refusal(
            415, f"the body is {kind[:60] or 'of no type'}; expected {JSON}", headers=_ACCEPTED
        )
    value = _parsed(data)
    if schema is None:
        raise Refusal(400, "there is a body, and nothing to be said in it")
    try:
        check(value, schema)
    except NotAsSaid as error:
        place = error.pointer[1:] or "the body"
        said = str(error) if error.is_about_a_name else f"{place}: {error}"
        raise Refusal(422, said, pointer=error.pointer, kind="bad-value") from None
    return value


_ACCEPTED = (("Accept", JSON),)


def check_accepted(accept: str, media_type: str) -> None:
    """Make sure that an answer of *media_type* may be given.

    :raises Refusal: something else is asked for.
    """
    if not accept.strip():
        return
    main = media_type.partition("/")[0]
    for part in accept.split(","):
        kind, *parameters = (word.strip().lower() for word in part.split(";"))
        refused = any(word.replace(" ", "") in ("q=0", "q=0.0") for word in parameters)
        if kind in (media_type, f"{main}/*", "*/*") and not refused:
            return
    raise Refusal(406, f"the answer is {media_type}")


def _bytes_of(environ: Mapping[str, Any]) -> bytes:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdigit():
        raise Refusal(400, "Content-Length is not a number")
    if int(length) > LARGEST_BODY:
        raise Refusal(413, f"the body is larger than {LARGEST_BODY:,} bytes")
    stream: BinaryIO = environ["wsgi.input"]
    return stream.read(int(length))


def _parsed(data: bytes) -> Any:
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_members, parse_constant=_no_constant
        )
        # Half of a surrogate pair is no text, and a very large number no number here.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Refusal(400, f"the body is not JSON: {error.msg} at {place}") from None
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise Refusal(400, f"the body is not text in UTF-8: {error.reason}") from None
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the body is not JSON that is taken here: {error}") from None
    return value


def _members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:60]!r} is given twice")
    return members


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
