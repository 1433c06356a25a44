"""Every result to every sink of its run; a broken one harms nobody else."""

from __future__ import annotations

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from jqengine.delivery import NOTHING_TO_DISPATCH, Dispatch
from jqengine.interfaces import IDelivery
from jqengine.job import Outcome, Result, Run, Verdict
from jqengine.redaction import Redactor
from jqengine.sinks.catalogue import Catalogue
from jqengine.sinks.choice import wants
from jqengine.sinktools import Parcel


@implementer(IDelivery)
class Fanout:
    """Hands each result to all sinks of its run.  For the reactor thread."""

    _log = Logger()

    def __init__(self, catalogue: Catalogue, redactor: Redactor) -> None:
        self._catalogue = catalogue
        self._redactor = redactor

    def plan(self, run: Run, result: Result, verdict: Verdict) -> Dispatch:
        """Nothing is remembered."""
        return NOTHING_TO_DISPATCH

    def deliver(self, run: Run, outcome: Outcome) -> None:
        """Send the result to every sink of *run*; failures are logged."""
        for url in run.sinks:
            delivery: Deferred[None] = maybeDeferred(self._deliver_one, url, run, outcome.result)
            delivery.addErrback(self._failed, url, run)

    def _deliver_one(self, text: str, run: Run, result: Result) -> Deferred[None]:
        url, sink = self._catalogue.sink(text)
        if not wants(url.on, result.status):
            return succeed(None)
        parcel = Parcel(
            id=f"{run.id}-{run.attempt}",
            run=self._redactor.run(run, url.reveal),
            result=self._redactor.result(result, url.reveal),
        )
        return sink.deliver(parcel)

    def _failed(self, failure: Failure, url: str, run: Run) -> None:
        self._log.error(
            "{url} did not take the result of {job}: {reason}",
            url=url.partition("#")[0],
            job=run.label,
            reason=failure.getErrorMessage(),
        )
