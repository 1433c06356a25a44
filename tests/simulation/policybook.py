"""The bookkeeper's idea of policies: what may run beside what, and what may not run any more.

A job whose runs people have made or reopened by hand is left out where that
could be the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from jqengine.job import Duplicate, Firing, Outcome, Overlap, Run
from jqengine.lifecycle import JobEvent, JobState, RunState
from tests.simulation.duebook import DueBook
from tests.simulation.history import Effect


@dataclass
class Queue:
    """The runs of one job.

    :ivar unfinished: the due times of those that have not ended.
    :ivar begun: those of them that were claimed.
    :ivar counted: those of them of which an attempt counts; an answer that asks to
        come again later takes back its own.
    :ivar by_hand: whether people have had a hand in it.
    """

    unfinished: set[float] = field(default_factory=set)
    begun: set[float] = field(default_factory=set)
    counted: set[float] = field(default_factory=set)
    by_hand: bool = False


class PolicyBook:
    """What the policies of jobs say of the order of things."""

    def __init__(self, dues: DueBook) -> None:
        self._dues = dues
        self._queues: dict[str, Queue] = {}
        self._due_of: dict[str, tuple[str, float]] = {}
        self._attempt_of: dict[str, int] = {}

    def read(self, event: Effect) -> Iterator[str]:
        """Book an effect, after the other books; what is wrong with it."""
        if event.call == "fire":
            for firing in self._dues.effective:
                yield from self._book_firing(firing)
        elif event.call == "claim":
            for run in event.answer:
                if run.job_id != run.id:
                    self._due_of[run.id] = (run.job_id, run.due)
                    yield from self._book_claim(run)
        elif event.call == "record":
            for outcome, taken in zip(event.said["outcomes"], event.answer, strict=True):
                if taken:
                    self._book_outcome(outcome)
        elif event.call == "give_back":
            for run_id in event.said["run_ids"]:
                self._take_back(run_id)
        elif event.call == "add":
            for job in event.answer:
                if job.definition.policy.duplicate is Duplicate.DEBOUNCE and job.due is not None:
                    # What had not begun is cancelled, and due later.
                    queue = self._queue(job.id)
                    queue.unfinished &= queue.counted
                    queue.begun &= queue.counted
        elif event.call in ("run_now", "reopen"):
            self._queue(event.answer.job_id).by_hand = True
        elif event.call == "steer" and event.said["step"].event is JobEvent.CANCEL:
            self._queue(event.said["step"].job_id).unfinished.clear()

    def _queue(self, job_id: str) -> Queue:
        return self._queues.setdefault(job_id, Queue())

    def _book_firing(self, firing: Firing) -> Iterator[str]:
        queue = self._queue(firing.job_id)
        overlaps = self._dues.overlaps(firing.job_id)
        skips = overlaps == {Overlap.SKIP} and not queue.by_hand
        if firing.runs and queue.unfinished and skips and not firing.held:
            yield (
                f"{firing.job_id}: overlap=skip, and {firing.runs} run "
                f"beside {sorted(queue.unfinished)}"
            )
        queue.unfinished |= set(firing.runs)

    def _book_claim(self, run: Run) -> Iterator[str]:
        queue = self._queue(run.job_id)
        if queue.by_hand:
            return
        # The runs of a removed job that wait go on.
        if self._dues.state(run.job_id) is JobState.CANCELLED:
            yield f"{run.id}: claimed when its job was cancelled"
        others = sorted(queue.begun - {run.due})
        if others and self._dues.overlaps(run.job_id) == {Overlap.QUEUE}:
            yield f"{run.id}: overlap=queue, and it does not wait for {others}"
        queue.begun.add(run.due)
        queue.counted.add(run.due)
        self._attempt_of[run.id] = run.attempt

    def _book_outcome(self, outcome: Outcome) -> None:
        if outcome.verdict.state is not RunState.WAITING:
            self._end(outcome.run_id, outcome.verdict.remove is not None)
        elif outcome.verdict.restore:
            self._take_back(outcome.run_id)

    def _take_back(self, run_id: str) -> None:
        """The attempt of a run that was claimed does not count."""
        if self._attempt_of.get(run_id) == 1:
            job_id, due = self._due_of[run_id]
            self._queue(job_id).counted.discard(due)

    def _end(self, run_id: str, removes: bool) -> None:
        job_id, due = self._due_of.get(run_id, ("", 0.0))
        queue = self._queue(job_id)
        queue.unfinished.discard(due)
        queue.begun.discard(due)
        queue.counted.discard(due)
        if removes and self._dues.state(job_id) is JobState.REMOVED:
            # Those that are held are cancelled with their job.
            queue.unfinished &= {one for _, one in self._due_of.values()}
