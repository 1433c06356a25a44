"""Jobs to schedule, on their way to the wire: long bodies in pieces, many jobs in few boxes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from jqengine.wire.asks import PIECE, Ask, as_json, ask
from jqengine.wire.views import ContinuationView

MOST_JOBS_IN_A_BOX = 1000

_QUERY_METHODS = frozenset({"GET", "HEAD", "DELETE"})
_ALWAYS_JSON = frozenset({"json", "data", "headers", "sinks"})
_FORM = "application/x-www-form-urlencoded"

Fields = Mapping[str, Any]
"""What is said of one job, by the names of ``JobQueue.schedule``."""


class Carton(NamedTuple):
    """Some jobs and the calls that schedule them, the last of which answers.

    :ivar ids: proposed for the jobs, in order.
    """

    ids: list[str]
    asks: list[Ask]


def asks_for(fields: Fields, upload: int, command: str = "Schedule") -> list[Ask]:
    """The calls that schedule one job, or say with another *command* what a job says.

    :param upload: the number under which a long body is sent.
    """
    said = _with_texts(fields)
    body = said.get("body")
    if isinstance(body, str):
        body = said["body"] = body.encode()
    if body is None or len(body) <= PIECE:
        said = said if body is not None else _with_long_values_as_body(said)
        body = said.get("body") or b""
    for name in _ALWAYS_JSON & said.keys():
        said[name] = as_json(said[name])
    if len(body) <= PIECE:
        return [ask(command, **said)]
    del said["body"]
    return [*_uploading(body, upload), ask(command, upload=upload, **said)]


def check_of(fields: Fields) -> Ask:
    """The call that asks whether one job could be scheduled.

    A long body is not sent for it.
    """
    *_, last = asks_for(fields, 0)
    arguments = dict(last.arguments)
    if arguments.pop("upload", None) is not None:
        arguments["body"] = b"-"
    return Ask("Schedule", {**arguments, "check": b"1"})


def asks_together(texts: Sequence[str], upload: int) -> list[Ask]:
    """The calls that schedule jobs, given as JSON, in one step."""
    whole = f"[{','.join(texts)}]".encode()
    if len(whole) <= PIECE:
        return [Ask("ScheduleMany", {"jobs": whole, "together": b"1"})]
    return [*_uploading(whole, upload), ask("ScheduleMany", upload=upload, together=True)]


def asks_to_save(fields: Fields, upload: int) -> list[Ask]:
    """The calls that save a request, given by the names of ``MakeContinuation``."""
    said = {name: value for name, value in fields.items() if value is not None}
    body = said.pop("body", b"")
    if "headers" in said:
        said["headers"] = as_json(said["headers"])
    if len(body) <= PIECE:
        return [ask("MakeContinuation", body=body or None, **said)]
    return [*_uploading(body, upload), ask("MakeContinuation", upload=upload, **said)]


def _uploading(body: bytes, upload: int) -> Iterator[Ask]:
    for start in range(0, len(body), PIECE):
        yield ask("Upload", upload=upload, data=body[start : start + PIECE])


def cartons(
    jobs: Iterable[Fields], defaults: Fields, ids: Iterator[str], uploads: Iterator[int]
) -> Iterator[Carton]:
    """*jobs* packed, in order, into as few calls as will hold them."""
    common = as_json(_with_texts(defaults)) if defaults else None
    packed: list[str] = []
    packed_ids: list[str] = []
    room = PIECE

    def close() -> Carton:
        return Carton(packed_ids, [_many(packed, common)])

    for fields in jobs:
        job_id = next(ids)
        text = job_text({**fields, "id": job_id})
        size = _size(text) + 1
        if size > PIECE:
            if packed:
                yield close()
                packed, packed_ids, room = [], [], PIECE
            yield Carton([job_id], asks_for({**defaults, **fields, "id": job_id}, next(uploads)))
            continue
        if size > room or len(packed) == MOST_JOBS_IN_A_BOX:
            yield close()
            packed, packed_ids, room = [], [], PIECE
        packed.append(text)
        packed_ids.append(job_id)
        room -= size
    if packed:
        yield close()


def _many(packed: list[str], common: str | None) -> Ask:
    arguments = {"jobs": f"[{','.join(packed)}]".encode()}
    if common is not None:
        arguments["defaults"] = common.encode()
    return Ask("ScheduleMany", arguments)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def job_text(fields: Fields) -> str:
    """One job as JSON, as it stands in a list of many."""
    return as_json(_for_json(fields))


def _for_json(fields: Fields) -> Fields:
    said = _with_texts(fields)
    body = said.get("body")
    if isinstance(body, bytes | bytearray | memoryview):
        del said["body"]
        said["body64"] = base64.b64encode(body).decode()
    return said


def _with_texts(fields: Fields) -> dict[str, Any]:
    """*fields* without what is not said, statuses as a list is written, one sink as a list."""
    said = {name: value for name, value in fields.items() if value is not None}
    statuses = said.get("remove_on")
    if statuses is not None and not isinstance(statuses, str):
        several = [statuses] if isinstance(statuses, int) else statuses
        said["remove_on"] = ",".join(str(status) for status in several) or "never"
    if isinstance(said.get("sinks"), str):
        said["sinks"] = [said["sinks"]]
    if isinstance(said.get("continuation"), ContinuationView):
        said["continuation"] = said["continuation"].id
    return said


def _with_long_values_as_body(said: dict[str, Any]) -> dict[str, Any]:
    """*said* with ``json`` or ``data`` that is too long for one value as the body it makes."""
    for name in ("json", "data"):
        if name in said and len(as_json(said[name]).encode()) > PIECE:
            return _as_body(said, name)
    return said


def _as_body(said: dict[str, Any], name: str) -> dict[str, Any]:
    value = said[name]
    if name == "data" and said.get("method", "GET") in _QUERY_METHODS:
        return said
    rest = {key: other for key, other in said.items() if key != name}
    headers = rest.get("headers") or []
    pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
    if name == "json":
        body, media_type = json.dumps(value, ensure_ascii=False), "application/json"
    else:
        body, media_type = urlencode(value, doseq=True), _FORM
    if not any(key.lower() == "content-type" for key, _ in pairs):
        pairs.append(("Content-Type", media_type))
    return {**rest, "headers": pairs, "body": body.encode()}
