"""A real engine and a collector that speaks OTLP over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.system.engine_process import engine

APPLICATION = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/schedule":
        environ["jobqueue"].schedule("/job?token=s3cret", headers={"Cookie": "s3cret"})
    return [environ["HTTP_TRACEPARENT"].encode()]
"""
TRACE = "0af7651916cd43dd8448eb211c80319c"


class Collector(ThreadingHTTPServer):
    """Takes spans."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.spans: list[Any] = []
        self.bodies = b""
        self.news = threading.Condition()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def take(self, body: bytes) -> None:
        """Keep what is in *body*."""
        sent = ExportTraceServiceRequest.FromString(body)
        with self.news:
            self.bodies += body
            for one in sent.resource_spans:
                self.spans += [span for scope in one.scope_spans for span in scope.spans]
            self.news.notify_all()

    def named(self, *names: str) -> list[Any]:
        """Spans of those names, once they are there."""
        deadline = time.monotonic() + 30
        with self.news:
            while missing := [one for one in names if one not in {s.name for s in self.spans}]:
                if not self.news.wait(deadline - time.monotonic()):
                    raise AssertionError(f"no {missing} in {[span.name for span in self.spans]}")
            return [next(span for span in self.spans if span.name == name) for name in names]


class Taking(BaseHTTPRequestHandler):
    """One export."""

    def do_POST(self) -> None:
        assert isinstance(self.server, Collector)
        self.server.take(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever, args=(0.05,))
        thread.start()
        yield collector
        collector.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.wsgi").write_text(APPLICATION)
    return tmp_path


def test_a_request_its_job_and_its_delivery_are_one_trace(
    folder: Path, collector: Collector
) -> None:
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    arguments = ("--app", "app.wsgi", "--otel", "on", "--sink", "file:results")
    with engine(folder, *arguments, environment=environment) as one:
        status, seen = one.ask("/schedule", traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
        assert status == 200
        names = ("GET", "schedule GET", "run GET", "deliver file")
        request, schedule, run, delivery = collector.named(*names)
        one.stop()
    [result, *_] = (folder / "results").iterdir()
    for span in (request, schedule, run, delivery):
        assert span.trace_id.hex() == TRACE
        assert span.start_time_unix_nano <= span.end_time_unix_nano
    assert request.parent_span_id.hex() == "b7ad6b7169203331"
    assert seen.decode() == f"00-{TRACE}-{request.span_id.hex()}-01"
    assert schedule.parent_span_id == run.parent_span_id == request.span_id
    assert delivery.parent_span_id == run.span_id
    assert f"-{run.span_id.hex()}-" in result.read_text(), "the application is beneath the run"
    assert b"s3cret" not in collector.bodies


def test_what_is_left_at_the_end_is_sent(folder: Path, collector: Collector) -> None:
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
        "OTEL_BSP_SCHEDULE_DELAY": "3600000",
    }
    with engine(folder, "--app", "app.wsgi", "--otel", "on", environment=environment) as one:
        assert one.ask("/")[0] == 200
        assert collector.spans == []
        one.stop()
    assert [span.name for span in collector.spans] == ["GET"]


def test_a_collector_that_is_away_harms_nothing(folder: Path) -> None:
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_BSP_SCHEDULE_DELAY": "20",
        "OTEL_BSP_MAX_QUEUE_SIZE": "64",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "8",
    }
    with engine(folder, "--app", "app.wsgi", "--otel", "on", environment=environment) as one:
        for _ in range(200):
            assert one.ask("/")[0] == 200
        began = time.monotonic()
        one.stop()
        assert time.monotonic() - began < 10
        complaints = [message for message in one.messages if "OpenTelemetry" in message]
    assert len(complaints) <= 1
    assert all("message" in event and "time" in event for event in one.events), "JSON, every line"
