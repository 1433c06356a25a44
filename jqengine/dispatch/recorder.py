"""From the end of an attempt to the store, and on to the sinks.

Results are judged as they come, written in batches (what ends while a batch
is being written forms the next one), and delivered only once the store has
accepted them: a result that lost its claim stays silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from jqengine.delivery import NOTHING_TO_DISPATCH
from jqengine.dispatch.verdict import judge, no_response
from jqengine.dispatch.wake import Bell
from jqengine.dispatch.window import ClaimWindow
from jqengine.errors import StoreFull, StoreUnavailable
from jqengine.interfaces import IClock, IDelivery, IRunObserver, IStore
from jqengine.job import Outcome, Owner, Receipt, Result, Run, Verdict
from jqengine.lifecycle import RunState

RETRY_PAUSE = 1.0
"""Seconds between two tries to write to a store that cannot be reached."""


class Recorder:
    """Holds every claimed run from its claim until its end is on disk.

    All methods are for the reactor thread.

    :param observer: told of claims, and of ends that are on disk.
    :param random: gives numbers in [0, 1) for the jitter of retries.
    :param window: learns from each result how long jobs take.
    :param bell: rung after each batch that went to disk.
    :ivar refused: how many results came when their claim was lost.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        reactor: IReactorTime,
        clock: IClock,
        store: IStore,
        delivery: IDelivery,
        observer: IRunObserver,
        owner: Owner,
        random: Callable[[], float],
        window: ClaimWindow,
        bell: Bell,
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._delivery = delivery
        self._observer = observer
        self._owner = owner
        self._random = random
        self._window = window
        self._bell = bell
        self.refused = 0
        self._claimed: dict[str, Run] = {}
        self._ended: list[tuple[Run, Outcome]] = []
        self._writing = False
        self._waits = False
        self._idle: list[Deferred[None]] = []

    @property
    def in_hand(self) -> int:
        """Number of runs claimed whose end is not on disk yet."""
        return len(self._claimed)

    @property
    def bytes_in_hand(self) -> int:
        """Bytes of their request bodies; one that several have is there once."""
        bodies = {id(run.request.body): run.request.body for run in self._claimed.values()}
        return sum(map(len, bodies.values()))

    @property
    def runs(self) -> Sequence[Run]:
        """The runs that are claimed and have not ended."""
        ended = {run.id for run, _ in self._ended}
        return [run for run in self._claimed.values() if run.id not in ended]

    def claimed(self, runs: Sequence[Run]) -> None:
        """Note runs that this engine holds from now on."""
        self._claimed.update((run.id, run) for run in runs)
        self._observer.began(runs)

    def released(self, runs: Iterable[Run]) -> None:
        """Note runs that were given back without an end."""
        for run in runs:
            self._claimed.pop(run.id, None)
        self._tell_idle()

    def ended(self, batch: Sequence[tuple[Run, Result]]) -> None:
        """Take the results of attempts; the ``deliver`` of a job host."""
        now = self._clock.now()
        busy = sum(result.finished - result.started for _, result in batch)
        self._window.observe(len(batch), busy)
        for run, result in batch:
            if self._has_in_hand(run):
                self._ended.append((run, self._outcome(run, result, now)))
        if self._ended and not self._writing:
            self._writing = True
            Deferred.fromCoroutine(self._write())

    def lost(self, runs: Sequence[Run]) -> None:
        """Take runs that were left behind: their attempt gave no response."""
        now = self._clock.now()
        self._claimed.update((run.id, run) for run in runs)
        self.ended([(run, no_response("process lost", now, now)) for run in runs])

    def idle(self) -> Deferred[None]:
        """Fires once no run is in hand."""
        if not self._claimed:
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        self._idle.append(waiter)
        return waiter

    def _outcome(self, run: Run, result: Result, now: float) -> Outcome:
        verdict = judge(run, result, now, self._random())
        ends = verdict.state is not RunState.WAITING
        dispatch = self._delivery.plan(run, result, verdict) if ends else NOTHING_TO_DISPATCH
        return Outcome(
            run.id,
            run.job_id,
            self._owner,
            run.attempt,
            result,
            verdict,
            dispatch,
            run.policy.group,
        )

    async def _write(self) -> None:
        """Write until it is written: a result in hand is not given up."""
        while self._ended:
            batch, self._ended = self._ended, []
            receipts = await self._record([outcome for _, outcome in batch])
            waiting = []
            for (run, outcome), receipt in zip(batch, receipts, strict=True):
                if receipt is None:
                    waiting.append((run, outcome))
                else:
                    self._finish(run, outcome, receipt)
            self._ended[:0] = waiting
            self._tell_idle()
            self._bell.ring()
            if waiting:
                await deferLater(self._reactor, RETRY_PAUSE)
        self._writing = False

    async def _record(self, outcomes: Sequence[Outcome]) -> Sequence[Receipt | None]:
        """What the store says to each; ``None`` to what it cannot take now."""
        try:
            receipts = await self._store.record(outcomes)
        except StoreUnavailable as error:
            if len(outcomes) > 1 and isinstance(error, StoreFull):
                # There may be room for the small ones.
                return await self._record_each(outcomes)
            self._say_that_they_wait(error)
            return [None] * len(outcomes)
        except Exception:
            if len(outcomes) > 1:
                # One of them is to blame, and shall not take the others along.
                return await self._record_each(outcomes)
            self._log.failure("The result of {run} cannot be recorded", run=outcomes[0].run_id)
            return [Receipt.REFUSED]
        self._waits = False
        return receipts

    async def _record_each(self, outcomes: Sequence[Outcome]) -> Sequence[Receipt | None]:
        return [receipt for one in outcomes for receipt in await self._record([one])]

    def _say_that_they_wait(self, error: StoreUnavailable) -> None:
        if not self._waits:
            self._log.error("Results wait for the store: {error}", error=error)
        self._waits = True

    def _has_in_hand(self, run: Run) -> bool:
        """Whether it is this attempt that is claimed.

        A run whose claim was lost can have been claimed again meanwhile, for a
        later attempt, and the end of the earlier one says nothing about that.
        """
        claimed = self._claimed.get(run.id)
        return claimed is not None and claimed.attempt == run.attempt

    def _finish(self, run: Run, outcome: Outcome, receipt: Receipt) -> None:
        if self._has_in_hand(run):
            del self._claimed[run.id]
        if not receipt:
            self.refused += 1
            self._log.warn(
                "The result of {run} attempt {attempt} is refused: its claim was lost",
                run=run.id,
                attempt=run.attempt,
            )
            return
        if receipt is Receipt.WITHDRAWN:
            outcome = outcome._replace(verdict=_withdrawn(outcome.verdict))
        self._observer.ended(run, outcome)
        verdict = outcome.verdict
        if verdict.state is RunState.CANCELLED:
            self._log.info("{job} is not tried again: {why}", job=run.label, why=verdict.why)
        elif verdict.state is RunState.WAITING:
            self._log.info("{job} will be tried again: {why}", job=run.label, why=verdict.why)
        else:
            if verdict.state is RunState.FAILED:
                self._log.warn("{job} failed: {why}", job=run.label, why=verdict.why, run=run.id)
            if verdict.remove and run.job_id != run.id:
                self._log.error(
                    "{job} is removed from the queue: {reason}. "
                    "It stays so until it is resumed or its crontab line changes.",
                    job=run.label,
                    reason=verdict.remove,
                )
            self._delivery.deliver(run, outcome)

    def _tell_idle(self) -> None:
        if not self._claimed:
            waiters, self._idle = self._idle, []
            for waiter in waiters:
                waiter.callback(None)


def _withdrawn(verdict: Verdict) -> Verdict:
    """What becomes of a run that would be tried again, were its job not cancelled."""
    why = f"{verdict.why.partition(',')[0]}, and its job is cancelled"
    return Verdict(RunState.CANCELLED, None, False, None, why)
