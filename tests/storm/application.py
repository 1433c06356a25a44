"""The application of a storm: it notes every call, and misbehaves by its path.

Imported by the engine before that is built, it also installs the point at which
the engine is to die, and shorter leases, when the storm asks for them.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from tests.storm.book import BEGAN, DYING, ENDED, Book
from tests.storm.failpoints import install
from tests.storm.orders import BOOK, CALM, FAIL, LEASE, PROCESS, shorten_leases

STATUSES = {"/flaky": (200, 500, 503, 404), "/raises": (0, 200)}
SECONDS = {"/slow": (0.1, 0.8), "/long": (4.0, 4.0), "/deadly": (0.0, 0.3)}
DEADLY = 0.3
"""How often ``/deadly`` is."""

_book = Book(os.environ[BOOK])
_process = os.environ[PROCESS]
_calm = CALM in os.environ


def die(where: str) -> NoReturn:
    """End the process from one instruction to the next."""
    _book.note(DYING, _process, where=where)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a killed process goes on")


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a job."""
    path = environ["PATH_INFO"]
    run, attempt = environ["HTTP_X_JOBQUEUE_RUN"], int(environ["HTTP_X_JOBQUEUE_ATTEMPT"])
    execution = f"{_process}-{time.monotonic_ns()}"
    _book.note(BEGAN, _process, run, attempt, execution)
    if not _calm or path == "/long":
        time.sleep(random.uniform(*SECONDS.get(path, (0.0, 0.02))))
    if path == "/deadly" and not _calm and random.random() < DEADLY:
        die("in the application")
    status = 200 if _calm else random.choice(STATUSES.get(path, (200,)))
    _book.note(ENDED, _process, run, attempt, execution)
    if not status:
        raise RuntimeError("the application failed")
    start_response(f"{status} Said", [("Content-Type", "text/plain")])
    return [execution.encode()]


if FAIL in os.environ:
    install(os.environ[FAIL], die)
if LEASE in os.environ:
    shorten_leases(float(os.environ[LEASE]))
