"""The API as a WSGI application."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse

from jqengine.admin.api.asking import (
    BASE,
    JSON,
    Answer,
    Asked,
    check_accepted,
    read_body,
    read_query,
)
from jqengine.admin.api.checking import NotAsSaid, check
from jqengine.admin.api.keys import Keys
from jqengine.admin.api.openapi import document
from jqengine.admin.api.operations import VARIABLES, Operation, operations
from jqengine.admin.api.problems import TYPE, Refusal, refusal_of
from jqengine.admin.api.schemas import KEY
from jqengine.admin.queues import Queues
from jqengine.errors import JobQueueError
from jqengine.version import VERSION

HEADERS = (("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),)
"""With every answer, besides those of the listener: whatever a job has put into
it, nothing of it runs."""

Environ = dict[str, Any]


class Api:
    """Answers ``/api/v1``.  Called in many threads.

    :param queues: the engine, by role.
    :param now: the wall clock.
    """

    def __init__(self, queues: Queues, now: Callable[[], float]) -> None:
        self._queues = queues
        self.table = operations(Keys(now))
        self._document = _as_json(document(self.table, VERSION))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        try:
            answer = self._answer(environ)
        except Refusal as refusal:
            answer = _refused(refusal)
        except JobQueueError as error:
            with_body = (environ.get("CONTENT_LENGTH") or "0") != "0"
            answer = _refused(refusal_of(error, with_body=with_body))
        return _send(answer, environ, start_response)

    def _answer(self, environ: Environ) -> Answer:
        method = environ["REQUEST_METHOD"]
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        if path == f"{BASE}/openapi.json" and method in ("GET", "HEAD"):
            check_accepted(environ.get("HTTP_ACCEPT", ""), JSON)
            return Answer(200, self._document, (("Content-Type", JSON),))
        found = self._found(path)
        operation, variables = _of_method(found, path, method)
        check_accepted(environ.get("HTTP_ACCEPT", ""), operation.media_type)
        asked = Asked(
            queue=self._queues.of(environ),
            variables=variables,
            query=read_query(environ.get("QUERY_STRING", ""), operation.query),
            said=read_body(environ, operation.body, required=operation.required),
            key=_key(environ) if operation.is_keyed else None,
            if_match=environ.get("HTTP_IF_MATCH") if operation.is_versioned else None,
            path=path,
        )
        return operation.handler(asked)

    def _found(self, path: str) -> Sequence[tuple[Operation, Mapping[str, str]]]:
        """The operations of *path*, those of the first pattern that matches."""
        if not path.startswith(f"{BASE}/"):
            raise Refusal(404, f"there is nothing here; the API is at {BASE}/openapi.json")
        below = path[len(BASE) :]
        matches = [(one, one.pattern.fullmatch(below)) for one in self.table]
        found = [(one, match.groupdict()) for one, match in matches if match is not None]
        first = found[0][0].path if found else None
        return [
            (one, {name: _decoded(name, value) for name, value in variables.items()})
            for one, variables in found
            if one.path == first
        ]


def _of_method(
    found: Sequence[tuple[Operation, Mapping[str, str]]], path: str, method: str
) -> tuple[Operation, Mapping[str, str]]:
    wanted = "GET" if method == "HEAD" else method
    for operation, variables in found:
        if operation.method == wanted:
            return operation, variables
    if not found and path != f"{BASE}/openapi.json":
        raise Refusal(404, f"there is nothing here; what there is says {BASE}/openapi.json")
    known = {operation.method for operation, _ in found} or {"GET"}
    allowed = ", ".join(sorted(known | ({"HEAD"} if "GET" in known else set())))
    raise Refusal(405, f"expected one of {allowed}", headers=(("Allow", allowed),))


def _key(environ: Environ) -> str | None:
    key: str | None = environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None:
        try:
            check(key, KEY)
        except NotAsSaid as error:
            what = "Idempotency-Key"
            raise Refusal(400, f"{what}: {error}", parameter=what) from None
    return key


def _decoded(name: str, value: str) -> str:
    """A variable part of a path, which WSGI gives as latin-1."""
    try:
        text = value.encode("latin-1").decode("utf-8")
        check(text, VARIABLES[name])
    except UnicodeError:
        raise Refusal(404, "the path is not text in UTF-8") from None
    except NotAsSaid as error:
        raise Refusal(404, f"{name}: {error}", parameter=name) from None
    return text


def _refused(refusal: Refusal) -> Answer:
    headers = (("Content-Type", TYPE), *refusal.headers)
    return Answer(refusal.status, refusal.document(), headers)


def _send(answer: Answer, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    body = answer.value if isinstance(answer.value, bytes) else _as_json(answer.value)
    headers = [*HEADERS, *answer.headers, ("Content-Length", str(len(body)))]
    if not any(name == "Content-Type" for name, _ in headers):
        headers.append(("Content-Type", JSON))
    status = HTTPStatus(answer.status)
    start_response(f"{status.value} {status.phrase}", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _as_json(value: Any) -> bytes:
    """*value*, each member and each item of its lists on a line of its own.

    Laid out in full it would take json ten times as long.
    """
    if not isinstance(value, dict):
        return _dumped(value).encode("utf-8", "replace") + b"\n"
    lines = (f"  {_dumped(name)}: {_member(one)}" for name, one in value.items())
    return f"{{\n{f',{_LINE}'.join(lines)}\n}}\n".encode("utf-8", "replace")


def _member(value: Any) -> str:
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return _dumped(value)
    return f"[\n    {f',{_LINE}    '.join(map(_dumped, value))}\n  ]"


_LINE = "\n"
_dumped = json.JSONEncoder(ensure_ascii=False).encode
