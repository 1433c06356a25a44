"""What every test has: a reactor that it must leave as it found it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_twisted import blockon
from twisted.internet.task import deferLater

# The engines of tests run side by side: each shows its results where it is told to.
os.environ.setdefault("JOBQUEUE_ADMIN", "off")

PATIENCE = 20
"""How many hundredths of a second something on its way out may take."""


def _turn(seconds: float) -> None:
    """Let the reactor run for so long."""
    from twisted.internet import reactor

    blockon(deferLater(reactor, seconds))


@pytest.fixture(scope="session", autouse=True)
def running_reactor(twisted_greenlet: object) -> None:
    """Start the reactor before anything is counted, for it adds readers of its own."""
    _turn(0)


@pytest.fixture(autouse=True)
def clean_reactor(running_reactor: None) -> Iterator[None]:
    """Fail a test that leaves a delayed call, a reader, a writer or a thread behind."""
    before = _everything_alive()
    yield
    for _ in range(PATIENCE):
        left = _everything_alive() - before
        if not left:
            return
        _turn(0.01)
    pytest.fail(f"the test left behind: {sorted(map(str, left))}", pytrace=False)


def _everything_alive() -> set[Any]:
    from twisted.internet import reactor

    # The reactor keeps the threads of its own pool, which also resolves names.
    kept = set(getattr(reactor.threadpool, "threads", ()))
    return {
        *(call for call in reactor.getDelayedCalls() if call.active()),
        *reactor.getReaders(),
        *reactor.getWriters(),
        *(set(threading.enumerate()) - kept),
    }
