"""Conversations with an engine, and their smallest parts.

A conversation is a generator: it yields a :class:`~jqengine.wire.asks.Batch`
of calls, is sent the list of their answers, and returns what a verb gives.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from jqengine.errors import JobQueueError
from jqengine.wire.asks import Answer, Ask, Batch

T = TypeVar("T")
Answers = list[Answer | JobQueueError]
Talk = Generator[Batch, Answers, T]


def one(call: Ask) -> Talk[Answer]:
    """The answer to one call."""
    return (yield from last_of(Batch([call])))


def last_of(batch: Batch) -> Talk[Answer]:
    """The last answer of *batch*; its first error is raised."""
    answers = yield batch
    for answer in answers:
        if isinstance(answer, JobQueueError):
            raise answer
    last = answers[-1]
    assert isinstance(last, Answer)
    return last
