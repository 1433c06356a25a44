"""Runs, results and tools for the tests of sinks."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, execute, succeed
from twisted.internet.task import Clock
from zope.interface import implementer

from jqengine.interfaces import IPublications
from jqengine.job import Headers, Policy, Request, Result, Run
from jqengine.lifecycle import RunState
from jqengine.sinktools import Parcel, SinkTools
from jqengine.smtpurl import SMTPServer

NOW = 1_800_000_000.0
RUN_ID = "01a2b3c4d5e6f708091a2b3c4d"
PARCEL_ID = "0fedcba9876543210fedcba987"

ATTACKS = (
    "../../etc/passwd",
    "a/b\\c",
    "nul\0nul",
    "line\r\nBcc: everybody@example.org",
    "=?utf-8?q?a=0ABcc:_x@example.org?=",
    "\u202egnp.exe",
    "\x1b]0;title\x07",
)
"""Names and reason phrases that mean harm."""


def a_run(**changes: Any) -> Run:
    run = Run(
        id=RUN_ID,
        job_id="00000000000000000000000job",
        name="nightly",
        due=NOW - 2,
        request=Request(target="/reports/nightly?fmt=pdf"),
        policy=Policy(),
        sinks=(),
        state=RunState.RUNNING,
        ready=NOW - 2,
        attempt=1,
        previous_status=None,
    )
    return run._replace(**changes)


def a_result(
    body: bytes = b"hello\n",
    status: int = 200,
    headers: Headers = (("Content-Type", "text/plain; charset=utf-8"),),
    **changes: Any,
) -> Result:
    result = Result(status, "OK", headers, body, False, NOW - 1, NOW)
    return result._replace(**changes)


def a_parcel(result: Result | None = None, **changes: Any) -> Parcel:
    return Parcel(id=PARCEL_ID, run=a_run(), result=result or a_result())._replace(**changes)


class FixedClock:
    """A wall clock that somebody else moves."""

    def __init__(self, instant: float = NOW) -> None:
        self.instant = instant

    def now(self) -> float:
        return self.instant


@implementer(IPublications)
class RememberedPublications:
    """Takes publications and shows them to the test."""

    def __init__(self) -> None:
        self.published: dict[str, Parcel] = {}

    def publish(self, path: str, parcel: Parcel) -> Deferred[None]:
        self.published[path] = parcel
        return succeed(None)


def at_once(function: Callable[[], Any]) -> Deferred[Any]:
    """Runs what blocks on the spot."""
    return execute(function)


def some_tools(directory: Path | str = "/nowhere", **changes: Any) -> SinkTools:
    given: dict[str, Any] = {
        "reactor": Clock(),
        "clock": FixedClock(),
        "in_thread": at_once,
        "stdout": io.BytesIO(),
        "directory": str(directory),
        "state_dir": str(Path(directory) / "state"),
        "environ": {},
        "hostname": "engine.example.org",
        "smtp": SMTPServer(),
        "publications": RememberedPublications(),
    }
    return SinkTools(**{**given, **changes})


def text_of(part: Any) -> str:
    """The content of a part of a message, with plain line ends."""
    content: str = part.get_content()
    return content.replace("\r\n", "\n")
