"""``stdout:`` prints whole results, and a reader who sleeps stops nobody."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from jqengine.errors import DeliveryFailed
from jqengine.sinks.stdout import MOST_WAITING, StdoutSink, rendering
from jqengine.sinkurl import SinkURL
from tests.sinks.values import ATTACKS, a_parcel, a_result, a_run, some_tools

URL = SinkURL(text="stdout:", scheme="stdout", target="")


class HeldThread:
    """A thread whose work is done when the test says so."""

    def __init__(self) -> None:
        self.held: list[tuple[Callable[[], Any], Deferred[Any]]] = []

    def __call__(self, function: Callable[[], Any]) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self.held.append((function, done))
        return done

    def step(self) -> None:
        function, done = self.held.pop(0)
        try:
            done.callback(function())
        except OSError:
            done.errback()


@pytest.fixture
def thread() -> HeldThread:
    return HeldThread()


def test_a_result_is_a_status_line_and_its_body() -> None:
    assert rendering(a_run(), a_result()) == (
        b"GET /reports/nightly?fmt=pdf (nightly): 200 OK in 1.000 s\nhello\n"
    )
    assert rendering(a_run(name=None), a_result(b"")).endswith(b"fmt=pdf: 200 OK in 1.000 s\n")
    assert rendering(a_run(), a_result(b"cut", truncated=True)).endswith(b"cut\n[cut off here]\n")


@pytest.mark.parametrize("text", ATTACKS)
def test_neither_a_name_nor_a_reason_forges_a_line(text: str) -> None:
    printed = rendering(a_run(name=text), a_result(reason=text, body=b"")).decode()
    assert printed.count("\n") == 1
    assert printed.rstrip("\n").isprintable()


def test_what_comes_during_a_write_forms_the_next_one(thread: HeldThread) -> None:
    stream = io.BytesIO()
    sink = StdoutSink(URL, some_tools(in_thread=thread, stdout=stream))
    printed = [sink.deliver(a_parcel(a_result(b"%d" % number))) for number in range(3)]
    assert len(thread.held) == 1
    thread.step()
    assert [one.called for one in printed] == [True, False, False]
    thread.step()
    assert [one.called for one in printed] == [True, True, True]
    assert not thread.held
    bodies = [line for line in stream.getvalue().split(b"\n") if line.isdigit()]
    assert bodies == [b"0", b"1", b"2"]


def test_memory_stays_bounded_when_nobody_reads(thread: HeldThread) -> None:
    stream = io.BytesIO()
    sink = StdoutSink(URL, some_tools(in_thread=thread, stdout=stream))
    large = a_parcel(a_result(b"x" * (MOST_WAITING // 4)))
    outcomes = [sink.deliver(large) for _ in range(10)]
    refused = [one for one in outcomes if one.called]
    assert len(refused) == 7
    for one in refused:
        one.addErrback(lambda failure: failure.trap(DeliveryFailed))
    thread.step()
    thread.step()
    assert sink.deliver(a_parcel()).called is False  # there is room again
    thread.step()


def test_one_result_larger_than_all_room_is_printed(thread: HeldThread) -> None:
    sink = StdoutSink(URL, some_tools(in_thread=thread))
    printed = sink.deliver(a_parcel(a_result(b"x" * (MOST_WAITING + 1))))
    thread.step()
    assert printed.called


def test_a_closed_stream_is_a_failure_and_the_next_result_is_tried(thread: HeldThread) -> None:
    class Closed(io.BytesIO):
        def flush(self) -> None:
            raise BrokenPipeError("gone")

    sink = StdoutSink(URL, some_tools(in_thread=thread, stdout=Closed()))
    for _ in range(2):
        failed = sink.deliver(a_parcel())
        thread.step()
        failed.addErrback(lambda failure: failure.trap(BrokenPipeError))


def test_a_cancelled_delivery_harms_no_other(thread: HeldThread) -> None:
    sink = StdoutSink(URL, some_tools(in_thread=thread))
    one, other = sink.deliver(a_parcel()), sink.deliver(a_parcel())
    for delivery in (one, other):
        delivery.addErrback(lambda failure: None)
    one.cancel()
    other.cancel()
    thread.step()
    thread.step()
    third = sink.deliver(a_parcel())
    thread.step()
    assert third.called
