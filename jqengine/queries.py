"""What people ask of the queue, and the pages they get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from jqengine.job import Job, Run
from jqengine.lifecycle import JobState, RunState

T = TypeVar("T")


class JobOrder(StrEnum):
    """The order of a list of jobs."""

    NEWEST = "newest"  # by the time they were made, the latest first
    DUE = "due"  # by the next due time, the soonest first; those without one are left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A text, or with *prefix* whatever begins with it."""

    text: str
    prefix: bool = False

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read ``reports``, or ``rep*`` for a prefix."""
        if text.endswith("*"):
            return cls(text=text[:-1], prefix=True)
        return cls(text=text)

    def matches(self, text: str | None) -> bool:
        """Whether *text* is, or begins with, what is wanted."""
        if text is None:
            return False
        return text.startswith(self.text) if self.prefix else text == self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs are wanted: those that match all that is not ``None``."""

    states: frozenset[JobState] | None = None
    name: Pattern | None = None
    target: Pattern | None = None
    user: str | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs are wanted: those that match all that is not ``None``."""

    job_id: str | None = None
    states: frozenset[RunState] | None = None


def job_cursor(job: Job, order: JobOrder) -> str:
    """What names the place of *job* in a list, for the page that begins behind it."""
    return job.id if order is JobOrder.NEWEST else f"{job.due!r},{job.id}"


def run_cursor(run: Run, wanted: RunFilter) -> str:
    """What names the place of *run* in a list, for the page that begins behind it."""
    return run.id if wanted.job_id is None else repr(run.due)


class RunReport(NamedTuple):
    """A run with how it ended, or that it has not.

    :ivar run: without the body of its request.
    :ivar status: of its last attempt, or ``None`` while it has not ended.
    :ivar reason: the reason phrase, what happened instead of an answer, or why
        the run was skipped.
    :ivar started: instant its last attempt began, or ``None``.
    :ivar finished: instant the run ended, or ``None`` while it has not.
    """

    run: Run
    status: int | None
    reason: str
    started: float | None
    finished: float | None


class Page(NamedTuple, Generic[T]):
    """A part of a list.

    :ivar after: what to ask for to get the next part; ``None`` on the last.
    """

    items: Sequence[T]
    after: str | None
