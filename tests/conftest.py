"""What every test has: a reactor that it must leave as it found it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def clean_reactor() -> Iterator[None]:
    """Fail a test that leaves a delayed call, a reader, a writer or a thread behind."""
    from twisted.internet import reactor

    calls = set(reactor.getDelayedCalls())
    selectables = set(reactor.getReaders()) | set(reactor.getWriters())
    threads = set(threading.enumerate())
    yield
    reactor_threads = set(getattr(reactor.threadpool, "threads", ()))
    left = [
        *(f"delayed call {call}" for call in set(reactor.getDelayedCalls()) - calls),
        *(
            f"selectable {one}"
            for one in (set(reactor.getReaders()) | set(reactor.getWriters())) - selectables
        ),
        *(
            f"thread {thread.name}"
            for thread in set(threading.enumerate()) - threads - reactor_threads
            if thread.is_alive()
        ),
    ]
    assert not left, f"the test left behind: {left}"
