"""The service that brings results to sinks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import (
    CancelledError,
    Deferred,
    DeferredList,
    DeferredSemaphore,
    maybeDeferred,
    succeed,
)
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from jqengine.delivery import ClaimedDeliveries, Delivery, DeliveryEnd, Dispatch
from jqengine.errors import DeliveryFailed, StoreUnavailable
from jqengine.interfaces import IClock, IDelivery, IDeliveryStore
from jqengine.job import Outcome, Owner, Result, Run, Verdict
from jqengine.lifecycle import DeliveryState
from jqengine.redaction import Redactor
from jqengine.request.capture import describe_exception
from jqengine.sinks.book import SinkBook
from jqengine.sinks.catalogue import Catalogue
from jqengine.sinks.choice import wants
from jqengine.sinks.endings import Endings
from jqengine.sinks.immediate import Immediate
from jqengine.sinks.lane import Lane, TryEnd
from jqengine.sinks.routing import Router, removal
from jqengine.sinktools import Parcel
from jqengine.sinkurl import SinkURL, label_of
from jqengine.units import Backoff, format_duration

LEASE = 1800.0
"""Seconds that a claim on a delivery is valid.

Longer than :data:`jqengine.sinks.lane.CLAIMED_AHEAD` deliveries can take that
are all tried at a server that hangs, a few at a time.
"""

TRY_TIMEOUT = 200.0
"""Seconds after which a try of any sink is given up."""

MOST_AT_ONCE = 100
"""Tries under way in all lanes together."""

LOOK_INTERVAL = 30.0
"""Seconds between two looks for deliveries that other nodes or boots left."""

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
"""Between two calls to a store that is away."""

BACKOFF = Backoff(base=5.0, cap=3 * 3600.0)
MOST_TRIES = 24
"""After which a delivery is a dead letter; with the backoff, about a day."""

LAST_PATIENCE = 2.0
"""Seconds that a stopping engine waits for a reader of standard output."""

LONGEST_WAIT = 86400.0
"""Seconds that a sink may ask to be left alone for."""

Tried = Callable[[Delivery, Run, float, str | None], None]
"""Is told of a delivery, its run, when a try of it began, and why that failed, if it did."""


@implementer(IDelivery)
class Deliverer(Service):
    """Brings every result to every sink of its job, once at least.

    Deliveries are rows of the store.  This service claims them lane by lane,
    tries them, and writes how it went; a delivery that fails is tried again
    later, and after many tries kept as a dead letter.  All methods are for the
    reactor thread.  It starts with an open store and stops before it.

    :param new_id: makes ids of deliveries.
    :param random: gives numbers in [0, 1) that spread retries.
    :param drain_timeout: seconds that stopping waits for tries under way.
    :param tried: told of each try, if anybody is.
    :ivar book: how the last tries at each sink went.
    :ivar ends: how many tries ended in which state, by the sink's scheme.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        reactor: Any,
        clock: IClock,
        store: IDeliveryStore,
        catalogue: Catalogue,
        redactor: Redactor,
        owner: Owner,
        new_id: Callable[[float], str],
        random: Callable[[], float],
        drain_timeout: float,
        tried: Tried | None = None,
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._catalogue = catalogue
        self._redactor = redactor
        self._owner = owner
        self._random = random
        self._drain_timeout = drain_timeout
        self._tried = tried
        self._router = Router(catalogue, clock, new_id)
        self.ends: dict[tuple[str, str], int] = defaultdict(int)
        self._immediate = Immediate(self.ends)
        self._endings = Endings(
            reactor=reactor, clock=clock, store=store, owner=owner, written=self.look
        )
        self.book = SinkBook()
        self._lanes: dict[str, Lane] = {}
        self._slots = DeferredSemaphore(MOST_AT_ONCE)
        self._trouble = 0.0
        self._looking = LoopingCall(self._look_around)
        self._looking.clock = reactor
        self._drained: Deferred[Any] = succeed(None)

    def startService(self) -> None:
        """Begin to deliver; what earlier boots left comes first."""
        super().startService()
        self._looking.start(LOOK_INTERVAL)

    def stopService(self) -> Deferred[None]:
        """Begin nothing more, wait for what is under way, give back the rest.

        Results that come afterwards are written like all others, and delivered
        after the next start.
        """
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def told(self) -> None:
        """Wait, but not long, for sinks that are told at once; of use when no
        more results come."""
        under_way = DeferredList(self._immediate.under_way)
        await under_way.addTimeout(LAST_PATIENCE, self._reactor)

    def hurry(self) -> None:
        """Wait no more for what is under way; of use while the service stops."""
        self._drain_timeout = 0.0
        self._drained.cancel()

    def plan(self, run: Run, result: Result, verdict: Verdict) -> Dispatch:
        """See :meth:`jqengine.interfaces.IDelivery.plan`."""
        return self._router.plan(run, result, verdict)

    def deliver(self, run: Run, outcome: Outcome) -> None:
        """See :meth:`jqengine.interfaces.IDelivery.deliver`."""
        removed = removal(run, outcome.verdict)
        for url, sink in self._router.routes(run.sinks).immediate:
            if wants(url.on, outcome.result.status, removed=removed is not None):
                parcel = self._parcel(run.id, url, run, outcome.result, removed)
                self._immediate.deliver(url, sink, parcel)
        for delivery in outcome.dispatch.deliveries:
            self.look(delivery.lane)

    def look(self, lane: str) -> None:
        """There may be something to do in *lane*."""
        if not self.running:
            return
        if lane not in self._lanes:
            self._lanes[lane] = Lane(lane, self, self._reactor)
        self._lanes[lane].look()

    async def redrive(self, delivery_ids: Sequence[str]) -> None:
        """Try dead letters again."""
        for lane in await self._store.redrive(delivery_ids, self._clock.now()):
            self.look(lane)

    # What lanes need of their office.

    def now(self) -> float:
        """The wall clock."""
        return self._clock.now()

    def closed(self, lane: Lane) -> None:
        """*lane* has nothing more to do."""
        del self._lanes[lane.name]

    def claim(self, lane: str, limit: int) -> Deferred[ClaimedDeliveries]:
        """Claim what is ready; nothing, to be asked for later, from a store that is away."""
        now = self._clock.now()
        claim = self._store.claim_deliveries(self._owner, lane, now, limit, LEASE)
        return claim.addCallbacks(self._store_is_there, self._store_is_away)

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Let go of what was claimed and not tried."""
        ids = [delivery.id for delivery in deliveries]
        given = self._store.give_back_deliveries(self._owner, ids)
        # What stays claimed is recovered when its lease has run out.
        given.addErrback(lambda failure: failure.trap(StoreUnavailable))

    def attempt(self, delivery: Delivery) -> Deferred[TryEnd]:
        """Try once, and see to it that the end is written."""
        return Deferred.fromCoroutine(self._attempt(delivery))

    async def _attempt(self, delivery: Delivery) -> TryEnd:
        try:
            failure = await self._slots.run(self._try, delivery)
        except (StoreUnavailable, CancelledError):
            self.give_back([delivery])
            return TryEnd.NOT_MADE
        end = end_of_try(delivery, failure, self._clock.now(), self._random())
        self._endings.add(delivery, end)
        self.book.note(delivery.sink, end, self._clock.now())
        self.ends[self._catalogue.scheme(delivery.sink), end.state.value] += 1
        self._log_end(delivery, end)
        if failure is None:
            return TryEnd.ARRIVED
        return TryEnd.REFUSED if failure.permanent else TryEnd.FAILED

    def _try(self, delivery: Delivery) -> Deferred[DeliveryFailed | None]:
        return Deferred.fromCoroutine(self._deliver(delivery))

    async def _deliver(self, delivery: Delivery) -> DeliveryFailed | None:
        """``None``, or how it failed."""
        parts = await self._store.delivery_parts(delivery)
        if parts is None:
            return DeliveryFailed("its result is not kept any more", permanent=True)
        run, result, before = parts
        began = self._clock.now()
        failed = await self._bring(delivery, run, result, before)
        if self._tried is not None:
            self._tried(delivery, run, began, None if failed is None else str(failed))
        return failed

    async def _bring(
        self, delivery: Delivery, run: Run, result: Result, before: Result | None
    ) -> DeliveryFailed | None:
        try:
            url, sink = self._catalogue.sink(delivery.sink)
            previous = before.body if before is not None and sink.compares else None
            parcel = self._parcel(delivery.id, url, run, result, delivery.removed, previous)
            delivering = maybeDeferred(sink.deliver, parcel)
            await delivering.addTimeout(TRY_TIMEOUT, self._reactor, _too_late)
        except CancelledError:
            raise
        except DeliveryFailed as failed:
            return failed
        except Exception as error:
            return DeliveryFailed(describe_exception(error))
        return None

    def _parcel(
        self,
        delivery_id: str,
        url: SinkURL,
        run: Run,
        result: Result,
        removed: str | None,
        previous: bytes | None = None,
    ) -> Parcel:
        return Parcel(
            id=delivery_id,
            run=self._redactor.run(run, url.reveal),
            result=self._redactor.result(result, url.reveal),
            removed=removed,
            previous=previous,
        )

    async def _look_around(self) -> None:
        """Take up what earlier boots left, and what has come from elsewhere."""
        try:
            left = await self._store.recover_deliveries(self._owner, self._clock.now())
            if left:
                self._log.info("{count} deliveries were cut off and are tried again", count=left)
            for lane in await self._store.lanes():
                self.look(lane)
        except StoreUnavailable as error:
            self._log.error("Deliveries wait for the store: {error}", error=error)

    def _store_is_there(self, claimed: ClaimedDeliveries) -> ClaimedDeliveries:
        self._trouble = 0.0
        return claimed

    def _store_is_away(self, failure: Failure) -> ClaimedDeliveries:
        if failure.check(StoreUnavailable) is None:
            self._log.failure("Deliveries could not be claimed", failure=failure)
        self._trouble = min(max(self._trouble * 2, FIRST_PAUSE), LONGEST_PAUSE)
        return ClaimedDeliveries((), self._clock.now() + self._trouble)

    def _log_end(self, delivery: Delivery, end: DeliveryEnd) -> None:
        if end.state is DeliveryState.DELIVERED:
            return
        what = "is given up" if end.state is DeliveryState.DEAD else "will be tried again"
        log = self._log.error if end.state is DeliveryState.DEAD else self._log.warn
        log(
            "The result of {run} for {sink} {what} after {tries} tries: {reason}",
            run=delivery.run_id,
            sink=label_of(delivery.sink),
            what=what,
            tries=delivery.tries,
            reason=end.reason,
        )

    async def _stop(self) -> None:
        if self._looking.running:
            self._looking.stop()
        for lane in self._lanes.values():
            lane.stop()
        under_way = [one for lane in self._lanes.values() for one in lane.under_way]
        # A DeferredList that is cancelled cancels what is in it, and then fires.
        self._drained = DeferredList(under_way)
        await self._drained.addTimeout(self._drain_timeout, self._reactor)
        await self._endings.idle()


def end_of_try(
    delivery: Delivery, failure: DeliveryFailed | None, now: float, fraction: float
) -> DeliveryEnd:
    """What becomes of a delivery after a try.  Pure.

    :param fraction: a random number in [0, 1) that spreads retries.
    """
    if failure is None:
        return DeliveryEnd(delivery.id, DeliveryState.DELIVERED, now, "")
    if failure.permanent or delivery.tries >= MOST_TRIES:
        return DeliveryEnd(delivery.id, DeliveryState.DEAD, now, str(failure))
    asked = min(failure.wait or 0.0, LONGEST_WAIT)
    wait = max(BACKOFF.wait(delivery.tries, fraction), asked)
    return DeliveryEnd(delivery.id, DeliveryState.PENDING, now + wait, str(failure))


def _too_late(outcome: object, seconds: float) -> None:
    raise DeliveryFailed(f"not done within {format_duration(seconds)}")
