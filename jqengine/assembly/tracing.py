"""Spans of all that the engine does, or of nothing at no cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.web.resource import IResource

from jqengine.assembly.surroundings import Surroundings
from jqengine.delivery import Delivery
from jqengine.interfaces import IRunEvents
from jqengine.job import Owner, Run
from jqengine.telemetry.exporting import Exporting, Processors, processors_of
from jqengine.telemetry.requests import RequestSpans, Traced
from jqengine.telemetry.tracing import JobSpans, told_of_jobs

Tried = Callable[[Delivery, Run, float, str | None], None]


class Tracing:
    """No spans at all.  For the reactor thread."""

    tried: Tried | None = None

    def around(self, root: IResource) -> IResource:
        """*root*, whose requests are spans."""
        return root

    def ended(self, then: Callable[[Any], None] | None) -> Callable[[Any], None] | None:
        """What is called with each request that has ended: *then*, if there is nothing else."""
        return then

    def told(self, store: Any) -> Any:
        """*store*, whose accepted jobs are spans."""
        return store

    def start(self, owner: Owner, events: IRunEvents) -> None:
        """Begin to send spans.

        :raises ConfigurationError: the environment does not say how.
        """

    def stop(self) -> Deferred[None]:
        """Send what there is, but not for long."""
        return succeed(None)


class OpenTelemetry(Tracing):
    """Spans by OpenTelemetry."""

    def __init__(self, world: Surroundings, processors: Processors) -> None:
        self._clock = world.clock
        self._exporting = Exporting(world.reactor, world.random.getrandbits, processors)
        self._jobs = JobSpans(self._exporting, world.clock)
        self._requests = RequestSpans(self._exporting, world.clock)
        self.tried = self._jobs.tried

    def around(self, root: IResource) -> IResource:
        """*root*, whose requests are spans."""
        return Traced(root, self._requests)

    def ended(self, then: Callable[[Any], None] | None) -> Callable[[Any], None]:
        """Ends the span of a request, and goes on with *then*."""
        if then is None:
            return self._requests.ended

        def both(request: Any) -> None:
            self._requests.ended(request)
            then(request)

        return both

    def told(self, store: Any) -> Any:
        """*store*, whose accepted jobs are spans."""
        return told_of_jobs(store, self._clock, self._jobs.accepted)

    def start(self, owner: Owner, events: IRunEvents) -> None:
        """Begin to send spans, in threads of their own."""
        self._exporting.start(owner)
        events.subscribe(self._jobs)

    def stop(self) -> Deferred[None]:
        """Send what there is, but not for long."""
        return self._exporting.stopService()


def tracing_of(wanted: bool, world: Surroundings, environ: Mapping[str, str]) -> Tracing:
    """What ``--otel`` and the ``OTEL_*`` variables of *environ* ask for.

    :raises ConfigurationError: it is not installed.
    """
    processors = processors_of(environ) if wanted else None
    return Tracing() if processors is None else OpenTelemetry(world, processors)
