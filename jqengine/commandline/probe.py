"""Whether an application answers the paths of a crontab, asked without doing anything.

Only HEAD and OPTIONS are sent, which no application may take for more than a
question (RFC 9110, section 9.2.1), as the user and with the headers of the job.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple
from wsgiref.types import WSGIApplication

from jqengine.job import NO_RESPONSE, Definition, Request, Result, Run
from jqengine.lifecycle import RunState
from jqengine.request.capture import call_application
from jqengine.request.environ import JobEnviron
from jqengine.request.headers import environ_key

_NO_ID = "0" * 26
_REFUSED = (401, 403)
_GONE = 410
_NOT_FOUND = 404
_NOT_ALLOWED = (405, 501)


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    WARNING = "warning"


class Doubt(NamedTuple):
    """Why a path may not do what its crontab line wants of it."""

    severity: Severity
    message: str


class Prober:
    """Asks one application.  Each question is asked once.

    :param now: reads the wall clock.
    """

    def __init__(self, application: WSGIApplication, now: Callable[[], float]) -> None:
        self._application = application
        self._now = now
        self._environ = JobEnviron(errors=sys.stderr)
        self._answers: dict[Request, Result] = {}

    def doubt(self, definition: Definition) -> Doubt | None:
        """What speaks against the request of *definition*, or ``None``."""
        wanted = definition.request
        if wanted.method in ("GET", "HEAD"):
            answer = self._ask(definition, "HEAD")
            if answer.status not in _NOT_ALLOWED:
                return _doubt_of("HEAD", wanted, answer)
        answer = self._ask(definition, "OPTIONS")
        allowed = _allowed(answer)
        if wanted.method in allowed:
            return None
        if allowed:
            listed = ", ".join(sorted(allowed))
            return Doubt(
                Severity.ERROR,
                f"{wanted.method} {wanted.target} is not allowed; the path allows {listed}",
            )
        if answer.status in _NOT_ALLOWED:
            return Doubt(
                Severity.WARNING,
                f"{wanted.target} does not say whether it allows {wanted.method}",
            )
        return _doubt_of("OPTIONS", wanted, answer)

    def _ask(self, definition: Definition, method: str) -> Result:
        headers = tuple(
            pair for pair in definition.request.headers if environ_key(pair[0]) != "CONTENT_TYPE"
        )
        question = replace(definition.request, method=method, headers=headers, body=b"")
        answer = self._answers.get(question)
        if answer is None:
            environ = self._environ(_run_of(definition, question, self._now()))
            answer = call_application(self._application, environ, now=self._now, body_limit=0)
            self._answers[question] = answer
        return answer


def _run_of(definition: Definition, question: Request, now: float) -> Run:
    """A run that no store has ever seen."""
    return Run(
        id=_NO_ID,
        job_id=_NO_ID,
        name=definition.name,
        due=now,
        request=question,
        policy=definition.policy,
        sinks=(),
        state=RunState.RUNNING,
        ready=now,
        attempt=1,
        previous_status=None,
    )


def _allowed(answer: Result) -> frozenset[str]:
    """The methods that an ``Allow`` header lists, if there is one."""
    listed = (answer.header("Allow") or "").split(",")
    return frozenset(method.strip().upper() for method in listed if method.strip())


def _doubt_of(method: str, wanted: Request, answer: Result) -> Doubt | None:
    asked = f"{method} {wanted.target}"
    said = f"{answer.status} {answer.reason}".strip()
    if answer.status == NO_RESPONSE:
        return Doubt(Severity.ERROR, f"{asked} fails: {answer.reason}")
    if answer.status == _GONE:
        return Doubt(Severity.ERROR, f"{asked} is gone ({said}): it would remove the job at once")
    if answer.status == _NOT_FOUND:
        return Doubt(Severity.ERROR, f"nothing answers {asked}: {said}")
    if answer.status in _REFUSED:
        user = wanted.user or "a request without a user"
        return Doubt(Severity.WARNING, f"{asked} refuses {user}: {said}")
    if 300 <= answer.status < 400 and answer.header("Location"):
        return Doubt(
            Severity.WARNING,
            f"{asked} redirects to {answer.header('Location')!r}, which a job does not follow",
        )
    if answer.status >= 400:
        return Doubt(Severity.ERROR, f"{asked} fails: {said}")
    return None
