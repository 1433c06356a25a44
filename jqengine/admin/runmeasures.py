"""What becomes of runs, counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from zope.interface import implementer

from jqengine.interfaces import IRunObserver
from jqengine.job import Outcome, Run
from jqengine.measures import LONG_SECONDS, Distribution


@implementer(IRunObserver)
class RunMeasures:
    """Counts attempts.  For the reactor thread.

    :ivar begun: attempts that went to the threads.
    :ivar ended_by: attempts by what became of the run, and the class of the status.
    :ivar removed: jobs that left the queue.
    :ivar lateness: from due times to the starts of first attempts, in seconds.
    :ivar duration: of attempts, in seconds.
    """

    def __init__(self) -> None:
        self.begun = 0
        self.ended_by: dict[tuple[str, int], int] = defaultdict(int)
        self.removed = 0
        self.lateness = Distribution(LONG_SECONDS)
        self.duration = Distribution(LONG_SECONDS)

    def began(self, runs: Sequence[Run]) -> None:
        """Count *runs*."""
        self.begun += len(runs)

    def ended(self, run: Run, outcome: Outcome) -> None:
        """Count an attempt that ended."""
        result, verdict = outcome.result, outcome.verdict
        self.ended_by[verdict.state, result.status // 100] += 1
        # Instants of the wall clock, which may step.
        self.duration.observe(max(0.0, result.finished - result.started))
        if outcome.attempt == 1:
            self.lateness.observe(max(0.0, result.started - run.due))
        if verdict.remove and run.job_id != run.id:
            self.removed += 1
