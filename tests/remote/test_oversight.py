"""What those are answered who look closely and put things right."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jqengine.delivery import DeliveryEnd, Dispatch, NewDelivery
from jqengine.lifecycle import DeliveryState, RunState
from jqengine.queries import SinkEnds
from tests.remote.office import NOW, OWNER, Client, Office


@pytest.fixture
def office() -> Office:
    """An engine."""
    return Office()


@pytest.fixture
def client(office: Office) -> Client:
    """A client of it."""
    return office.connect()


def scheduled(client: Client, **said: Any) -> str:
    """The id of a job."""
    job_id: str = client.gets("Schedule", **{"target": "/x", **said})["job"]["id"]
    return job_id


def test_a_run_in_full(office: Office, client: Client) -> None:
    scheduled(
        client,
        method="POST",
        body="a=1",
        headers=[["Authorization", "Bearer secret"], ["X-A", "b"]],
        sinks=["file:out"],
        attempts="7",
    )
    run = office.run_next(503, b"no")
    said = client.gets("ShowRun", run=run.id)["run"]
    assert said["headers"][1] == ["X-A", "b"]
    assert said["headers"][0][1].startswith("[redacted ")
    assert (said["body_size"], said["node"], said["boot"]) == (3, *OWNER)
    assert (said["status"], said["attempts"], said["policy"]["attempts"]) == (503, 7, 7)
    assert said["sinks"] == ["stdout:", "file:out"]
    assert client.gets("RequestBody", id=run.id) == {"data": b"a=1", "size": 3}
    assert client.gets("RequestBody", id=run.id, offset=2)["data"] == 1  # the text "1"
    assert client.refused("RequestBody", id=run.id, offset=-1)[0] == "BAD_VALUE"
    assert client.refused("ShowRun", run="f" * 26) == (
        "NO_SUCH_JOB", f"there is no run {'f' * 26}",
    )  # fmt: skip


def test_the_body_of_a_saved_request_is_nobodys(office: Office, client: Client) -> None:
    made = client.gets("MakeContinuation", method="POST", target="/app/x", body=b"secret")
    job = scheduled_from(client, made["continuation"]["id"])
    assert client.refused("RequestBody", id=job)[0] == "NOT_POSSIBLE"
    assert client.gets("ShowRun", run=job)["run"]["continuation"] == made["continuation"]["id"]


def scheduled_from(client: Client, continuation: str) -> str:
    job_id: str = client.gets("Schedule", continuation=continuation)["job"]["id"]
    return job_id


def test_what_a_text_means(client: Client) -> None:
    when = client.gets("When", cron="0 9 * * 1-5", tz="Europe/Paris", count=2)["when"]
    assert when == {
        "instants": ["2026-11-24T09:00:00+01:00", "2026-11-25T09:00:00+01:00"],
        "words": "weekdays at 09:00, Europe/Paris",
        "recurring": True,
    }
    once = client.gets("When", when="next friday 17:00")["when"]
    assert (once["recurring"], len(once["instants"])) == (False, 1)
    assert once["words"].startswith("friday ")
    every = client.gets("When", when="every weekday at 9", count=3)["when"]
    assert (every["recurring"], len(every["instants"])) == (True, 3)
    assert every["words"] == "every weekday at 9, UTC"
    code, sentence = client.refused("When", when="tomorrow asdf")
    assert (code, "asdf" in sentence) == ("BAD_SCHEDULE", True)
    assert client.refused("When")[0] == "BAD_VALUE"
    assert client.refused("When", every="1h", count=101)[0] == "BAD_VALUE"
    assert client.gets("Jobs")["jobs"] == []


def test_the_instants_of_a_job(client: Client) -> None:
    job = scheduled(client, every="90s", times="4")
    when = client.gets("Instants", job=job)["when"]
    assert when["instants"] == [
        "2026-11-24T03:01:30+00:00", "2026-11-24T03:03:00+00:00",
        "2026-11-24T03:04:30+00:00", "2026-11-24T03:06:00+00:00",
    ]  # fmt: skip
    assert when["words"] == "every 90 s, 4 times"


def test_what_is_due_next(office: Office, client: Client) -> None:
    minutely = scheduled(client, every="1m", name="minutely")
    once = scheduled(client, target="/once", after="90s")
    scheduled(client, target="/late", after="2d")
    paused = scheduled(client, target="/paused", every="1m", name="paused")
    client.gets("Pause", job=paused)
    until = "2026-11-24T03:03:00Z"
    said = client.gets("Upcoming", until=until)
    assert [(line[0], line[1]) for line in said["firings"]] == [
        ("2026-11-24T03:01:00Z", minutely), ("2026-11-24T03:01:30Z", once),
        ("2026-11-24T03:02:00Z", minutely), ("2026-11-24T03:03:00Z", minutely),
    ]  # fmt: skip
    assert said["firings"][1][2:] == ["GET /once", "after"]
    assert said["reaches"] == until.encode()
    few = client.gets("Upcoming", until=until, limit=2)
    assert (len(few["firings"]), few["reaches"]) == (2, b"2026-11-24T03:01:30Z")
    each = client.gets("Upcoming", until=until, each=1)
    assert [line[1] for line in each["firings"]] == [minutely, once]
    assert each["reaches"] == b"2026-11-24T03:01:00Z"
    assert client.refused("Upcoming", limit=1001)[0] == "BAD_VALUE"
    assert client.refused("Upcoming", until="friday")[0] == "BAD_VALUE"


def test_many_due_times_are_found_in_turns(office: Office, client: Client) -> None:
    scheduled(client, every="1s")
    client.ask_for("Upcoming", limit=250)
    assert client.answers() == []
    for _ in range(3):
        office.clock.advance(0)
    [answer] = client.answers()
    assert len(json.loads(answer[b"firings"])) == 250


def test_an_edit_changes_what_is_said_and_nothing_else(office: Office, client: Client) -> None:
    job = scheduled(
        client,
        name="sync",
        method="POST",
        data={"a": "1"},
        user="alice",
        headers=[["Authorization", "Bearer secret"]],
        every="1h",
        attempts="7",
        sinks=["file:out"],
    )
    shown = client.gets("Show", job=job)
    headers = [*shown["job"]["headers"], ["X-New", "1"]]
    edited = client.gets(
        "Edit", name="sync", target="/new", headers=headers, version=shown["version"].decode()
    )
    after = client.gets("Show", job=job)
    assert edited["job"] == after["job"]
    assert edited["version"] == after["version"] != shown["version"]
    changed = {key for key in after["job"] if after["job"][key] != shown["job"].get(key)}
    assert changed == {"target", "headers"}
    [kept] = office.store.queue._jobs.values()
    assert dict(kept.job.definition.request.headers)["Authorization"] == "Bearer secret"
    assert client.refused("Edit", job=job, target="/z", version=shown["version"].decode())[0] == (
        "CHANGED_MEANWHILE"
    )


def test_an_edit_can_be_tried(client: Client) -> None:
    job = scheduled(client, name="sync", every="1h")
    tried = client.gets("Edit", job=job, every="2h", check=1)
    assert tried["due-before"] == b"2026-11-24T04:00:00Z"
    assert tried["job"]["due"] == "2026-11-24T05:00:00Z"
    assert client.gets("Show", job=job)["job"]["due"] == "2026-11-24T04:00:00Z"
    assert client.gets("Edit", job=job, every="2h")["job"]["due"] == "2026-11-24T05:00:00Z"


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ({"every": "never"}, "BAD_SCHEDULE", "never"),
        ({"cron": "* * * * *", "at": "noon"}, "BAD_VALUE", "at"),
        ({"attempts": "0"}, "BAD_VALUE", "attempts: "),
        ({"sinks": ["nowhere:"]}, "BAD_VALUE", "nowhere"),
        ({"target": "no path"}, "BAD_REQUEST", "no path"),
        ({"headers": [["X-JobQueue-Run", "1"]]}, "BAD_REQUEST", "X-JobQueue-Run"),
        ({"json": {"a": 1}, "data": {"a": "1"}}, "BAD_REQUEST", "data and json"),
        ({"clear": ["tz"]}, "BAD_VALUE", "clear: 'tz'"),
        ({"clear": ["user"], "user": "bob"}, "BAD_VALUE", "user is given and cleared"),
        ({"clear": 7}, "BAD_VALUE", "clear: expected a list"),
    ],
)
def test_a_bad_edit_says_what_is_wrong(
    client: Client, said: dict[str, Any], code: str, words: str
) -> None:
    job = scheduled(client, name="sync", every="1h")
    got, sentence = client.refused("Edit", job=job, **said)
    assert (got, words in sentence) == (code, True), sentence


def test_what_is_cleared_is_as_if_it_had_not_been_said(client: Client) -> None:
    job = scheduled(
        client, name="sync", every="1h", times="3", key="k", user="bob", method="POST",
        json={"a": 1},
    )  # fmt: skip
    clear = ["times", "key", "user", "body", "headers"]
    after = client.gets("Edit", job=job, clear=clear)["job"]
    assert "times" not in after["schedule"]
    assert "key" not in after["policy"]
    assert not after.keys() & {"user", "body_size", "headers"}


def test_a_job_of_the_crontab_is_changed_there(office: Office, client: Client) -> None:
    job = scheduled(client, name="nightly", every="1h")
    kept = office.store.queue._jobs[job]
    from dataclasses import replace

    kept.job = replace(kept.job, definition=replace(kept.job.definition, origin="crontab"))
    assert client.refused("Edit", job=job, target="/z") == (
        "NOT_POSSIBLE", "nightly is a line of the crontab; change it there",
    )  # fmt: skip


def test_a_changed_retry_of_a_job_with_a_name_is_its_run(office: Office, client: Client) -> None:
    job = scheduled(client, name="sync", after="1h", method="POST", body="a=1")
    client.gets("RunNow", job=job)
    run = office.run_next(500)
    made = client.gets("RetryChanged", run=run.id, target="/other", id="f" * 26)["run"]
    assert (made["job"], made["target"], made["method"], made["id"]) == (
        job, "/other", "POST", "f" * 26,
    )  # fmt: skip
    assert client.gets("RequestBody", id=made["id"])["data"] == b"a=1"
    assert client.gets("Show", job=job)["job"]["target"] == "/x"
    again = client.gets("RetryChanged", run=run.id, target="/other", id="f" * 26)["run"]
    assert again == made


def test_a_changed_retry_of_a_job_without_one_is_another(office: Office, client: Client) -> None:
    job = scheduled(client, user="alice", attempts="7")
    run = office.run_next(500)
    made = client.gets("RetryChanged", run=run.id, json={"a": 1}, method="PUT")["run"]
    assert made["job"] == made["id"] != job
    assert (made["user"], made["attempts"], made["state"]) == ("alice", 7, "waiting")
    body = client.gets("RequestBody", id=made["id"])
    assert body["data"] == {"a": 1}
    assert client.refused("RetryChanged", run="f" * 26)[0] == "NO_SUCH_JOB"


def _fail_a_delivery(office: Office, state: DeliveryState = DeliveryState.DEAD) -> str:
    """The id of a delivery that has come to that state."""
    run = office.run_next(200)
    kept = office.store.queue._runs[run.id]
    new = NewDelivery("d-" + run.id, "https://x.example/secret", "x.example", False, None)
    result = kept.last
    assert result is not None
    from jqengine.job import Outcome, Verdict

    verdict = Verdict(RunState.FINISHED, None, False, None, "")
    outcome = Outcome(run.id, run.job_id, OWNER, 1, result, verdict, Dispatch((new,)))
    office.store.queue.deliveries.record(outcome)
    office.store.queue.deliveries.claim_deliveries(OWNER, "x.example", NOW + 99, 9, 60)
    end = DeliveryEnd(new.id, state, NOW + 99, "refused")
    office.store.queue.deliveries.end_deliveries(OWNER, [end], NOW + 99)
    return new.id


def test_dead_letters_are_seen_tried_again_and_dropped(office: Office, client: Client) -> None:
    for _ in range(3):
        scheduled(client)
    ids = [_fail_a_delivery(office) for _ in range(3)]
    page = client.gets("Deliveries", state="dead", limit=2)
    assert [one["id"] for one in page["deliveries"]] == sorted(ids, reverse=True)[:2]
    assert page["deliveries"][0]["reason"] == "refused"
    assert "secret" not in str(page)
    rest = client.gets("Deliveries", state="dead", after=page["next"].decode())
    assert len(rest["deliveries"]) == 1
    assert client.gets("Redrive", delivery=ids[0]) == {"count": 1}
    assert office.redriven == ["x.example"]
    assert client.gets("Redrive", delivery=ids[0]) == {"count": 0}
    assert client.gets("DropDelivery", delivery=ids[1]) == {"count": 1}
    assert client.gets("DropDelivery", delivery=ids[1]) == {"count": 0}
    assert client.refused("DropDelivery", delivery=ids[0])[0] == "NOT_POSSIBLE"
    label = page["deliveries"][0]["sink"]
    assert client.gets("Redrive", sink="file:x") == {"count": 0}
    assert client.gets("Redrive", sink=label) == {"count": 1}
    assert client.gets("Redrive") == {"count": 0}
    assert client.refused("Deliveries", state="lost")[0] == "BAD_VALUE"


def test_sinks_and_how_the_last_tries_went(office: Office, client: Client) -> None:
    scheduled(client)
    _fail_a_delivery(office)
    office.sink_ends = {"file:out": SinkEnds(delivered=NOW, failed=NOW - 9, reason="was full")}
    one, other = client.gets("Sinks")["sinks"]
    assert one == {
        "sink": "file:out", "pending": 0, "held": 0, "dead": 0, "reason": "was full",
        "delivered": "2026-11-24T03:00:00Z", "failed": "2026-11-24T02:59:51Z",
    }  # fmt: skip
    assert (other["dead"], other["reason"]) == (1, "refused")


def test_an_overview_of_an_engine_at_rest(client: Client) -> None:
    said = client.gets("Overview")["overview"]
    assert (said["running"], said["removed"], said["dead"], said["failing"]) == ([], [], [], [])
    assert (said["dead_count"], said["stuck_threads"], said["missing_nodes"]) == (0, 0, [])
    assert said["next"] is None
    assert len(said["minutes"]) == 60


def test_an_overview_says_what_needs_somebody(office: Office, client: Client) -> None:
    scheduled(client)
    _fail_a_delivery(office)
    scheduled(client, target="/fails")
    office.run_next(500)
    scheduled(client, target="/later", after="1h")
    office.stuck = 2
    said = client.gets("Overview")["overview"]
    assert [one["reason"] for one in said["dead"]] == ["refused"]
    assert [one["sink"] for one in said["failing"]] == [said["dead"][0]["sink"]]
    assert (said["dead_count"], said["stuck_threads"]) == (1, 2)
    assert said["next"]["target"] == "/later"
    minute = said["minutes"][-1]
    assert minute == ["2026-11-24T03:00:00Z", 2, 1, 0.0, 0.0]


def test_the_pulse_keeps_an_hour(office: Office, client: Client) -> None:
    for _ in range(3):
        scheduled(client)
        office.run_next(200)
        office.clock.advance(1800)
    minutes = client.gets("Overview")["overview"]["minutes"]
    assert [line[1] for line in minutes if line[1]] == [1]
    assert len(minutes) == 60


def test_runs_by_how_they_ended(office: Office, client: Client) -> None:
    for status in (200, 404, 503):
        name = f"job-{status}"
        scheduled(client, name=name, target=f"/{status}", user="bob", after="1h")
        client.gets("RunNow", name=name)
        office.run_next(status)
        office.clock.advance(1)
    assert [one["status"] for one in client.gets("Runs", status="4xx")["runs"]] == [404]
    assert [one["status"] for one in client.gets("Runs", status="503", user="bob")["runs"]] == [503]
    ended = client.gets("Runs", since="2026-11-24T00:00:00Z", limit=2)
    assert [one["status"] for one in ended["runs"]] == [503, 404]
    more = client.gets("Runs", order="ended", after=ended["next"].decode())
    assert [one["status"] for one in more["runs"]] == [200]
    assert len(client.gets("Runs", name="job-*")["runs"]) == 3
    assert len(client.gets("Runs", name="job-404")["runs"]) == 1
    assert len(client.gets("Runs", target="/5*")["runs"]) == 1
    assert len(client.gets("Runs", node="node")["runs"]) == 3
    for bad in ({"status": "6xx"}, {"since": "x"}, {"order": "due"}, {"state": "gone"}):
        assert client.refused("Runs", **bad)[0] == "BAD_VALUE"


def test_jobs_that_are_more_than_a_run(client: Client) -> None:
    scheduled(client)
    job = scheduled(client, every="1h")
    assert [one["id"] for one in client.gets("Jobs", once=0)["jobs"]] == [job]
    assert len(client.gets("Jobs", once=1)["jobs"]) == 1
