"""The application of the live benchmark: a quick page, and jobs of three kinds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

WAITING = 0.005
"""Seconds that a ``/wait`` job lets others have the interpreter, as one that
asks a database does."""

TURNS = 60_000
"""Turns of the loop of a ``/busy`` job: two to three milliseconds."""


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a visitor at once, and a job after some work."""
    path = environ["PATH_INFO"]
    if path == "/wait":
        time.sleep(WAITING)
    elif path == "/busy":
        _count()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello world\n"]


def _count() -> int:
    number = 0
    for turn in range(TURNS):
        number += turn
    return number
