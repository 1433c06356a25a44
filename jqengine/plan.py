"""What a reading of the crontabs changes in the queue."""

from __future__ import annotations

from dataclasses import dataclass

from jqengine.job import Job


@dataclass(frozen=True, slots=True)
class CrontabPlan:
    """The difference between the crontabs and the queue.

    :ivar add: jobs of identities the queue has never seen.
    :ivar replace: jobs whose definition changed; each carries the id of the
        job it replaces.
    :ivar retire: ids of jobs whose line is gone.
    :ivar unchanged: how many jobs stay as they are.
    """

    add: tuple[Job, ...] = ()
    replace: tuple[Job, ...] = ()
    retire: tuple[str, ...] = ()
    unchanged: int = 0

    @property
    def empty(self) -> bool:
        """Whether the queue already agrees with the crontabs."""
        return not (self.add or self.replace or self.retire)
