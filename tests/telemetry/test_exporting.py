"""Spans on their way out, by OpenTelemetry's SDK and its exporter in memory."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.web.test.requesthelper import DummyRequest

from jqengine.clock import SystemClock
from jqengine.errors import ConfigurationError
from jqengine.interfaces import IStore
from jqengine.job import Job, Owner
from jqengine.telemetry import exporting
from jqengine.telemetry.exporting import Exporting, processors_of
from jqengine.telemetry.requests import RequestSpans, Traced
from jqengine.telemetry.spans import Kind, Place, Span
from jqengine.telemetry.tracing import told_of_jobs
from tests.dispatch.values import NOW, a_job

TRACE = "0af7651916cd43dd8448eb211c80319c"
OWNER = Owner("node", "boot")


class Outlet:
    """An exporting service, and what came out of it."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.exporting = Exporting(
            InlineReactor(), lambda bits: 7, lambda: [SimpleSpanProcessor(self.exporter)]
        )

    @property
    def spans(self) -> Any:
        return self.exporter.get_finished_spans()


class InlineReactor(Clock):
    """One that calls at once what a thread gives it."""

    def callFromThread(self, function: Callable[..., object], *arguments: object) -> None:
        function(*arguments)


@pytest.fixture
def outlet() -> Iterator[Outlet]:
    outlet = Outlet()
    outlet.exporting.start(OWNER)
    yield outlet
    _stop(outlet.exporting)


def _stop(exporting: Exporting) -> None:
    stopped = exporting.stopService()
    while not stopped.called:  # by the thread that flushes
        pass


def a_span(parent: Place | None, place: Place | None, error: str | None = None) -> Span:
    return Span("run x", Kind.CONSUMER, parent, place, NOW, NOW + 0.5, {"a": 1}, error)


def test_a_span_comes_out_as_it_went_in(outlet: Outlet) -> None:
    parent, place = Place(TRACE, "00000000000000aa"), Place(TRACE, "00000000000000bb")
    outlet.exporting.add(a_span(parent, place, "503"))
    [span] = outlet.spans
    assert (span.name, span.kind) == ("run x", SpanKind.CONSUMER)
    assert (span.parent.span_id, span.context.span_id) == (0xAA, 0xBB)
    assert f"{span.context.trace_id:032x}" == TRACE
    assert (span.start_time, span.end_time) == (NOW * 10**9, (NOW + 0.5) * 10**9)
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "503")
    assert dict(span.attributes) == {"a": 1}
    assert span.resource.attributes["service.name"] == "jqengine"
    assert span.resource.attributes["service.instance.id"] == "node/boot"


def test_a_span_without_a_parent_has_its_own_trace(outlet: Outlet) -> None:
    outlet.exporting.add(a_span(None, Place(TRACE, "00000000000000bb")))
    outlet.exporting.add(a_span(None, None))
    known, made_up = outlet.spans
    assert (f"{known.context.trace_id:032x}", known.context.span_id) == (TRACE, 0xBB)
    assert (made_up.context.trace_id, made_up.context.span_id) == (7, 7)
    assert known.parent is made_up.parent is None


def test_what_the_trace_does_not_record_is_not_sent(outlet: Outlet) -> None:
    outlet.exporting.add(a_span(Place(TRACE, "00000000000000aa", "00"), None))
    assert outlet.spans == ()


def test_the_environment_names_the_service_and_the_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    outlet = Outlet()
    outlet.exporting.start(OWNER)
    for end in ("f", "0"):
        outlet.exporting.add(a_span(None, Place("1" + end * 31, "00000000000000bb")))
    _stop(outlet.exporting)
    assert [f"{span.context.trace_id:032x}" for span in outlet.spans] == ["1" + "0" * 31]
    attributes = outlet.spans[0].resource.attributes
    assert attributes["service.name"] == "shop"
    assert attributes["deployment.environment.name"] == "test"


def test_before_the_start_and_after_the_end_nothing_is_sent() -> None:
    outlet = Outlet()
    outlet.exporting.add(a_span(None, None))
    assert outlet.exporting.begin("GET", Kind.SERVER, None, NOW) is None
    assert outlet.exporting.stopService().called
    assert outlet.spans == ()


