"""Jobs, runs and results as clients get them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from jqengine.errors import NotPossible

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job, as it was when the engine was asked.

    :ivar state: ``scheduled``, ``paused``, ``finished``, ``removed``,
        ``retired`` or ``cancelled``.
    :ivar reason: why it is in that state; may be empty.
    :ivar due: the next due time, or ``None`` when none is to come.
    :ivar fired: how many due times have passed.
    :ivar previous_status: of its last result, or ``None``.
    :ivar schedule: its time text with what goes with it.
    :ivar policy: how its runs are treated.
    :ivar existing: whether it was there already when it was scheduled, because
        an unfinished job held its key.
    """

    id: str
    name: str | None
    state: str
    reason: str
    origin: str
    created: datetime
    due: datetime | None
    fired: int
    previous_status: int | None
    method: str
    target: str
    user: str | None
    headers: tuple[tuple[str, str], ...]
    body_size: int
    schedule: Mapping[str, Any]
    policy: Mapping[str, Any]
    sinks: tuple[str, ...]
    existing: bool = False

    @property
    def label(self) -> str:
        """The name, or the request line for a job without one."""
        return self.name or f"{self.method} {self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One firing of a job, as it was when the engine was asked.

    :ivar attempt: attempts begun so far.
    :ivar attempts: how many there are at most.
    :ivar status: of the last attempt that ended, 0 if there was no response,
        ``None`` before one.
    :ivar started: when that attempt began.
    :ivar finished: when the run ended.
    """

    id: str
    job: str
    name: str | None
    state: str
    due: datetime
    attempt: int
    attempts: int
    method: str
    target: str
    user: str | None
    status: int | None
    reason: str
    started: datetime | None
    finished: datetime | None

    @property
    def label(self) -> str:
        """The job's name, or the request line for a job without one."""
        return self.name or f"{self.method} {self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultView:
    """What the application answered to one attempt.

    :ivar status: the HTTP status, or 0 when there was no response.
    :ivar reason: the reason phrase, or for status 0 what happened instead.
    :ivar size: bytes of the body that the engine has kept.
    :ivar truncated: whether the body was longer than that.
    :ivar body: those bytes; empty where bodies were not asked for.
    """

    attempt: int
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    size: int
    truncated: bool
    started: datetime
    finished: datetime
    body: bytes = field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is below 400, and not 0."""
        return 0 < self.status < 400

    @property
    def text(self) -> str:
        """The body as text, in the charset that its media type says, else in UTF-8."""
        media_type = self.header("Content-Type") or ""
        charset = media_type.lower().partition("charset=")[2].partition(";")[0].strip(' "')
        try:
            return self.body.decode(charset or "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")

    def header(self, name: str) -> str | None:
        """The first value of header *name* (any case), or ``None``."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinuationView:
    """A saved request, as it was when the engine was asked.

    :ivar link: its path with its id, or ``None`` where links are not possible.
    :ivar target: path and query of the saved request.
    :ivar headers: those of the saved request, its secrets replaced.
    :ivar reusable: whether it is kept when it is used.
    :ivar expires: from when on it is no more.
    """

    id: str
    link: str | None
    method: str
    target: str
    user: str | None
    headers: tuple[tuple[str, str], ...]
    reusable: bool
    created: datetime
    expires: datetime

    @property
    def url(self) -> str:
        """The link that resumes it, for the client whose session cookie made it.

        :raises NotPossible: the engine does not know which cookie that is.
        """
        if self.link is None:
            raise NotPossible(
                "no link can resume a continuation: the engine does not know which cookie tells"
                " a session; start it with --session-cookie NAME"
            )
        return self.link


def continuation_view(said: Mapping[str, Any]) -> ContinuationView:
    """The continuation that an engine described."""
    return ContinuationView(
        id=said["id"],
        link=said.get("link"),
        method=said["method"],
        target=said.get("target", ""),
        user=said.get("user"),
        headers=_headers(said),
        reusable=said["reusable"],
        created=datetime.fromisoformat(said["created"]),
        expires=datetime.fromisoformat(said["expires"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeView:
    """A process that shares the store, as it was when the engine was asked.

    :ivar state: ``up``, ``draining``, ``drained``, ``stopped`` or ``missing``.
    :ivar since: from when on, as far as that is known.
    :ivar beat: when it was last heard of.
    :ivar running: how many runs it had in hand then.
    :ivar threads: how many it can work on at once.
    """

    name: str
    state: str
    since: datetime
    beat: datetime
    started: datetime
    running: int
    threads: int
    version: str
    host: str
    pid: int


def node_view(said: Mapping[str, Any]) -> NodeView:
    """The node that an engine described."""
    return NodeView(
        name=said["name"],
        state=said["state"],
        since=datetime.fromisoformat(said["since"]),
        beat=datetime.fromisoformat(said["beat"]),
        started=datetime.fromisoformat(said["started"]),
        running=said["running"],
        threads=said["threads"],
        version=said["version"],
        host=said["host"],
        pid=said["pid"],
    )


def job_view(said: Mapping[str, Any], *, existing: bool = False) -> JobView:
    """The job that an engine described."""
    return JobView(
        id=said["id"],
        name=said.get("name"),
        state=said["state"],
        reason=said.get("reason", ""),
        origin=said["origin"],
        created=datetime.fromisoformat(said["created"]),
        due=_moment(said, "due"),
        fired=said["fired"],
        previous_status=said.get("previous_status"),
        method=said["method"],
        target=said.get("target", ""),
        user=said.get("user"),
        headers=_headers(said),
        body_size=said.get("body_size", 0),
        schedule=said.get("schedule", _NOTHING),
        policy=said.get("policy", _NOTHING),
        sinks=tuple(said.get("sinks", ())),
        existing=existing,
    )


def run_view(said: Mapping[str, Any]) -> RunView:
    """The run that an engine described."""
    return RunView(
        id=said["id"],
        job=said["job"],
        name=said.get("name"),
        state=said["state"],
        due=datetime.fromisoformat(said["due"]),
        attempt=said["attempt"],
        attempts=said["attempts"],
        method=said["method"],
        target=said.get("target", ""),
        user=said.get("user"),
        status=said.get("status"),
        reason=said.get("reason", ""),
        started=_moment(said, "started"),
        finished=_moment(said, "finished"),
    )


def result_view(said: Mapping[str, Any], body: bytes = b"") -> ResultView:
    """The result that an engine described."""
    return ResultView(
        attempt=said["attempt"],
        status=said["status"],
        reason=said.get("reason", ""),
        headers=_headers(said),
        size=said["size"],
        truncated=said.get("truncated", False),
        started=datetime.fromisoformat(said["started"]),
        finished=datetime.fromisoformat(said["finished"]),
        body=body,
    )


def _moment(said: Mapping[str, Any], name: str) -> datetime | None:
    text = said.get(name)
    return None if text is None else datetime.fromisoformat(text)


def _headers(said: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in said.get("headers", ()))
