"""Refusals as ``application/problem+json`` (RFC 9457).  Pure."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from jqengine.errors import (
    BadRequest,
    BadSchedule,
    BadValue,
    ChangedMeanwhile,
    ConfigurationError,
    EngineError,
    Forbidden,
    JobQueueError,
    LimitReached,
    NoSuchContinuation,
    NoSuchJob,
    NoSuchNode,
    NotConnected,
    NotInTime,
    NotPossible,
    StoreFull,
    StoreUnavailable,
)
from jqengine.wire.codes import code_of

TYPE = "application/problem+json"

TITLES = {
    400: "The request is malformed",
    403: "That is not allowed",
    404: "There is nothing of that name",
    405: "That method does nothing here",
    406: "There is no such representation",
    409: "That is not possible as things stand",
    412: "Somebody else has changed it",
    413: "The request is too large",
    415: "The body is of the wrong type",
    422: "The request says something wrong",
    429: "There is too much of it",
    500: "The engine failed",
    503: "The engine cannot be asked now",
    504: "It did not happen in time",
    507: "The disk is full",
}

_STATUSES: tuple[tuple[type[JobQueueError], int], ...] = (
    (ChangedMeanwhile, 412),
    (NotPossible, 409),
    (NoSuchJob, 404),
    (NoSuchContinuation, 404),
    (NoSuchNode, 404),
    (Forbidden, 403),
    (LimitReached, 413),
    (NotInTime, 504),
    (StoreFull, 507),
    (StoreUnavailable, 503),
    (NotConnected, 503),
    (BadSchedule, 422),
    (BadRequest, 422),
    (ConfigurationError, 422),
    (EngineError, 500),
)
_FIELD = re.compile(r"([a-z][a-z0-9_-]{0,30}): ")


class Refusal(Exception):
    """A request is not done.

    :ivar status: of the answer.
    :ivar pointer: the member of the body that is meant, or empty.
    :ivar parameter: the parameter that is meant, or empty.
    :ivar headers: of the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str = "",
        pointer: str = "",
        parameter: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.status = status
        self.kind = kind
        self.pointer = pointer
        self.parameter = parameter
        self.headers = headers
        super().__init__(detail)

    def document(self) -> bytes:
        """The problem as JSON."""
        said = {
            "type": f"urn:x-jobqueue:problem:{self.kind}" if self.kind else "about:blank",
            "title": TITLES.get(self.status, ""),
            "status": self.status,
            "detail": str(self),
        }
        for name in ("pointer", "parameter"):
            if getattr(self, name):
                said[name] = getattr(self, name)
        return json.dumps(said, ensure_ascii=False, indent=2).encode("utf-8", "replace") + b"\n"


class _Place(NamedTuple):
    pointer: str
    parameter: str


def refusal_of(error: JobQueueError, *, with_body: bool) -> Refusal:
    """What to answer where the engine has refused.

    :param with_body: whether the request said what it wants in its body.
    """
    status = _status_of(error, with_body)
    kind = (code_of(error) or "ENGINE_ERROR").lower().replace("_", "-")
    place = _place_of(str(error), with_body) if status in (400, 422) else _Place("", "")
    headers = (("Retry-After", "5"),) if status == 503 else ()
    return Refusal(status, str(error), kind=kind, headers=headers, **place._asdict())


def _status_of(error: JobQueueError, with_body: bool) -> int:
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            return status if with_body or status != 422 else 400
    if isinstance(error, BadValue):
        return 422 if with_body else 400
    return 503 if isinstance(error, StoreUnavailable) else 500


def _place_of(sentence: str, with_body: bool) -> _Place:
    match = _FIELD.match(sentence)
    if match is None:
        return _Place("", "")
    name = {"sink": "sinks"}.get(match[1], match[1].replace("-", "_"))
    return _Place(f"/{name}", "") if with_body else _Place("", name)
