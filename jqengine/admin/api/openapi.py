"""The OpenAPI 3.1 document of the API, made from its table.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from jqengine.admin.api.asking import BASE, JSON
from jqengine.admin.api.operations import VARIABLES, Operation
from jqengine.admin.api.problems import TITLES, TYPE
from jqengine.admin.api.schemas import COMPONENTS, ETAGS, KEY, Schema, named

_PROBLEMS_OF_ALL = (400, 406, 503)
_FROM_THE_GATE = frozenset({401, 403, 415, 421})
"""Statuses that the listener itself may answer with, in plain text."""

_SUCCESS = {200: "Done.", 201: "Made.", 307: "Look there."}
_KEY = {"name": "Idempotency-Key", "in": "header", "schema": KEY}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag that the job was shown with: else the answer is 412.",
    "schema": {"type": "string", "pattern": ETAGS},
}


def document(table: Sequence[Operation], version: str) -> dict[str, Any]:
    """The document.

    :param version: of the software.
    """
    paths: dict[str, dict[str, Any]] = {}
    for operation in table:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    paths["/openapi.json"] = {"get": _OWN}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "jqengine",
            "version": version,
            "description": "Jobs that are requests, and what became of them.",
        },
        "servers": [{"url": BASE}],
        "paths": paths,
        "components": {"schemas": dict(COMPONENTS)},
    }


def _described(operation: Operation) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": list(_parameters(operation)),
        "responses": _responses(operation),
    }
    if operation.body is not None:
        content: dict[str, Any] = {"schema": operation.body}
        if operation.example is not None:
            content["example"] = operation.example
        said["requestBody"] = {"required": operation.required, "content": {JSON: content}}
    return said


def _parameters(operation: Operation) -> Iterable[dict[str, Any]]:
    for name in operation.pattern.groupindex:
        yield {"name": name, "in": "path", "required": True, "schema": VARIABLES[name]}
    for name, schema in operation.query.items():
        yield {"name": name, "in": "query", "required": False, "schema": schema}
    if operation.is_keyed:
        yield _KEY
    if operation.is_versioned:
        yield _IF_MATCH


def _responses(operation: Operation) -> dict[str, Any]:
    said = {
        str(status): _response(_SUCCESS[status], schema)
        for status, schema in operation.answers.items()
    }
    for status in sorted(_refusals(operation)):
        said[str(status)] = _refusal(status)
    return said


def _response(about: str, schema: Schema | None) -> dict[str, Any]:
    if schema is None:
        return {"description": about, "content": {"application/octet-stream": {"schema": {}}}}
    return {"description": about, "content": {JSON: {"schema": schema}}}


def _refusals(operation: Operation) -> set[int]:
    statuses = {*_PROBLEMS_OF_ALL, *operation.refusals, 401, 421}
    if operation.pattern.groupindex:
        statuses.add(404)
    if operation.changes:
        statuses |= {403, 413, 415}
    if operation.body is not None or operation.is_keyed:
        statuses |= {422, 507}
    return statuses


def _refusal(status: int) -> dict[str, Any]:
    content: dict[str, Any] = {TYPE: {"schema": named("Problem")}}
    if status in _FROM_THE_GATE:
        content["text/plain"] = {"schema": {"type": "string"}}
    titles = {401: "Nobody has logged in", 421: "The listener has another name", **TITLES}
    return {"description": f"{titles[status]}.", "content": content}


_OWN = {
    "operationId": "getDocument",
    "summary": "This document.",
    "tags": ["engine"],
    "parameters": [],
    "responses": {
        "200": _response("Done.", {"type": "object"}),
        **{str(status): _refusal(status) for status in (*_PROBLEMS_OF_ALL, 401, 421)},
    },
}
