"""The fields of the forms that make and change jobs, and what is said with them.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from jqengine.admin.dashboard.requesttext import as_lines, as_text, read_lines
from jqengine.admin.dashboard.web import Form
from jqengine.errors import BadRequest, BadValue
from jqengine.request.line import parse_request_line
from jqengine.wire.views import JobView


class Option(NamedTuple):
    """A field for one option of a job."""

    name: str
    label: str
    placeholder: str = ""


USER = Option("user", "User", "nobody")
NAME = Option("name", "Name", "none")
SCHEDULE = (
    Option("tz", "Time zone", "the engine's"),
    Option("times", "Times at most", "no limit"),
    Option("until", "Until", "2026-12-24"),
)
POLICY = (
    Option("key", "Key", "none"),
    Option("attempts", "Attempts", "3"),
    Option("backoff", "Wait between them", "2s..10m"),
    Option("timeout", "Time for each", "15m"),
    Option("remove_on", "Remove on", "0,400-599"),
    Option("overlap", "Overlap", "skip"),
    Option("priority", "Priority", "0"),
    Option("group", "Group", "none"),
    Option("concurrency", "Of the group at once", "no limit"),
    Option("rate", "Rate of the group", "10/1m"),
    Option("sinks", "Sinks (URLs)", "the engine's"),
)
NEW_JOB = (NAME, USER, *SCHEDULE, *POLICY)
EDITED = (USER, *SCHEDULE, *POLICY)
RETRIED = (USER,)

_TEXTS = ("request", "headers", "body", "syntax", "time")
_OF_REQUEST = ("target", "method", "headers", "body", "user")
_NUMBERS = frozenset({"attempts", "times", "priority"})
_REDACTED = re.compile(r"\[redacted [0-9a-f]+\]|redacted-[0-9a-f]+")

Values = Mapping[str, str]


def no_values() -> dict[str, str]:
    """Empty fields."""
    return dict.fromkeys((*_TEXTS, *(option.name for option in NEW_JOB)), "")


def values_of(form: Form) -> dict[str, str]:
    """What is in the fields, as it was typed; browsers end lines with CR and LF."""
    found = {name: form.text(name) for name in no_values()}
    found["body"] = form.raw("body").replace("\r\n", "\n")
    found["headers"] = found["headers"].replace("\r\n", "\n")
    return found


def new_job(values: Values) -> dict[str, Any]:
    """All that is said of a new job, as ``schedule`` takes it, its target under ``target``.

    :raises BadRequest, BadValue: something cannot be read.
    """
    return {**_request(values), **_time(values), **_options(values, (NAME, *SCHEDULE, *POLICY))}


def changed_request(values: Values, before: Values) -> dict[str, Any]:
    """What *values* say of the request otherwise than *before*, as ``retry_changed`` takes it.

    What is left as it is shown is not said again: the secrets in it are hidden here,
    and stay.

    :raises BadRequest, BadValue: something cannot be read.
    """
    new, old = _request(_with_line_ends(values, before)), _request(before)
    said = {name: new[name] for name in _OF_REQUEST if name in new and new[name] != old.get(name)}
    for name in ("headers", "body"):
        if name in old and name not in new:
            said[name] = [] if name == "headers" else ""
    return said


class Changes(NamedTuple):
    """What an edit comes to, as ``edit`` takes it.

    :ivar clear: the names of what is to be as if it had never been said.
    """

    said: dict[str, Any]
    clear: tuple[str, ...]


def changes(values: Values, before: Values) -> Changes:
    """What *values* say of a job otherwise than *before*.

    :raises BadRequest, BadValue: something cannot be read.
    """
    new, old = _request(_with_line_ends(values, before)), _request(before)
    said = {name: one for name, one in new.items() if one != old.get(name)}
    clear: list[str] = [
        name for name in ("headers", "body", "user") if name in old and name not in new
    ]
    if (values["syntax"], values["time"]) != (before["syntax"], before["time"]):
        said |= _time({**values, "tz": ""})
    edited = [option for option in EDITED[1:] if values[option.name] != before[option.name]]
    said |= _options(values, edited)
    clear += [option.name for option in edited if not values[option.name]]
    return Changes(said, tuple(clear))


def values_of_request(
    method: str,
    target: str,
    headers: tuple[tuple[str, str], ...],
    body: bytes | None,
    user: str | None,
) -> dict[str, str]:
    """Fields that say a request again; a body that is no text is left out."""
    return {
        "request": f"{method} {_quoted(target)}",
        "headers": as_lines(headers),
        "body": (as_text(body) or "") if body else "",
        "user": user or "",
    }


def values_of_job(job: JobView, body: bytes | None) -> dict[str, str]:
    """Fields that say a job again."""
    schedule, policy = job.schedule, job.policy
    return {
        **no_values(),
        **values_of_request(job.method, job.target, job.headers, body, job.user),
        **{option.name: _text(policy.get(option.name)) for option in POLICY},
        **{option.name: _text(schedule.get(option.name)) for option in SCHEDULE},
        "syntax": _text(schedule.get("syntax")),
        "time": _text(schedule.get("text")),
        "name": job.name or "",
        "sinks": " ".join(job.sinks),
    }


def without_secrets(values: Values) -> tuple[dict[str, str], bool]:
    """*values* without what is hidden here, and whether there was any.

    For another job, which would be sent the sign in place of the secret.
    """
    lines = values["headers"].split("\n")
    kept = [line for line in lines if not _REDACTED.search(line)]
    found = {**values, "headers": "\n".join(kept)}
    for name in ("request", "body", "sinks"):
        found[name] = _REDACTED.sub("", values[name])
    return found, any(found[name] != values[name] for name in found)


def _with_line_ends(values: Values, before: Values) -> Values:
    """*values* with the body of *before*, if a browser has changed only the ends of its lines."""
    if values["body"] == before["body"].replace("\r\n", "\n"):
        return {**values, "body": before["body"]}
    return values


def _request(values: Values) -> dict[str, Any]:
    line = parse_request_line(values["request"], _no_files, values["user"] or None)
    if line.options:
        name = next(iter(line.options))
        raise BadRequest(f"--{name} has a field of its own below")
    request = line.request
    body = request.body
    if values["body"]:
        if body:
            raise BadRequest("the request line has a body already; empty one of the two")
        body = values["body"].encode("utf-8", "replace")
    headers = [*request.headers, *read_lines(values["headers"])]
    said: dict[str, Any] = {"target": request.target, "method": request.method}
    said |= {"headers": headers} if headers else {}
    said |= {"body": body} if body else {}
    said |= {"user": values["user"]} if values["user"] else {}
    return said


def _time(values: Values) -> dict[str, Any]:
    syntax, text = values["syntax"], values["time"]
    if syntax == "now":
        return {"after": 0}
    if not text:
        raise BadValue("the time is missing; for a job that is due at once choose 'now'")
    return {syntax: text}


def _options(values: Values, options: tuple[Option, ...] | list[Option]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for option in options:
        text = values[option.name]
        if text:
            said[option.name] = _whole(option, text) if option.name in _NUMBERS else text
    if "sinks" in said:
        said["sinks"] = said["sinks"].split()
    return said


def _no_files(name: str) -> NoReturn:
    raise ValueError("a form cannot read files of the engine's machine; use the field for the body")


def _whole(option: Option, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadValue(f"{option.label}: expected a whole number, not {text[:40]!r}") from None


def _quoted(target: str) -> str:
    """*target* as one word of a request line."""
    return target if re.fullmatch(r"[A-Za-z0-9/?:@!$&()*+,;=~._%\[\]-]+", target) else f"'{target}'"


def _text(value: object) -> str:
    return "" if value is None else str(value)
