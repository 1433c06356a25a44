"""What becomes of runs, counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from zope.interface import implementer

from jqengine.interfaces import IRunObserver
from jqengine.job import Outcome, Run
from jqengine.lifecycle import RunState
from jqengine.measures import LONG_SECONDS, Distribution

# Members of an Enum are slow to reach through their class.
_FINISHED = RunState.FINISHED


@implementer(IRunObserver)
class RunMeasures:
    """Counts attempts.  For the reactor thread.

    :ivar begun: attempts that went to the threads.
    :ivar removed: jobs that left the queue.
    :ivar lateness: from due times to the starts of first attempts, in seconds.
    :ivar duration: of attempts, in seconds.
    """

    def __init__(self) -> None:
        self.begun = 0
        self.removed = 0
        self.lateness = Distribution(LONG_SECONDS)
        self.duration = Distribution(LONG_SECONDS)
        self._finished: dict[int, int] = defaultdict(int)
        self._others: dict[tuple[str, int], int] = defaultdict(int)

    @property
    def ended_by(self) -> Mapping[tuple[str, int], int]:
        """Attempts by what became of the run, and the class of the status."""
        found = defaultdict(int, self._others)
        for status, count in self._finished.items():
            found[RunState.FINISHED, status // 100] += count
        return found

    def began(self, runs: Sequence[Run]) -> None:
        """Count *runs*."""
        self.begun += len(runs)

    def ended(self, run: Run, outcome: Outcome) -> None:
        """Count an attempt that ended."""
        # Asked for each of tens of thousands of runs a second.
        result, state = outcome.result, outcome.verdict.state
        if state is _FINISHED:
            self._finished[result.status] += 1
        else:
            self._note_trouble(run, outcome)
        self.duration.observe(result.finished - result.started)
        if outcome.attempt == 1:
            self.lateness.observe(result.started - run.due)

    def _note_trouble(self, run: Run, outcome: Outcome) -> None:
        verdict = outcome.verdict
        self._others[verdict.state, outcome.result.status // 100] += 1
        if verdict.remove and run.job_id != run.id:
            self.removed += 1
