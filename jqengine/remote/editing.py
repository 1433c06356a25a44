"""Another definition from one there is and what is said of it.  Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from jqengine.errors import BadRequest, BadValue
from jqengine.job import Definition, Headers, Job, Request
from jqengine.joboptions import (
    JOB_OPTIONS,
    JobOption,
    Part,
    check_policy,
    define,
    read_options,
    shown,
)
from jqengine.redaction import Redactor, is_form
from jqengine.remote import requestparts as parts
from jqengine.remote.submission import TIME_TEXTS, take_time
from jqengine.request.headers import environ_key
from jqengine.request.line import FORM, QUERY_METHODS

REQUEST_FIELDS = frozenset({"target", "method", "headers", "user", "data", "json", "body"})
CLEARABLE = frozenset({"user", "headers", "body"}) | {
    option.name for option in JOB_OPTIONS.values() if option.name not in ("name", "tz")
}
"""What can be as if it had never been said."""

_CONTENT = ("data", "json", "body")


def edited(
    definition: Definition,
    said: Mapping[str, Any],
    clear: Collection[str],
    redactor: Redactor,
) -> Definition:
    """*definition* with what is *said*, by the names of ``Schedule``, in its place.

    :param clear: what is to be as if it had never been said.
    :raises BadValue, BadRequest: something is wrong with it.
    """
    clear = {name.replace("_", "-") for name in clear}
    for name in sorted(clear - CLEARABLE):
        raise BadValue(f"clear: {shown(name)} is none of {', '.join(sorted(CLEARABLE))}")
    rest = {name.replace("_", "-"): one for name, one in said.items() if one is not None}
    both = sorted(clear & rest.keys())
    if both:
        raise BadValue(f"{both[0]} is given and cleared; expected one of the two")
    of_request = {name: rest.pop(name) for name in REQUEST_FIELDS & rest.keys()}
    request = changed_request(definition.request, of_request, redactor, clear)
    if "sinks" in rest:
        rest["sink"] = _with_secret_sinks(rest.pop("sinks"), definition.sinks, redactor)
    syntax, text = _time(definition, rest)
    kept = {n: v for n, v in options_of(definition).items() if n not in clear}
    new = define(
        request,
        syntax,
        text,
        {**kept, **read_options(rest)},
        identity=definition.identity,
        origin=definition.origin,
    )
    check_policy(new.policy)
    return new


def changed_request(
    request: Request,
    said: Mapping[str, Any],
    redactor: Redactor,
    clear: Collection[str] = (),
) -> Request:
    """*request* with what is *said* in its place.

    A header that is said as it is shown, with a hash for its secret, stays as it is.

    :raises BadValue, BadRequest: something is wrong with it.
    """
    given = [name for name in _CONTENT if said.get(name) is not None]
    if len(given) > 1:
        raise BadRequest(f"{' and '.join(given)} are given; a request has one body")
    method = parts.method(said["method"]) if "method" in said else request.method
    target = request.target
    # As it is shown, with hashes for its secrets, it stays as it is.
    if "target" in said and said["target"] != redactor.target(target):
        target = parts.target(said["target"])
    headers = () if "headers" in clear else request.headers
    if "headers" in said:
        headers = _with_secrets(parts.headers(said["headers"]), request.headers, redactor)
    user = None if "user" in clear else request.user
    if "user" in said:
        user = parts.user(said["user"])
    body, media_type = request.body, None
    if "body" in clear:
        body, headers = b"", _untyped(headers)
    if given == ["data"] and method in QUERY_METHODS:
        target = parts.with_query(target, parts.form(said["data"]))
    elif given == ["data"]:
        body, media_type = parts.form(said["data"]).encode("ascii"), FORM
    elif given:
        body, media_type = parts.body({given[0]: said[given[0]]})
    if given and is_form(request.headers):
        body = _with_secret_fields(body, request, redactor)
    if media_type:
        headers = (*_untyped(headers), ("Content-Type", media_type))
    return replace(request, method=method, target=target, headers=headers, user=user, body=body)


def options_of(definition: Definition) -> dict[str, Any]:
    """The values that the options of a job have in *definition*."""
    holders = {
        Part.DEFINITION: definition,
        Part.SCHEDULE: definition.schedule,
        Part.POLICY: definition.policy,
    }

    def value(option: JobOption) -> object:
        return getattr(holders[option.part], option.field)

    values = {option.name: value(option) for option in JOB_OPTIONS.values()}
    return {name: one for name, one in values.items() if one is not None}


def version_of(job: Job) -> str:
    """What differs once something that a client can change of *job* does."""
    definition = job.definition
    body = hashlib.sha256(definition.request.body).hexdigest()
    rest = replace(definition, request=replace(definition.request, body=b""))
    text = repr((job.id, job.state.value, body, rest))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:20]


def _time(definition: Definition, rest: dict[str, Any]) -> tuple[Any, str]:
    """The syntax and the time text that are said, else those there are."""
    if any(name in rest for name in TIME_TEXTS):
        return take_time(rest)
    return definition.schedule.syntax, definition.schedule.text


def _with_secrets(headers: Headers, before: Headers, redactor: Redactor) -> Headers:
    """*headers*, with the secrets *before* where their hashes are said."""
    secrets = {(name.lower(), redactor.hash(value)): value for name, value in before}
    return tuple((name, secrets.get((name.lower(), value), value)) for name, value in headers)


def _with_secret_fields(body: bytes, before: Request, redactor: Redactor) -> bytes:
    """*body*, with the secrets of the form *before* where their hashes are said."""
    secrets = redactor.secrets(Request(headers=(("Content-Type", FORM),), body=before.body))
    return redactor.restored(body.decode("latin-1"), secrets).encode("latin-1")


def _with_secret_sinks(said: object, before: Sequence[str], redactor: Redactor) -> object:
    """The sinks that are *said*, with those *before* where they are said as they are shown."""
    if not isinstance(said, list | tuple):
        return said
    shown_as = {redactor.sink(sink): sink for sink in before}
    return [shown_as.get(sink, sink) if isinstance(sink, str) else sink for sink in said]


def _untyped(headers: Headers) -> Headers:
    return tuple(one for one in headers if environ_key(one[0]) != "CONTENT_TYPE")