def test_what_the_library_says_is_passed_on_once_a_minute(outlet: Outlet) -> None:
    events: list[Any] = []
    globalLogPublisher.addObserver(events.append)
    try:
        for _ in range(1000):
            logging.getLogger("opentelemetry.sdk.x").warning("no\ncollector %s", "there")
    finally:
        globalLogPublisher.removeObserver(events.append)
    said = [event["why"] for event in events if "why" in event]
    assert said == ["no collector there"]


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkinn"}, r"^--otel: OTEL_TR.* no exporter 'zipkinn'; exp"),
        ({"OTEL_TRACES_EXPORTER": "otlp,"}, r"^--otel: OTEL_TRACES.* no exporter ''; expected"),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "carrier/pigeon"},
            r"^--otel: 'carrier/pigeon' is not a protocol of OTLP; expected http/protobuf or grpc$",
        ),
    ],
)
def test_an_environment_that_cannot_be_followed_is_one_line(
    environ: dict[str, str], why: str
) -> None:
    with pytest.raises(ConfigurationError, match=why):
        processors_of(environ)


def test_what_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as without:
        without.setattr(exporting, "entry_points", lambda **wanted: ())
        with pytest.raises(ConfigurationError, match=r"^--otel: opentelemetry-exporter-otlp-pro"):
            processors_of({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"is not installed; pip install 'jqengine\[otel"):
        processors_of({})


def test_the_environment_can_want_no_spans() -> None:
    assert processors_of({"OTEL_SDK_DISABLED": "TRUE"}) is None
    assert processors_of({"OTEL_TRACES_EXPORTER": "none"}) is None
    assert processors_of({}) is not None


def test_nothing_is_imported_unless_it_is_wanted() -> None:
    script = "import sys, jqengine.engine; print([m for m in sys.modules if 'opentelemetry' in m])"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert answer.stdout == "[]\n"


class Root:
    """Answers with the trace that it finds."""

    def render(self, request: Any) -> bytes:
        request.setResponseCode(503)
        answer: bytes = request.requestHeaders.getRawHeaders(b"traceparent")[0]
        return answer


def a_request(method: bytes = b"GET", **headers: str) -> Any:
    request = DummyRequest([b""])
    request.method, request.uri, request.clientproto = method, b"/pay?token=s3cret", b"HTTP/1.1"
    request.code = 200
    request.setResponseCode = lambda code: setattr(request, "code", code)
    request.isSecure = lambda: True
    request.client = IPv4Address("TCP", "192.0.2.1", 4000)
    for name, value in headers.items():
        request.requestHeaders.addRawHeader(name, value)
    return request


def test_what_a_request_does_is_beneath_its_span_and_that_beneath_its_clients(
    outlet: Outlet,
) -> None:
    spans = RequestSpans(outlet.exporting, SystemClock())
    request = a_request(traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
    seen = Traced(Root(), spans).render(request)  # type: ignore[arg-type]
    spans.ended(request)
    spans.ended(request)
    [span] = outlet.spans
    assert seen == f"00-{TRACE}-{span.context.span_id:016x}-01".encode()
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    assert (span.name, span.kind, span.status.status_code) == (
        "GET",
        SpanKind.SERVER,
        StatusCode.ERROR,
    )
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "url.scheme": "https",
        "url.path": "/pay",
        "http.response.status_code": 503,
        "network.protocol.name": "http",
        "network.protocol.version": "1.1",
        "client.address": "192.0.2.1",
        "error.type": "503",
    }


def test_a_made_up_method_makes_up_no_name(outlet: Outlet) -> None:
    spans = RequestSpans(outlet.exporting, SystemClock())
    request = a_request(b"M" * 100)
    spans.began(request)
    spans.ended(request)
    [span] = outlet.spans
    assert (span.name, span.parent) == ("HTTP", None)
    assert span.attributes["http.request.method"] == "_OTHER"
    assert span.attributes["http.request.method_original"] == "M" * 32


def test_whoever_asks_a_store_is_told_of_what_it_accepts_and_no_more() -> None:
    told: list[Any] = []
    old: Any = a_job()
    new: Any = SimpleNamespace(id="job-2")

    def add(jobs: list[Job]) -> Deferred[list[Job]]:
        return succeed([old, new])

    store = SimpleNamespace(add=add, close=lambda: "closed")
    clock: Any = SimpleNamespace(now=lambda: NOW)
    noting = told_of_jobs(store, clock, lambda *facts: told.append(facts))
    noting.add([SimpleNamespace(id="said again"), new])
    assert told == [([new], NOW)]
    assert noting.close() == "closed"
    assert not IStore.providedBy(noting)
