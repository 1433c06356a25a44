"""What a reading of the crontabs changes in the queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from jqengine.job import Job


class PlanAuthor(NamedTuple):
    """Who has read the crontabs that a plan is made from, and when.

    :ivar node: the name of an engine.
    """

    node: str
    instant: float


@dataclass(frozen=True, slots=True)
class CrontabPlan:
    """The difference between the crontabs and the queue.

    :ivar add: jobs of identities the queue has never seen.
    :ivar replace: jobs whose definition changed; each carries the id of the
        job it replaces.
    :ivar retire: ids of jobs whose line is gone.
    :ivar unchanged: how many jobs stay as they are.
    :ivar author: who wants it so.
    """

    add: tuple[Job, ...] = ()
    replace: tuple[Job, ...] = ()
    retire: tuple[str, ...] = ()
    unchanged: int = 0
    author: PlanAuthor | None = None

    @property
    def empty(self) -> bool:
        """Whether the queue already agrees with the crontabs."""
        return not (self.add or self.replace or self.retire)
