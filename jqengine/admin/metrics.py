"""``/metrics``: what the engine has counted, in the formats of Prometheus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer

from jqengine.admin.answer import Answer, text
from jqengine.admin.metricstable import METRICS, Kind, Metric
from jqengine.admin.root import send
from jqengine.measures import Distribution

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric as Family

Labels = tuple[str, ...]
Number = float | Distribution
Values = Mapping[Labels, Number]
"""The values of a metric, by the values of its labels; one without labels has the empty tuple."""

Source = Callable[[], Values]


class Metrics:
    """Reads the engine's measures when it is asked, and writes them down.

    It keeps no registry, so nothing is shared with another engine of the process,
    or with what the application counts for itself.  For the reactor thread.

    :param sources: gives the values of each metric of :data:`METRICS`, by its
        name, but for those of the store.
    :param ask_store: gives those, by name; never fails, and takes no longer
        than a monitor will wait.
    :param node: the name of this node.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        ask_store: Callable[[], Awaitable[Mapping[str, Values]]],
        node: Callable[[], str],
    ) -> None:
        self._sources = sources
        self._ask_store = ask_store
        self._node = node

    async def answer(self, accept: str) -> Answer:
        """The metrics of now, in the format that the header *accept* asks for."""
        # Half of what an engine takes to start, and many are never asked.
        from prometheus_client.exposition import choose_encoder  # noqa: PLC0415

        values = {name: source() for name, source in self._sources.items()}
        values |= await self._ask_store()
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError):  # it does not take every version that is asked for
            encode, content_type = choose_encoder("")
        return Answer(200, content_type, encode(_Collected(values, self._node())))


class _Collected:
    """The values of one moment, as an encoder reads them."""

    def __init__(self, values: Mapping[str, Values], node: str) -> None:
        self._values = values
        self._node = node

    def collect(self) -> Iterator[Family]:
        from prometheus_client import ProcessCollector  # noqa: PLC0415  # as above

        for metric in METRICS:
            if metric.name in self._values:
                yield _family(metric, self._values[metric.name], self._node)
        for family in ProcessCollector(registry=None).collect():
            family.samples = [
                sample._replace(labels={**sample.labels, "node": self._node})
                for sample in family.samples
            ]
            yield family


def _family(metric: Metric, values: Values, node: str) -> Family:
    from prometheus_client import core  # noqa: PLC0415  # as above

    makers: Mapping[Kind, Any] = {
        Kind.COUNTER: core.CounterMetricFamily,
        Kind.GAUGE: core.GaugeMetricFamily,
        Kind.HISTOGRAM: core.HistogramMetricFamily,
    }
    family = makers[metric.kind](metric.name, metric.help, labels=(*metric.labels, "node"))
    for labels, number in sorted(values.items(), key=lambda item: item[0]):
        if isinstance(number, Distribution):
            buckets, total = _buckets(number), number.total
            family.add_metric((*labels, node), buckets=buckets, sum_value=total)
        else:
            family.add_metric((*labels, node), number)
    return family  # type: ignore[no-any-return]


def _buckets(distribution: Distribution) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus has them."""
    found, so_far = [], 0
    bounds = [*map(str, map(float, distribution.bounds)), "+Inf"]
    for bound, count in zip(bounds, distribution.counts, strict=True):
        so_far += count
        found.append((bound, float(so_far)))
    return found


@implementer(IResource)
class MetricsResource:
    """Serves them; whoever asks was let in."""

    isLeaf = True  # noqa: N815

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def render(self, request: Request) -> int:
        """Answer *request*."""
        answering = Deferred.fromCoroutine(self._answer(request))
        answering.addErrback(request.processingFailed)
        return NOT_DONE_YET

    async def _answer(self, request: Request) -> None:
        gone: list[object] = []
        request.notifyFinish().addBoth(gone.append)
        answer = await self._made(request)
        if not gone:
            send(request, answer)

    async def _made(self, request: Request) -> Answer:
        if request.method not in (b"GET", b"HEAD"):
            return text(405, "only GET and HEAD are answered")._replace(
                headers=(("Allow", "GET, HEAD"),)
            )
        if request.postpath != [b"metrics"]:
            return text(404, "there is nothing here")
        accept = (request.getHeader(b"Accept") or b"").decode("latin-1")
        return await self._metrics.answer(accept)

    def getChildWithDefault(self, name: bytes, request: Request) -> IResource:
        """There is nothing below a leaf.

        :raises RuntimeError: always.
        """
        raise RuntimeError("the metrics have no child resources")

    def putChild(self, path: bytes, child: IResource) -> None:
        """There can be nothing below a leaf.

        :raises RuntimeError: always.
        """
        raise RuntimeError("the metrics cannot have child resources")
