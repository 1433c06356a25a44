"""Sinks that are told of a result once, without a memory of it in the store."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from jqengine.interfaces import IResultSink
from jqengine.lifecycle import DeliveryState
from jqengine.sinktools import Parcel
from jqengine.sinkurl import SinkURL


class Immediate:
    """Hands parcels over and looks no further.  For the reactor thread.

    :param ends: counts how they ended, by the sink's scheme.
    """

    _log = Logger()

    def __init__(self, ends: dict[tuple[str, str], int]) -> None:
        self._ends = ends
        self._under_way: set[Deferred[None]] = set()
        self._failures: dict[str, int] = {}

    def deliver(self, url: SinkURL, sink: IResultSink, parcel: Parcel) -> None:
        """Deliver once; a failure is logged, if not every one of many."""
        delivery: Deferred[None] = maybeDeferred(sink.deliver, parcel)
        delivery.addCallback(self._arrived, url).addErrback(self._failed, url, parcel)
        if not delivery.called:
            self._under_way.add(delivery)
            delivery.addBoth(lambda _: self._under_way.discard(delivery))

    @property
    def under_way(self) -> Sequence[Deferred[None]]:
        """What has begun and not ended."""
        return tuple(self._under_way)

    def _arrived(self, _: None, url: SinkURL) -> None:
        self._ends[url.scheme, DeliveryState.DELIVERED.value] += 1
        self._failures.pop(url.text, None)

    def _failed(self, failure: Failure, url: SinkURL, parcel: Parcel) -> None:
        self._ends[url.scheme, DeliveryState.DEAD.value] += 1
        count = self._failures[url.text] = self._failures.get(url.text, 0) + 1
        # The first, the tenth, the hundredth: a broken pipe must not fill the log.
        if str(count).strip("0") == "1":
            self._log.error(
                "{sink} did not take the result of {job}: {reason} ({count} in a row)",
                sink=url.label,
                job=parcel.run.label,
                reason=failure.getErrorMessage(),
                count=count,
            )
