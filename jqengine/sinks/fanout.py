"""Every result to every sink of its run; a broken one harms nobody else."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.plugin import getPlugins
from twisted.python.failure import Failure
from zope.interface import implementer

from jqengine.errors import BadValue
from jqengine.interfaces import IDelivery, IResultSink, IResultSinkFactory
from jqengine.job import Result, Run
from jqengine.sinktools import SinkTools


def installed_factories() -> dict[str, IResultSinkFactory]:
    """Every sink factory that is installed, by the schemes it serves.

    Twisted plugins of :class:`~jqengine.interfaces.IResultSinkFactory`; the
    built-in ones are found in the same way.
    """
    plugins: Iterable[IResultSinkFactory] = getPlugins(IResultSinkFactory)
    return {scheme: factory for factory in plugins for scheme in factory.schemes}


class Sinks:
    """Sink URLs become sinks, each made once.  For the reactor thread."""

    def __init__(self, factories: dict[str, IResultSinkFactory], tools: SinkTools) -> None:
        self._factories = factories
        self._tools = tools
        self._made: dict[str, IResultSink] = {}

    def sink(self, url: str) -> IResultSink:
        """The sink of *url*.

        :raises BadValue: no factory serves its scheme, or it is malformed.
        """
        if url not in self._made:
            self._made[url] = self._factory(url).sink(url, self._tools)
        return self._made[url]

    def _factory(self, url: str) -> IResultSinkFactory:
        scheme = url.partition(":")[0].lower()
        if scheme not in self._factories:
            known = ", ".join(f"{one}:" for one in sorted(self._factories))
            raise BadValue(f"{url!r} names no sink; expected one of {known}")
        return self._factories[scheme]


@implementer(IDelivery)
class Fanout:
    """Hands each result to all sinks of its run.  For the reactor thread."""

    _log = Logger()

    def __init__(self, sinks: Sinks) -> None:
        self._sinks = sinks

    def deliver(self, run: Run, result: Result) -> None:
        """Send *result* to every sink of *run*; failures are logged."""
        for url in run.sinks:
            delivery: Deferred[None] = maybeDeferred(self._deliver_one, url, run, result)
            delivery.addErrback(self._failed, url, run)

    def _deliver_one(self, url: str, run: Run, result: Result) -> Deferred[None]:
        return self._sinks.sink(url).deliver(run, result)

    def _failed(self, failure: Failure, url: str, run: Run) -> None:
        self._log.error(
            "{url} did not take the result of {job}: {reason}",
            url=url,
            job=run.label,
            reason=failure.getErrorMessage(),
        )
