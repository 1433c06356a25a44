"""Continuations as the tests need them."""

from __future__ import annotations

from dataclasses import fields
from itertools import count
from typing import Any

from jqengine.continuation import Continuation, Continued
from jqengine.job import Job, Request
from tests.store.values import NOW, a_job

DAY = 86400.0
HEADERS = (("Cookie", "session=abc; theme=dark"), ("X-Café", "é"))

_numbers = count(1)


def a_continuation(**changes: Any) -> Continuation:
    """A form that somebody has sent; *changes* go to it or to its request."""
    of_request = {field.name for field in fields(Request)} & changes.keys()
    request = {
        "method": "POST",
        "target": "/form?step=1",
        "headers": HEADERS,
        "body": b"name=Ada\x00\xff",
        "user": "ada",
        "protocol": "HTTP/1.1",
        **{name: changes.pop(name) for name in of_request},
    }
    said = {
        "id": f"{next(_numbers):032x}",
        "request": Request(**request),
        "state": '{"step":2}',
        "session": "hash of abc",
        "reusable": False,
        "created": NOW,
        "expires": NOW + 7 * DAY,
    }
    return Continuation(**said | changes)


def a_job_of(continuation: Continuation | str, **changes: Any) -> Job:
    """A job that waits for the request of *continuation*."""
    key = continuation if isinstance(continuation, str) else continuation.id
    repeats = changes.pop("repeats", False)
    request = Request(continuation=Continued(key, repeats=repeats))
    return a_job(**{"request": request, **changes})
