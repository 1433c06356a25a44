"""Values to columns and back.  Pure.

Policies, schedules, sinks and header lists are kept as compact JSON, which
people and other programs can read.  Equal texts are decoded once and the
frozen value is shared, so ten thousand runs of one job hold one policy.
"""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import sha256
from typing import Any

from jqengine.continuation import Continued
from jqengine.job import Catchup, Duplicate, Headers, Overlap, Policy, Schedule, Syntax
from jqengine.units import Backoff, Rate, StatusSet

_write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode

POLICY_BASELINE: dict[str, Any] = {
    "attempts": 3,
    "backoff": [2.0, 600.0, True],
    "timeout": 900.0,
    "remove_on": "0,400-599",
    "catchup": "latest",
    "catchup_window": 86400.0,
    "overlap": "skip",
    "duplicate": "first",
    "group": None,
    "concurrency": None,
    "rate": None,
}
"""What a stored policy means where it says nothing.

Fixed for ever: these are not the defaults of :class:`Policy`, which may change
and must not change jobs already accepted.
"""

_SCHEDULE_BASELINE: dict[str, Any] = {"text": "", "times": None, "until": None, "jitter": 0.0}

LONGEST_INLINE_BODY = 4096
"""Bytes of a request body that are kept in the row itself.

A row is written anew at every claim and record, with all that is in it, so a
longer body is kept apart and only named.
"""


@lru_cache(maxsize=4096)
def policy_text(policy: Policy) -> str:
    """*policy*, less priority and key, as far as it differs from the baseline."""
    backoff = policy.backoff
    full = {
        "attempts": policy.attempts,
        "backoff": [backoff.base, backoff.cap, backoff.jitter],
        "timeout": policy.timeout,
        "remove_on": str(policy.remove_on),
        "catchup": policy.catchup.value,
        "catchup_window": policy.catchup_window,
        "overlap": policy.overlap.value,
        "duplicate": policy.duplicate.value,
        "group": policy.group,
        "concurrency": policy.concurrency,
        "rate": None if policy.rate is None else [policy.rate.count, policy.rate.per],
    }
    return _write(_differing(full, POLICY_BASELINE))


@lru_cache(maxsize=4096)
def policy_from(text: str, priority: int, key: str | None) -> Policy:
    """The policy that :func:`policy_text` wrote."""
    said = POLICY_BASELINE | json.loads(text)
    return Policy(
        attempts=said["attempts"],
        backoff=Backoff(*said["backoff"]),
        timeout=said["timeout"],
        remove_on=StatusSet.parse(said["remove_on"]),
        catchup=Catchup(said["catchup"]),
        catchup_window=said["catchup_window"],
        overlap=Overlap(said["overlap"]),
        duplicate=Duplicate(said["duplicate"]),
        group=said["group"],
        concurrency=said["concurrency"],
        rate=None if said["rate"] is None else Rate(*said["rate"]),
        priority=priority,
        key=key,
    )


@lru_cache(maxsize=1024)
def schedule_text(schedule: Schedule) -> str:
    """*schedule* as JSON, without what it does not say."""
    said = {name: getattr(schedule, name) for name in _SCHEDULE_BASELINE}
    full = {"syntax": schedule.syntax.value, "zone": schedule.zone} | said
    return _write(_differing(full, _SCHEDULE_BASELINE))


@lru_cache(maxsize=1024)
def schedule_from(text: str) -> Schedule:
    """The schedule that :func:`schedule_text` wrote."""
    said = _SCHEDULE_BASELINE | json.loads(text)
    return Schedule(**said | {"syntax": Syntax(said["syntax"])})


@lru_cache(maxsize=1024)
def sinks_text(sinks: tuple[str, ...]) -> str:
    """Sink URLs as a JSON list."""
    return _write(sinks)


@lru_cache(maxsize=1024)
def sinks_from(text: str) -> tuple[str, ...]:
    """The sinks that :func:`sinks_text` wrote."""
    return tuple(json.loads(text))


@lru_cache(maxsize=256)
def headers_text(headers: Headers) -> str:
    """Headers as a JSON list of pairs."""
    return _write(headers)


@lru_cache(maxsize=256)
def headers_from(text: str) -> Headers:
    """The headers that :func:`headers_text` wrote."""
    return tuple((name, value) for name, value in json.loads(text))


def continued_text(continued: Continued | None) -> str | None:
    """Which continuation a request is from, with its state, as a JSON list."""
    return None if continued is None else _write([continued.id, continued.state])


def continued_from(text: str | None) -> Continued | None:
    """What :func:`continued_text` wrote."""
    return None if text is None else Continued(*json.loads(text))


def body_id(body: bytes) -> str:
    """What *body* is called in ``bodies``."""
    return sha256(body).hexdigest()


def _differing(full: dict[str, Any], baseline: dict[str, Any]) -> dict[str, Any]:
    unsaid = baseline.items()
    return {name: said for name, said in full.items() if (name, said) not in unsaid}
