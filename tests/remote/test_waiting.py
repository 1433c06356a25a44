"""Waiting and following: the engine tells, nobody asks twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from jqengine.remote.describe import MOST_HEADER_CHARACTERS
from jqengine.request.environ import JobEnviron
from tests.remote.office import NOW, OWNER, Client, Office, decoded

BODY = bytes(range(256)) * 1000


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def client(office: Office) -> Iterator[Client]:
    client = office.connect()
    yield client
    if not client.gone:
        client.leave()
    assert office.clock.getDelayedCalls() == []
    assert office.verbs._waits._waiting == {}


def _answer(client: Client) -> dict[str, Any]:
    [answer] = client.answers()
    return {**decoded(answer), **{k.decode(): v for k, v in answer.items() if k == b"body"}}


def test_the_answer_comes_when_the_run_ends(office: Office, client: Client) -> None:
    job = client.gets("Schedule", target="/x")["job"]["id"]
    client.ask_for("Wait", job=job, timeout="30s")
    assert client.answers() == []
    office.clock.advance(10)
    office.run_next(200, BODY)
    answer = _answer(client)
    assert (answer["run"]["id"], answer["run"]["state"]) == (job, "finished")
    assert (answer["result"]["status"], answer["result"]["size"]) == (200, len(BODY))
    assert answer["result"]["headers"] == [["X-A", "b"]]
    assert answer["body"] == BODY[: len(answer["body"])]
    assert len(answer["body"]) == 60_000


def test_of_a_job_that_is_over_it_comes_at_once(office: Office, client: Client) -> None:
    job = client.gets("Schedule", target="/x")["job"]["id"]
    office.run_next(404, b"nothing here")
    answer = client.gets("Wait", job=job)
    assert (answer["result"]["status"], answer["body"]) == (404, b"nothing here")


def test_a_run_that_is_tried_again_has_not_ended(office: Office, client: Client) -> None:
    job = client.gets("Schedule", target="/x")["job"]["id"]
    client.ask_for("Wait", job=job)
    office.run_next(503, again=NOW)
    assert client.answers() == []
    office.run_next(200)
    assert _answer(client)["run"]["attempt"] == 2


def test_of_a_recurring_job_it_is_the_next_run(office: Office, client: Client) -> None:
    client.gets("Schedule", target="/x", name="sync", every="1h")
    client.gets("RunNow", name="sync")
    office.run_next(200, b"first")
    client.ask_for("Wait", name="sync")
    assert client.answers() == []
    client.gets("RunNow", name="sync")
    office.run_next(200, b"second")
    assert _answer(client)["body"] == b"second"


def test_many_wait_for_one_run(office: Office, client: Client) -> None:
    other = office.connect()
    job = client.gets("Schedule", target="/x")["job"]["id"]
    for one in (client, client, other):
        one.ask_for("Wait", job=job)
    office.run_next(200)
    assert (len(client.answers()), len(other.answers())) == (2, 1)
    other.leave()


def test_it_is_not_waited_for_longer_than_was_said(office: Office, client: Client) -> None:
    job = client.gets("Schedule", target="/x", after="1h")["job"]["id"]
    client.ask_for("Wait", job=job, timeout="90s")
    office.clock.advance(89)
    assert client.answers() == []
    office.clock.advance(1)
    [answer] = client.answers()
    assert answer[b"_error_code"] == b"NOT_IN_TIME"
    assert answer[b"_error_description"] == b"GET /x has not ended within 1m30s"
    assert client.refused("Wait", job=job, timeout="soon")[0] == "BAD_VALUE"


def test_a_run_that_another_engine_ended_is_found_at_last(office: Office, client: Client) -> None:
    job = client.gets("Schedule", target="/x")["job"]["id"]
    client.ask_for("Wait", job=job, timeout="5s")
    observers, office.hub._observers = office.hub._observers, ()
    office.run_next(200)
    office.hub._observers = observers
    assert client.answers() == []
    office.clock.advance(5)
    assert _answer(client)["result"]["status"] == 200


def test_a_cancelled_job_is_not_waited_for(office: Office, client: Client) -> None:
    job = client.gets("Schedule", target="/x", after="1h")["job"]["id"]
    client.ask_for("Wait", job=job)
    client.ask_for("Cancel", job=job)
    errors = [box for box in client.answers() if b"_error" in box]
    assert [box[b"_error_code"] for box in errors] == [b"NOT_POSSIBLE"]
    assert client.refused("Wait", job=job) == ("NOT_POSSIBLE", "GET /x is cancelled")


def test_the_run_under_way_of_a_cancelled_job_is_waited_for(office: Office, client: Client) -> None:
    client.gets("Schedule", target="/x", name="sync", every="1h")
    client.gets("RunNow", name="sync")
    now = office.wall.now()
    [run] = office.store.queue.claim(OWNER, now, 1, 60)
    client.ask_for("Wait", name="sync")
    client.gets_none("Cancel", name="sync")
    office.end(run, 200, b"done")
    assert _answer(client)["body"] == b"done"


def test_a_run_that_is_retried_is_waited_for_again(office: Office, client: Client) -> None:
    job = client.gets("Schedule", target="/x")["job"]["id"]
    office.run_next(404)
    client.gets("Retry", job=job)
    client.ask_for("Wait", job=job)
    assert client.answers() == []
    office.run_next(200, b"at last")
    assert _answer(client)["body"] == b"at last"


def test_of_a_job_whose_later_runs_were_cancelled_it_is_the_last_answer(
    office: Office, client: Client
) -> None:
    client.gets("Schedule", target="/x", name="sync", every="1h")
    client.gets("RunNow", name="sync")
    [run] = office.store.queue.claim(OWNER, office.wall.now(), 1, 60)
    office.clock.advance(1)
    client.gets("RunNow", name="sync")
    client.ask_for("Wait", name="sync")
    client.gets_none("Cancel", name="sync")
    office.end(run, 200, b"the one that ran")
    assert _answer(client)["body"] == b"the one that ran"


def test_who_leaves_waits_no_more(office: Office, client: Client) -> None:
    job = client.gets("Schedule", target="/x")["job"]["id"]
    client.ask_for("Wait", job=job, timeout="30s")
    client.leave()
    assert office.clock.getDelayedCalls() == []
    office.run_next(200)


def test_a_result_whose_head_is_too_long_still_fits(office: Office, client: Client) -> None:
    job = client.gets("Schedule", target="/x")["job"]["id"]
    client.ask_for("Wait", job=job)
    headers = tuple((f"X-{n}", "é" * 1000) for n in range(50))
    office.run_next(200, BODY, reason="r" * 100_000, headers=headers)
    answer = _answer(client)
    shown = answer["result"]["headers"]
    assert sum(len(name) + len(value) for name, value in shown) <= MOST_HEADER_CHARACTERS
    assert answer["result"]["headers_left_out"] == 50 - len(shown)
    assert len(answer["result"]["reason"]) == 1000


def _events(client: Client) -> list[dict[str, Any]]:
    boxes = [box for box in client.answers() if box.get(b"_command") == b"Event"]
    assert all(b"_ask" not in box for box in boxes)
    return [{**json.loads(box[b"event"]), "tail": int(box[b"tail"])} for box in boxes]


def test_runs_are_followed(office: Office, client: Client) -> None:
    client.gets("Tail", tail=7)
    job = client.gets("Schedule", target="/x")["job"]["id"]
    office.run_next(503, again=NOW + 30)
    office.clock.advance(30)
    office.run_next(200)
    began, ended, again, last = _events(client)
    assert began == {
        "event": "began", "job": job, "run": job, "attempt": 1, "label": "GET /x", "tail": 7,
    }  # fmt: skip
    assert (ended["event"], ended["state"], ended["why"]) == ("ended", "waiting", "503")
    assert ended["again"] == "2026-11-24T03:00:30Z"
    assert ended["result"]["status"] == 503
    assert (again["event"], again["attempt"]) == ("began", 2)
    assert (last["state"], "again" in last) == ("finished", False)


def test_one_job_is_followed_and_then_no_more(office: Office, client: Client) -> None:
    client.gets("Schedule", target="/x", name="sync", every="1h")
    client.gets("Tail", tail=1, name="sync")
    client.gets("Schedule", target="/other")
    office.run_next(200)
    assert _events(client) == []
    client.gets("RunNow", name="sync")
    office.run_next(200)
    assert [event["label"] for event in _events(client)] == ["sync", "sync"]
    assert client.gets("StopTail", tail=1) == {}
    client.gets("RunNow", name="sync")
    office.run_next(200)
    assert _events(client) == []
    assert client.refused("StopTail", tail=1) == ("BAD_VALUE", "nothing is followed under 1")


def test_a_number_is_used_once_at_a_time(client: Client) -> None:
    client.gets("Tail", tail=1)
    assert client.refused("Tail", tail=1)[0] == "LIMIT_REACHED"
    assert client.refused("Tail", tail=99, name="nobody")[0] == "NO_SUCH_JOB"
    for number in range(2, 11):
        client.gets("Tail", tail=number)
    assert client.refused("Tail", tail=11)[0] == "LIMIT_REACHED"


def test_who_does_not_read_is_told_how_much_he_missed(office: Office, client: Client) -> None:
    client.gets("Tail", tail=1)
    client.protocol.pauseProducing()
    for _ in range(3):
        office.schedule_directly("/x")
        office.run_next(200)
    assert _events(client) == []
    client.protocol.resumeProducing()
    office.schedule_directly("/y")
    office.run_next(200)
    missed, began, ended = _events(client)
    assert (missed["event"], missed["count"]) == ("missed", 6)
    assert (began["label"], ended["event"]) == ("GET /y", "ended")


def test_what_the_application_writes_is_followed_live(office: Office, client: Client) -> None:
    client.gets("Schedule", target="/x?y=z", name="sync", every="1h")
    client.gets("RunNow", name="sync")
    [run] = office.store.queue.claim(OWNER, office.wall.now(), 1, 60)
    environ = JobEnviron(errors=None)(run)
    office.live.wrote(environ, b"nobody follows")
    client.gets("Tail", tail=1, name="sync", output=1)
    quiet = office.connect()
    quiet.gets("Tail", tail=1)
    office.live.wrote(environ, b"one ")
    office.live.wrote(environ, b"x" * 100_000)
    office.clock.advance(0)
    boxes = client.answers()
    assert b"".join(box[b"data"] for box in boxes) == b"one " + b"x" * 100_000
    assert json.loads(boxes[0][b"event"]) == {
        "event": "output", "job": run.job_id, "run": run.id, "attempt": 1, "label": "sync",
    }  # fmt: skip
    assert quiet.answers() == []
    quiet.leave()


def test_a_flood_of_output_is_bounded(office: Office, client: Client) -> None:
    client.gets("Schedule", target="/x")
    client.gets("Tail", tail=1, output=1)
    [run] = office.store.queue.claim(OWNER, office.wall.now(), 1, 60)
    environ = JobEnviron(errors=None)(run)
    for _ in range(100):
        office.live.wrote(environ, b"x" * 50_000)
    office.clock.advance(0)
    assert sum(len(box[b"data"]) for box in client.answers()) <= 1024 * 1024
