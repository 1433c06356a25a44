"""The deliverer: every result to every sink, in order, through failures and restarts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.logger import globalLogPublisher
from zope.interface.verify import verifyObject

from jqengine.delivery import Delivery, DeliveryEnd
from jqengine.errors import DeliveryFailed
from jqengine.interfaces import IDelivery
from jqengine.lifecycle import DeliveryState
from jqengine.sinks.deliverer import MOST_TRIES, TRY_TIMEOUT, end_of_try
from jqengine.sinks.lane import WIDTH
from tests.sinks.delivering import NOW, REDACTOR, Office


@pytest.fixture
def office() -> Iterator[Office]:
    one = Office()
    one.deliverer.startService()
    yield one
    stopped = one.deliverer.stopService()
    one.pass_time(11)
    assert stopped.called
    assert not one.reactor.getDelayedCalls()


def test_it_is_what_the_recorder_hands_results_to(office: Office) -> None:
    assert verifyObject(IDelivery, office.deliverer)


def test_a_result_reaches_all_its_sinks_once(office: Office) -> None:
    run_id = office.result("test:a", "test:b", "now:c", "test:a")
    assert sorted(to for to, _ in office.receiver.parcels) == ["a", "b", "c"]
    assert office.states(run_id) == ["delivered", "delivered"]
    office.pass_time(120)
    assert len(office.receiver.parcels) == 3


def test_what_is_not_durable_leaves_no_row(office: Office) -> None:
    assert office.states(office.result("now:c")) == []
    assert office.states(office.result()) == []


def test_a_failure_is_tried_again_with_the_same_id(office: Office) -> None:
    answers = [RuntimeError("no"), DeliveryFailed("not yet"), None]
    office.receiver.answer = lambda parcel: answers.pop(0)
    run_id = office.result("test:a")
    assert office.states(run_id) == ["pending"]
    (delivery,) = office.store.deliveries_.deliveries(run_id)
    assert (delivery.tries, delivery.reason) == (1, "RuntimeError: no")
    office.pass_time(60)
    assert office.states(run_id) == ["delivered"]
    ids = {parcel.id for _, parcel in office.receiver.parcels}
    assert ids == {delivery.id}
    assert len(office.receiver.parcels) == 3


def test_a_broken_sink_delays_neither_the_others_nor_itself_for_long(office: Office) -> None:
    hanging: list[Deferred[None]] = []

    def answer(parcel: Any) -> Any:
        if parcel.result.body == b"hang":
            hanging.append(Deferred())
            return hanging[-1]
        return None

    office.receiver.answer = answer
    for number in range(20):
        office.result("test:slow", body=b"hang", job=f"slow {number}")
    office.result("test:quick", body=b"quick", job="other")
    assert len(hanging) == WIDTH
    assert office.receiver.bodies("quick") == [b"quick"]


def test_deliveries_of_one_job_to_one_sink_come_in_order_one_at_a_time(office: Office) -> None:
    under_way: list[Deferred[None]] = []

    def answer(parcel: Any) -> Deferred[None]:
        under_way.append(Deferred())
        return under_way[-1]

    office.receiver.answer = answer
    for number in range(5):
        office.result("test:a", body=b"%d" % number)
    assert office.receiver.bodies() == [b"0"]
    under_way.pop().errback(RuntimeError("no"))
    office.pass_time(4)
    assert office.receiver.bodies() == [b"0", b"0"]
    for expected in range(1, 5):
        under_way.pop().callback(None)
        assert office.receiver.bodies()[-1] == b"%d" % expected
    under_way.pop().callback(None)


def test_a_dead_letter_lets_the_next_pass_and_can_be_redriven(office: Office) -> None:
    office.receiver.answer = lambda parcel: (
        DeliveryFailed("no such user", permanent=True) if parcel.result.body == b"bad" else None
    )
    bad, good = office.result("test:a", body=b"bad"), office.result("test:a", body=b"good")
    assert (office.states(bad), office.states(good)) == (["dead"], ["delivered"])
    (dead,) = office.store.deliveries_.dead_deliveries(None, 10)
    assert (dead.run_id, dead.reason) == (bad, "no such user")
    office.receiver.answer = lambda parcel: None
    Deferred.fromCoroutine(office.deliverer.redrive([dead.id]))
    assert office.states(bad) == ["delivered"]
    assert office.receiver.parcels[-1][1].id == dead.id


def test_after_many_tries_it_is_given_up(office: Office) -> None:
    office.receiver.answer = lambda parcel: RuntimeError("no")
    run_id = office.result("test:a")
    office.pass_time(3 * 86400, step=20)
    assert office.states(run_id) == ["dead"]
    assert len(office.receiver.parcels) == MOST_TRIES
    (dead,) = office.store.deliveries_.dead_deliveries(None, 10)
    assert 4 * 3600 < dead.ready - NOW < 36 * 3600


def test_a_sink_that_never_answers_is_given_up_in_time(office: Office) -> None:
    cancelled: list[object] = []
    office.receiver.answer = lambda parcel: Deferred(cancelled.append)
    run_id = office.result("test:a")
    office.pass_time(TRY_TIMEOUT + 1)
    assert office.states(run_id) == ["pending"]
    assert len(cancelled) == 1
    (delivery,) = office.store.deliveries_.deliveries(run_id)
    assert delivery.reason == "not done within 3m20s"
    office.receiver.answer = lambda parcel: None
    office.pass_time(10)


def test_nothing_is_lost_when_the_process_dies_at_any_point(office: Office) -> None:
    office.receiver.answer = lambda parcel: Deferred()
    before, during = office.result("test:a", announce=False), office.result("test:b")
    assert (office.states(before), office.states(during)) == (["pending"], ["delivering"])
    office.receiver.answer = lambda parcel: None
    office.restart()
    assert (office.states(before), office.states(during)) == (["delivered"], ["delivered"])
    assert [to for to, _ in office.receiver.parcels] == ["b", "a", "b"]
    assert office.receiver.parcels[0][1].id == office.receiver.parcels[2][1].id


def test_a_delivery_that_kills_the_process_cannot_do_so_for_ever(office: Office) -> None:
    office.receiver.answer = lambda parcel: Deferred()
    run_id = office.result("test:a")
    for _ in range(3):
        office.restart()
    (delivery,) = office.store.deliveries_.deliveries(run_id)
    assert delivery.tries == 4
    office.receiver.answer = lambda parcel: None
    office.restart()


def test_a_store_that_is_away_stops_nothing_for_good(office: Office) -> None:
    tries: list[Deferred[None]] = []

    def answer(parcel: Any) -> Deferred[None]:
        tries.append(Deferred())
        return tries[-1]

    office.receiver.answer = answer
    first = office.result("test:a", job="one")
    office.store.away = True
    tries.pop().callback(None)
    office.deliverer.look("test:a")
    office.pass_time(10)
    assert office.states(first) == ["delivering"]
    office.store.away = False
    office.pass_time(40)
    assert office.states(first) == ["delivered"]
    assert len(office.receiver.parcels) == 1
    second = office.result("test:a", job="two")
    tries.pop().callback(None)
    assert office.states(second) == ["delivered"]


def test_a_result_that_is_not_kept_any_more_is_a_dead_letter(office: Office) -> None:
    office.receiver.answer = lambda parcel: RuntimeError("no")
    run_id = office.result("test:a")
    del office.store.results[run_id]
    office.pass_time(10)
    (dead,) = office.store.deliveries_.dead_deliveries(None, 10)
    assert dead.reason == "its result is not kept any more"


def test_a_sink_whose_plugin_is_gone_is_tried_again_and_holds_up_nobody(office: Office) -> None:
    run_id = office.result("gone:x", "test:a")
    assert office.receiver.bodies("a") == [b"hello"]
    states = {one.sink: one for one in office.store.deliveries_.deliveries(run_id)}
    assert states["gone:x"].state is DeliveryState.PENDING
    assert "no sink is called gone:" in states["gone:x"].reason


def test_secrets_are_redacted_but_for_those_asked_for(office: Office) -> None:
    headers = (("Set-Cookie", "s=1"), ("X-Api-Key", "k"))
    office.result("test:a", "now:b", "test:c#reveal=set-cookie", headers=headers)
    shown = {to: dict(parcel.result.headers) for to, parcel in office.receiver.parcels}
    hidden = {"Set-Cookie": REDACTOR.hash("s=1"), "X-Api-Key": REDACTOR.hash("k")}
    assert shown == {"a": hidden, "b": hidden, "c": {**hidden, "Set-Cookie": "s=1"}}


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("always", [b"ok", b"moved", b"bad", b"none", b"removed"]),
        ("success", [b"ok", b"moved", b"removed"]),
        ("failure", [b"bad", b"none", b"removed"]),
    ],
)
@pytest.mark.parametrize("scheme", ["test", "now"])
def test_on(scheme: str, on: str, expected: list[bytes], office: Office) -> None:
    sink = f"{scheme}:a#on={on}"
    office.result(sink, body=b"ok")
    office.result(sink, body=b"moved", status=302)
    office.result(sink, body=b"bad", status=404)
    office.result(sink, body=b"none", status=0)
    office.result(sink, body=b"removed", remove="200 is in remove-on 200")
    assert office.receiver.bodies() == expected
    assert office.receiver.parcels[-1][1].removed == "200 is in remove-on 200"


@pytest.mark.parametrize("scheme", ["test", "now"])
def test_on_change(scheme: str, office: Office) -> None:
    def end(body: bytes, status: int = 200, etag: str | None = None) -> None:
        headers = (("ETag", etag),) if etag else ()
        office.result(f"{scheme}:a#on=change", body=body, status=status, headers=headers)

    end(b"one")  # the first is a change
    end(b"one")
    end(b"oops", 500)
    end(b"one")
    end(b"", 304)
    end(b"two")
    end(b"three", etag='"3"')
    end(b"three, differently", etag='W/"3"')
    end(b"", 304)
    end(b"three again", etag='"4"')
    end(b"three again")
    assert office.receiver.bodies() == [b"one", b"two", b"three", b"three again"]


def test_the_only_success_of_a_one_time_job_is_a_change(office: Office) -> None:
    office.result("test:a#on=change", body=b"one", job=None)
    office.result("test:a#on=change", body=b"one", job=None)
    assert office.receiver.bodies() == [b"one", b"one"]


def test_a_change_brings_what_was_before_to_a_sink_that_compares(office: Office) -> None:
    for body in (b"one", b"one", b"two"):
        office.result("test:compare#on=change", "test:other#on=change", body=body)
    before = {(to, one.result.body): one.previous for to, one in office.receiver.parcels}
    assert before == {
        ("compare", b"one"): None,
        ("compare", b"two"): b"one",
        ("other", b"one"): None,
        ("other", b"two"): None,
    }


def test_an_immediate_sink_that_fails_is_logged_but_not_a_thousand_times(
    office: Office,
) -> None:
    said: list[int] = []

    def observe(event: Any) -> None:
        if "did not take" in (event.get("log_format") or ""):
            said.append(event["count"])

    globalLogPublisher.addObserver(observe)
    try:
        office.receiver.answer = lambda parcel: RuntimeError("broken pipe")
        for _ in range(150):
            office.result("now:a")
        office.receiver.answer = lambda parcel: None
        office.result("now:a")
        office.receiver.answer = lambda parcel: RuntimeError("broken pipe")
        office.result("now:a")
    finally:
        globalLogPublisher.removeObserver(observe)
    assert said == [1, 10, 100, 1]


def test_stopping_waits_for_what_is_under_way_and_gives_the_rest_back() -> None:
    office = Office()
    office.deliverer.startService()
    under_way: list[Deferred[None]] = []

    def answer(parcel: Any) -> Deferred[None]:
        under_way.append(Deferred())
        return under_way[-1]

    office.receiver.answer = answer
    runs = [office.result("test:a", job=f"job {number}") for number in range(10)]
    stopped = office.deliverer.stopService()
    assert not stopped.called
    for one in under_way[:3]:
        one.callback(None)
    office.pass_time(11)
    assert stopped.called
    states = [state for run_id in runs for state in office.states(run_id)]
    assert states == ["delivered"] * 3 + ["pending"] * 7
    tries = [one.tries for run in runs for one in office.store.deliveries_.deliveries(run)]
    assert tries == [1] * 3 + [0] * 7
    assert not office.reactor.getDelayedCalls()


def a_delivery(tries: int) -> Delivery:
    return Delivery(
        "d", "r", 1, "j", "test:a", "test:a", DeliveryState.DELIVERING, NOW, tries, None, None, ""
    )


@pytest.mark.parametrize(
    ("tries", "failure", "state", "wait"),
    [
        (1, None, DeliveryState.DELIVERED, 0.0),
        (MOST_TRIES, None, DeliveryState.DELIVERED, 0.0),
        (1, DeliveryFailed("x"), DeliveryState.PENDING, 2.5),
        (4, DeliveryFailed("x"), DeliveryState.PENDING, 20.0),
        (MOST_TRIES - 1, DeliveryFailed("x"), DeliveryState.PENDING, 5400.0),
        (MOST_TRIES, DeliveryFailed("x"), DeliveryState.DEAD, 0.0),
        (1, DeliveryFailed("x", permanent=True), DeliveryState.DEAD, 0.0),
        (1, DeliveryFailed("x", wait=120.0), DeliveryState.PENDING, 120.0),
        (1, DeliveryFailed("x", wait=-5.0), DeliveryState.PENDING, 2.5),
        (1, DeliveryFailed("x", wait=1e9), DeliveryState.PENDING, 86400.0),
    ],
)
def test_what_becomes_of_a_delivery_after_a_try(
    tries: int, failure: DeliveryFailed | None, state: DeliveryState, wait: float
) -> None:
    end = end_of_try(a_delivery(tries), failure, NOW, 0.5)
    assert end == DeliveryEnd("d", state, NOW + wait, "x" if failure else "")


def test_a_deferred_that_fails_is_the_same_as_an_exception(office: Office) -> None:
    office.receiver.answer = lambda parcel: fail(ValueError("odd"))
    run_id = office.result("test:a")
    (delivery,) = office.store.deliveries_.deliveries(run_id)
    assert delivery.reason == "ValueError: odd"
