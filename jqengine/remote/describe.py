"""Jobs, runs and results as the JSON that clients are shown.  Pure.

Instants are RFC 3339 in UTC, durations and lists the texts that people write.
What is not there is left out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jqengine.job import Duplicate, Headers, Job, Policy, Result, Run, Schedule
from jqengine.queries import RunReport
from jqengine.redaction import Redactor
from jqengine.request.environ import rfc3339
from jqengine.units import format_duration
from jqengine.wording import schedule_in_words, seems_recurring

MOST_HEADER_CHARACTERS = 16_384
"""Characters of a response's headers that are shown; the others are left out."""

LONGEST_REASON = 1000

NONE = "none"
"""A limit that is expressly none."""

Described = dict[str, Any]


def job_as_json(job: Job, redactor: Redactor) -> Described:
    """A job, with its secrets replaced."""
    definition, request = job.definition, job.definition.request
    return said(
        {
            "id": job.id,
            "name": definition.name,
            "state": job.state.value,
            "reason": job.reason,
            "origin": definition.origin,
            "created": rfc3339(job.created),
            "due": instant_or_none(job.due),
            "fired": job.fired,
            "previous_status": job.previous_status,
            "method": request.method,
            "target": redactor.target(request.target),
            "user": request.user,
            "headers": redactor.headers(request.headers) or None,
            "body_size": len(request.body) or None,
            "schedule": _schedule(definition.schedule, job.anchor),
            "policy": policy_as_json(definition.policy),
            "sinks": tuple(map(redactor.sink, definition.sinks)) or None,
        }
    )


def run_as_json(run: Run, redactor: Redactor) -> Described:
    """A run, without its request's headers and body."""
    return said(
        {
            "id": run.id,
            "job": run.job_id,
            "name": run.name,
            "state": run.state.value,
            "due": rfc3339(run.due),
            "ready": rfc3339(run.ready),
            "attempt": run.attempt,
            "attempts": run.policy.attempts,
            "method": run.request.method,
            "target": redactor.target(run.request.target),
            "user": run.request.user,
        }
    )


def report_as_json(report: RunReport, redactor: Redactor) -> Described:
    """A run with how its last attempt ended."""
    return {
        **run_as_json(report.run, redactor),
        **said(
            {
                "status": report.status,
                "reason": report.reason[:LONGEST_REASON],
                "started": instant_or_none(report.started),
                "finished": instant_or_none(report.finished),
            }
        ),
    }


def result_as_json(attempt: int, result: Result, redactor: Redactor) -> Described:
    """The result of an attempt, without its body, and with its secrets replaced."""
    headers = _bounded(redactor.headers(result.headers))
    return said(
        {
            "attempt": attempt,
            "status": result.status,
            "reason": result.reason[:LONGEST_REASON],
            "headers": headers,
            "headers_left_out": len(result.headers) - len(headers) or None,
            "size": len(result.body),
            "truncated": result.truncated or None,
            "started": rfc3339(result.started),
            "finished": rfc3339(result.finished),
        }
    )


def _schedule(schedule: Schedule, due: float | None) -> Described:
    return said(
        {
            "syntax": schedule.syntax.value,
            "text": schedule.text,
            "words": schedule_in_words(schedule, due, recurring=seems_recurring(schedule)),
            "tz": schedule.zone,
            "times": schedule.times,
            "until": instant_or_none(schedule.until),
            "jitter": format_duration(schedule.jitter) if schedule.jitter else None,
        }
    )


@lru_cache(maxsize=1024)
def policy_as_json(policy: Policy) -> Described:
    """A policy."""
    return said(
        {
            "attempts": policy.attempts,
            "backoff": str(policy.backoff),
            "timeout": format_duration(policy.timeout),
            "remove_on": str(policy.remove_on),
            "catchup": policy.catchup.value,
            "catchup_window": format_duration(policy.catchup_window),
            "overlap": policy.overlap.value,
            "priority": policy.priority,
            "key": policy.key,
            "duplicate": policy.duplicate.value
            if policy.duplicate is not Duplicate.FIRST
            else None,
            "group": policy.group,
            "concurrency": NONE if policy.concurrency == 0 else policy.concurrency,
            "rate": None if policy.rate is None else str(policy.rate),
        }
    )


def _bounded(headers: Headers) -> Headers:
    room, kept = MOST_HEADER_CHARACTERS, []
    for name, value in headers:
        room -= len(name) + len(value)
        if room < 0:
            break
        kept.append((name, value))
    return tuple(kept)


def instant_or_none(instant: float | None) -> str | None:
    """An instant, if there is one."""
    return None if instant is None else rfc3339(instant)


def said(values: Described) -> Described:
    """*values* without what is not there."""
    return {name: value for name, value in values.items() if value is not None and value != ""}
