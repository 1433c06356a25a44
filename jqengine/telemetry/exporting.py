"""The way of spans out of this process: OpenTelemetry's SDK and an exporter of its own choice.

Everything is as the standard's ``OTEL_*`` variables say it.  The SDK keeps a bounded
number of spans, sends them in a thread of its own, and drops what is too many, so
that a collector that is away costs nothing but its spans.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from importlib.util import find_spec
from threading import Thread
from typing import Any, cast

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from jqengine.errors import ConfigurationError
from jqengine.job import Owner
from jqengine.telemetry.spans import SYSTEM, Attributes, Kind, Place, Span
from jqengine.version import VERSION

LAST_PATIENCE = 5.0
"""Seconds that a stopping engine waits for its last spans to be sent."""

_PLUGINS = "opentelemetry_traces_exporter"
_OTLP = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_NO_SPAN = "0" * 16

Processors = Callable[[], Sequence[Any]]
"""Makes the SDK's span processors, threads and all."""


def processors_of(environ: Mapping[str, str]) -> Processors | None:
    """What *environ* asks for; ``None`` where it wants no spans.

    :raises ConfigurationError: the library, or an exporter, is not installed.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    if find_spec("opentelemetry.sdk" if find_spec("opentelemetry") else "opentelemetry") is None:
        raise ConfigurationError(
            "--otel: OpenTelemetry is not installed; pip install 'jqengine[otel]'"
        )
    names = environ.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    exporters = [_exporter(name.strip(), environ) for name in names.split(",")]
    wanted = [exporter for exporter in exporters if exporter is not None]
    return (lambda: _in_batches(wanted)) if wanted else None


def _exporter(name: str, environ: Mapping[str, str]) -> Callable[[], Any] | None:
    if name == "none":
        return None
    plugin = _otlp(environ) if name == "otlp" else name
    for found in entry_points(group=_PLUGINS, name=plugin):
        exporter: Callable[[], Any] = found.load()
        return exporter
    if name == "otlp":
        package = f"opentelemetry-exporter-{plugin.replace('_', '-')}"
        raise ConfigurationError(f"--otel: {package} is not installed")
    raise ConfigurationError(
        f"--otel: OTEL_TRACES_EXPORTER: there is no exporter {name!r};"
        " expected otlp, console, none or one that is installed"
    )


def _otlp(environ: Mapping[str, str]) -> str:
    variables = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    said = next(filter(None, map(environ.get, variables)), "http/protobuf")
    if said not in _OTLP:
        raise ConfigurationError(
            f"--otel: {said!r} is not a protocol of OTLP; expected {' or '.join(_OTLP)}"
        )
    return _OTLP[said]


def _in_batches(exporters: Sequence[Callable[[], Any]]) -> Sequence[Any]:
    # Heavy, and not there unless it is wanted.
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    return [BatchSpanProcessor(exporter()) for exporter in exporters]


class Exporting(Service):
    """Sends spans away.  For the reactor thread.

    :param reactor: of that thread.
    :param random_bits: like ``random.getrandbits``, for ids of spans.
    :param processors: called as the service starts, because threads do not
        survive a fork.
    """

    def __init__(
        self, reactor: Any, random_bits: Callable[[int], int], processors: Processors
    ) -> None:
        self._reactor = reactor
        self._processors = processors
        self._ids = _Ids(random_bits)
        self._complaints = _Complaints()
        self._provider: Any = None
        self._tracer: Any = None

    def start(self, owner: Owner) -> None:
        """Begin, as the instance *owner* of a service.

        :raises ConfigurationError: a variable is not what it should be.
        """
        super().startService()
        self._complaints.begin()
        try:
            self._provider = self._make_provider(owner)
        except (ValueError, TypeError, OSError, ImportError) as error:
            raise ConfigurationError(f"--otel: {error}") from None
        self._tracer = self._provider.get_tracer("jqengine", VERSION)

    def stopService(self) -> Deferred[None]:
        """Send what there is, but not for long.  What comes after is dropped."""
        super().stopService()
        provider, self._provider, self._tracer = self._provider, None, None
        if provider is None:
            self._complaints.end()
            return succeed(None)
        sent: Deferred[None] = Deferred()
        Thread(target=self._shut, args=(provider, sent), name="otel-end", daemon=True).start()
        sent.addTimeout(LAST_PATIENCE, self._reactor, lambda *_: None)
        return sent.addBoth(lambda _: self._complaints.end())

    def add(self, span: Span) -> None:
        """Send *span*."""
        if self._tracer is None:
            return
        opened = self._open(span.name, span.kind, span.parent, span.place, span.began)
        _end(opened, span.ended, span.attributes, span.error)

    def begin(self, name: str, kind: Kind, parent: Place | None, began: float) -> OpenSpan | None:
        """A span that goes on, or ``None`` when this service does not run."""
        if self._tracer is None:
            return None
        return OpenSpan(self._open(name, kind, parent, None, began))

    def _open(
        self, name: str, kind: Kind, parent: Place | None, place: Place | None, began: float
    ) -> Any:
        from opentelemetry.trace import SpanKind  # noqa: PLC0415  # loaded long since

        self._ids.next = place
        return self._tracer.start_span(
            name, _context_of(parent), SpanKind[kind.name], start_time=_nanoseconds(began)
        )

    def _make_provider(self, owner: Owner) -> Any:
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

        provider = TracerProvider(
            resource=_resource_of(owner), id_generator=cast(Any, self._ids), shutdown_on_exit=False
        )
        for processor in self._processors():
            provider.add_span_processor(processor)
        return provider

    def _shut(self, provider: Any, sent: Deferred[None]) -> None:
        try:
            provider.shutdown()
        finally:
            self._reactor.callFromThread(sent.callback, None)


class OpenSpan:
    """A span that has begun.

    :ivar place: where it is, for what is beneath it.
    """

    def __init__(self, span: Any) -> None:
        self._span = span
        context = span.get_span_context()
        self.place = Place(
            f"{context.trace_id:032x}", f"{context.span_id:016x}", f"{context.trace_flags:02x}"
        )

    def end(self, ended: float, attributes: Attributes, error: str | None) -> None:
        """It has ended, and is sent."""
        _end(self._span, ended, attributes, error)


class _Ids:
    """The ids of the next span: those it has already, or new ones.

    An ``IdGenerator`` of the SDK, but for its base, which is not imported unless it is wanted.
    """

    def __init__(self, random_bits: Callable[[int], int]) -> None:
        self._random_bits = random_bits
        self.next: Place | None = None

    def generate_span_id(self) -> int:
        """Of the span that is being made."""
        place, self.next = self.next, None
        return self._random_bits(64) or 1 if place is None else int(place.span, 16)

    def generate_trace_id(self) -> int:
        """Of the same span when it has no parent; asked for first."""
        return self._random_bits(128) or 1 if self.next is None else int(self.next.trace, 16)

    def is_trace_id_random(self) -> bool:
        """Not where it is made of a run's id."""
        return False


