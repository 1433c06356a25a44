"""A request to schedule becomes a definition.  Pure.

What a client says is a mapping: of AMP arguments, or of JSON.  Of a hundred
thousand jobs most say the same but for their target, so what does not depend
on the job is understood once and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from jqengine.continuation import Continued
from jqengine.errors import BadRequest, BadValue
from jqengine.job import Definition, Headers, Policy, Request, Schedule, Syntax
from jqengine.joboptions import (
    OptionValues,
    check_policy,
    define,
    overlay,
    parse_moment,
    read_options,
    shown,
)
from jqengine.remote import requestparts as parts
from jqengine.remote.words import proposed_id
from jqengine.request.continuation import is_continuation_id
from jqengine.request.headers import environ_key
from jqengine.request.line import FORM, QUERY_METHODS

TIME_TEXTS = {
    syntax.value: syntax
    for syntax in (Syntax.CRON, Syntax.EVERY, Syntax.AT, Syntax.WHEN, Syntax.AFTER)
}

_NAMING = frozenset({"name", "key", "duplicate"})
_CONTENT = frozenset({"data", "json", "body", "body64"})
_OF_REQUEST = _CONTENT | {"target", "method", "headers", "user"}
_OF_ONE_JOB = _NAMING | _CONTENT | {"id", "target", "continuation", "as_of"}


NOTHING: Mapping[str, Any] = MappingProxyType({})


Submission = tuple[str | None, Definition, float | None]
"""One job that a client asks for: the id it proposes, the definition, and the
instant at which its time text is read; ``None`` for none and for now."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a submission says besides :data:`_OF_ONE_JOB`, as said and as understood."""

    said: Mapping[str, Any]
    method: str
    headers: Headers
    user: str | None
    schedule: Schedule
    policy: Policy
    sinks: tuple[str, ...]
    options: OptionValues
    group_is_missing: bool


class Submissions:
    """Reads what clients ask for.  For the reactor thread.

    :param defaults: job options that hold where a client says nothing; ``tz``
        is among them.
    :param check_sink: raises :class:`BadValue` for a URL that names no sink.
    """

    def __init__(self, defaults: OptionValues, check_sink: Callable[[str], object]) -> None:
        self._defaults = defaults
        self._check_sink = check_sink
        self._shape: _Shape | None = None

    def read(self, said: Mapping[str, Any], defaults: Mapping[str, Any] = NOTHING) -> Submission:
        """Understand one submission.

        :param said: by the names of the command ``Schedule``, with ``_`` or ``-``.
        :param defaults: what stands where *said* says nothing; of a continuation,
            which is a whole request, they change nothing about the request.
        :raises BadValue, BadRequest: something is wrong with it.
        """
        if said.get("continuation") is not None:
            defaults = {n: defaults[n] for n in defaults.keys() - _OF_REQUEST}
        if said.keys() <= _OF_ONE_JOB and _OF_ONE_JOB.isdisjoint(defaults):
            shape = self._shape_of(defaults)
        else:
            said = {**defaults, **said}
            shape = self._shape_of({n: said[n] for n in said if n not in _OF_ONE_JOB})
        request = _request(shape, said)
        proposed = proposed_id(said.get("id"))
        as_of = _as_of(said["as_of"]) if "as_of" in said else None
        if not _NAMING.isdisjoint(said):
            own = {name: said[name] for name in _NAMING & said.keys()}
            options = {**shape.options, **read_options(own)}
            named = _define(request, shape.schedule, options)
            check_policy(named.policy)
            return proposed, named, as_of
        if shape.group_is_missing:
            check_policy(shape.policy)
        definition = Definition(
            identity=None,
            name=None,
            request=request,
            schedule=shape.schedule,
            policy=shape.policy,
            sinks=shape.sinks,
        )
        return proposed, definition, as_of

    def schedule(self, said: Mapping[str, Any]) -> Schedule:
        """What a time text and its options mean, for a job that is known.

        :raises BadValue: something is wrong with it.
        """
        return self._understand(said).schedule

    def check_sinks(self, sinks: Iterable[str]) -> None:
        """Make sure that results can go to *sinks*.

        :raises BadValue: one of them is none.
        """
        for sink in sinks:
            self._check_sink(sink)

    def _shape_of(self, common: Mapping[str, Any]) -> _Shape:
        """What *common* means; the last one is remembered."""
        shape = self._shape
        if shape is None or (shape.said is not common and shape.said != common):
            shape = self._shape = self._understand(common)
        return shape

    def _understand(self, common: Mapping[str, Any]) -> _Shape:
        rest = {name.replace("_", "-"): value for name, value in common.items()}
        method = parts.method(rest.pop("method", None))
        headers = parts.headers(rest.pop("headers", None))
        user = parts.user(rest.pop("user", None))
        if "sinks" in rest:
            rest["sink"] = rest.pop("sinks")
        syntax, text = take_time(rest)
        options = overlay(self._defaults, read_options(rest))
        model = define(Request(), syntax, text, options, identity=None, origin="client")
        self.check_sinks(model.sinks)
        policy = model.policy
        return _Shape(
            common,
            method,
            headers,
            user,
            model.schedule,
            policy,
            model.sinks,
            options,
            policy.limits and policy.group is None,
        )


