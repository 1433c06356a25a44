"""Whoever waits hears of runs that end in another process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jqengine.errors import StoreUnavailable
from jqengine.job import Step
from jqengine.lifecycle import JobEvent
from jqengine.remote.elsewhere import PAUSE, EndsElsewhere
from tests.remote.office import Client, Office, decoded


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def elsewhere(office: Office) -> EndsElsewhere:
    return EndsElsewhere(office.clock, office.verbs._waits, office.verbs.last_end)


@pytest.fixture
def client(office: Office) -> Iterator[Client]:
    client = office.connect()
    yield client
    client.leave()
    office.clock.advance(PAUSE)
    assert office.clock.getDelayedCalls() == []


def runs_elsewhere(office: Office, status: int, body: bytes) -> None:
    """The next run ends, unheard here."""
    observers, office.hub._observers = office.hub._observers, ()
    office.run_next(status, body)
    office.hub._observers = observers


def bodies(client: Client) -> list[bytes]:
    found: list[bytes] = []
    for answer in client.answers():
        assert decoded(answer)["result"]["status"] == 200
        found.append(answer[b"body"])
    return found


def test_the_answer_comes_with_the_news(
    office: Office, client: Client, elsewhere: EndsElsewhere
) -> None:
    job = client.gets("Schedule", target="/x")["job"]["id"]
    client.ask_for("Wait", job=job)
    runs_elsewhere(office, 200, b"there")
    assert bodies(client) == []
    elsewhere.look()
    assert bodies(client) == [b"there"]


def test_of_a_recurring_job_it_is_the_next_end_and_none_from_before(
    office: Office, client: Client, elsewhere: EndsElsewhere
) -> None:
    job: Any = client.gets("Schedule", target="/x", every="1h", name="hourly")["job"]["id"]
    client.gets("RunNow", job=job)
    runs_elsewhere(office, 200, b"before")
    client.ask_for("Wait", job=job)
    elsewhere.look()
    office.clock.advance(PAUSE)
    assert bodies(client) == []
    client.ask_for("RunNow", job=job)
    client.answers()
    runs_elsewhere(office, 200, b"next")
    elsewhere.look()
    assert bodies(client) == [b"next"]


def test_news_in_quick_succession_is_looked_at_together(
    office: Office, client: Client, elsewhere: EndsElsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    find = office.verbs.last_end

    async def counting(job_id: str) -> Any:
        asked.append(job_id)
        return await find(job_id)

    monkeypatch.setattr(elsewhere, "_find", counting)
    job = client.gets("Schedule", target="/x", after="1h")["job"]["id"]
    client.ask_for("Wait", job=job)
    for _ in range(100):
        elsewhere.look()
    office.clock.advance(PAUSE)
    office.clock.advance(PAUSE)
    assert asked == [job] * 2


def test_without_anybody_who_waits_nothing_is_asked(
    office: Office, elsewhere: EndsElsewhere
) -> None:
    elsewhere.look()
    assert office.clock.getDelayedCalls() == []


def test_a_store_in_trouble_is_asked_again(
    office: Office, client: Client, elsewhere: EndsElsewhere
) -> None:
    job = client.gets("Schedule", target="/x")["job"]["id"]
    client.ask_for("Wait", job=job)
    runs_elsewhere(office, 200, b"there")
    office.store.trouble = StoreUnavailable("gone")
    elsewhere.look()
    office.store.trouble = None
    office.clock.advance(PAUSE)
    assert bodies(client) == [b"there"]


def test_nothing_will_come_of_a_job_that_was_cancelled_elsewhere(
    office: Office, client: Client, elsewhere: EndsElsewhere
) -> None:
    job = client.gets("Schedule", target="/x", after="1h")["job"]["id"]
    client.ask_for("Wait", job=job)
    office.store.steer(Step(job, JobEvent.CANCEL, reason="asked"), office.wall.now())
    elsewhere.look()
    [answer] = client.answers()
    assert answer[b"_error_code"] == b"NOT_POSSIBLE"