class _Complaints(logging.Handler):
    """Passes on what the SDK logs, once a minute: a collector may be away for long."""

    INTERVAL = 60.0

    _log = Logger()

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._next = 0.0
        self._unsaid = 0
        self._logger = logging.getLogger("opentelemetry")
        self._propagated = True

    def begin(self) -> None:
        """Take the place of whoever prints them."""
        self._propagated, self._logger.propagate = self._logger.propagate, False
        self._logger.addHandler(self)

    def end(self) -> None:
        """Leave all as it was."""
        if self in self._logger.handlers:
            self._logger.removeHandler(self)
            self._logger.propagate = self._propagated

    def emit(self, record: logging.LogRecord) -> None:
        """Say it, or count it."""
        if record.created < self._next:
            self._unsaid += 1
            return
        count, self._unsaid = self._unsaid, 0
        self._next = record.created + self.INTERVAL
        why = " ".join(record.getMessage().split())[:300]
        if count:
            self._log.warn("OpenTelemetry: {why} (and {count} before)", why=why, count=count)
        else:
            self._log.warn("OpenTelemetry: {why}", why=why)


def _context_of(parent: Place | None) -> Any:
    from opentelemetry.context import Context  # noqa: PLC0415
    from opentelemetry.trace import (  # noqa: PLC0415
        NonRecordingSpan,
        SpanContext,
        TraceFlags,
        set_span_in_context,
    )

    if parent is None:
        return Context()
    trace, span, flags = (int(digits, 16) for digits in parent)
    context = SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(flags))
    return set_span_in_context(NonRecordingSpan(context), Context())


def _end(span: Any, ended: float, attributes: Attributes, error: str | None) -> None:
    from opentelemetry.trace import StatusCode  # noqa: PLC0415

    span.set_attributes(attributes)
    if error is not None:
        span.set_status(StatusCode.ERROR, error)
    span.end(_nanoseconds(ended))


def _resource_of(owner: Owner) -> Any:
    """This engine, under the name that the environment says."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415

    ours = {
        "service.name": SYSTEM,
        "service.version": VERSION,
        "service.instance.id": f"{owner.node}/{owner.boot}",
    }
    return Resource.create(ours).merge(OTELResourceDetector().detect())


def _nanoseconds(instant: float) -> int:
    return round(instant * 1e6) * 1000
