"""What the tests of the application's host share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure


@pytest.fixture
def events() -> Iterator[list[LogEvent]]:
    """Every event that is logged during the test."""
    seen: list[LogEvent] = []
    globalLogPublisher.addObserver(seen.append)
    yield seen
    globalLogPublisher.removeObserver(seen.append)


@pytest.fixture
def flushed(events: list[LogEvent]) -> Callable[[], list[Failure]]:
    """Gives the failures that have been logged so far."""
    return lambda: [event["log_failure"] for event in events if "log_failure" in event]