def _define(request: Request, schedule: Schedule, options: OptionValues) -> Definition:
    return define(request, schedule.syntax, schedule.text, options, identity=None, origin="client")


def take_time(said: dict[str, Any]) -> tuple[Syntax, str]:
    """Take the time text out of *said*.

    :raises BadValue: there are several, or it is no text.
    """
    texts = {name: said.pop(name, None) for name in TIME_TEXTS}
    given = [name for name, text in texts.items() if text is not None]
    if len(given) > 1:
        raise BadValue(f"{' and '.join(given)} are given; expected one of them, or none for now")
    if not given:
        return Syntax.NOW, ""
    text = texts[given[0]]
    if not isinstance(text, str):
        raise BadValue(f"{given[0]}: {shown(str(text))} is not a text")
    return TIME_TEXTS[given[0]], text


def _request(shape: _Shape, said: Mapping[str, Any]) -> Request:
    if said.get("continuation") is not None:
        return _saved_request(shape, said)
    target = parts.target(said.get("target"))
    if _CONTENT.isdisjoint(said):
        return Request(method=shape.method, target=target, headers=shape.headers, user=shape.user)
    body, media_type = parts.body(said)
    data = said.get("data")
    if data is not None and shape.method in QUERY_METHODS:
        target = parts.with_query(target, parts.form(data))
    elif data is not None:
        if media_type is not None:
            raise BadRequest("data makes the body, and another one is given")
        body, media_type = parts.form(data).encode("ascii"), FORM
    return Request(
        method=shape.method,
        target=target,
        headers=_typed(shape.headers, media_type),
        body=body,
        user=shape.user,
    )


def _saved_request(shape: _Shape, said: Mapping[str, Any]) -> Request:
    """A request that the store puts in, when it accepts the job."""
    given = [name for name in ("target", *sorted(_CONTENT)) if said.get(name) is not None]
    given += [name for name in ("headers", "user") if getattr(shape, name)]
    if given or shape.method != "GET":
        raise BadRequest(
            f"{(given or ['method'])[0]} and continuation are given;"
            " a continuation is a whole request"
        )
    key = said["continuation"]
    if not is_continuation_id(key):
        raise BadValue("continuation: expected its id, 32 lower-case hexadecimal digits")
    return Request(continuation=Continued(key))


def _typed(headers: Headers, media_type: str | None) -> Headers:
    """*headers* with the media type of the body, unless they say one."""
    if not media_type or any(environ_key(name) == "CONTENT_TYPE" for name, _ in headers):
        return headers
    return (*headers, ("Content-Type", media_type))


def _as_of(said: object) -> float:
    try:
        moment = parse_moment(said) if isinstance(said, str) else None
    except BadValue:
        moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise BadValue("as_of: expected an instant such as 2026-12-24T17:30:00Z")
    return moment.timestamp()
