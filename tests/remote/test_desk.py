"""Every command, from the bytes of a client to the store and back."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from jqengine.errors import CrontabError, CrontabErrors, StoreFull
from jqengine.job import Definition, Job, Request, Schedule, Syntax
from jqengine.lifecycle import JobState
from jqengine.plan import CrontabPlan
from tests.remote.office import NOW, OWNER, Client, Office

ID = "0" * 25 + "1"


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def client(office: Office) -> Iterator[Client]:
    client = office.connect()
    yield client
    client.leave()
    assert office.clock.getDelayedCalls() == []


def _job(office: Office, job_id: str) -> Job:
    job = office.store.queue.job(job_id)
    assert job is not None
    return job


def test_schedule_now(office: Office, client: Client) -> None:
    answer = client.gets("Schedule", target="/a?b=c")
    job = _job(office, answer["job"]["id"])
    assert job.definition == Definition(
        identity=None,
        name=None,
        request=Request(target="/a?b=c"),
        schedule=Schedule(syntax=Syntax.NOW, text="", zone="UTC"),
        sinks=("stdout:",),
    )
    assert (job.due, job.created, job.state) == (NOW, NOW, JobState.SCHEDULED)
    assert answer["existing"] == 0
    assert answer["job"]["due"] == "2026-11-24T03:00:00Z"
    assert office.woken == 1


@pytest.mark.parametrize(("after", "woken"), [("1s", 1), ("19s", 1), ("21s", 0), ("1d", 0)])
def test_the_queue_is_looked_at_for_what_is_due_before_the_next_look(
    after: str, woken: int, office: Office, client: Client
) -> None:
    client.gets("Schedule", target="/x", after=after)
    assert office.woken == woken


@pytest.mark.parametrize(
    ("said", "due"),
    [
        ({"after": "90s"}, NOW + 90),
        ({"at": "now + 2 hours"}, NOW + 7200),
        ({"when": "tomorrow at 8am", "tz": "Europe/Paris"}, NOW + 28 * 3600),
        ({"every": "10 minutes"}, NOW + 600),
        ({"cron": "30 3 * * *"}, NOW + 1800),
    ],
)
def test_the_named_syntaxes(
    said: dict[str, str], due: float, office: Office, client: Client
) -> None:
    assert _job(office, client.gets("Schedule", target="/x", **said)["job"]["id"]).due == due


@pytest.mark.parametrize(
    ("said", "alone"),
    [
        ({}, True),
        ({"after": "1h"}, True),
        ({"when": "tomorrow"}, True),
        ({"when": "every weekday at 9"}, False),
        ({"every": "1h"}, False),
        ({"cron": "@daily"}, False),
    ],
)
def test_a_recurring_job_without_a_name_has_an_identity_of_its_own(
    said: dict[str, str], alone: bool, office: Office, client: Client
) -> None:
    first, second = (
        _job(office, client.gets("Schedule", target="/x", **said)["job"]["id"]) for _ in range(2)
    )
    assert first.id != second.id
    assert first.definition.identity == (None if alone else first.id)


@pytest.mark.parametrize(
    ("said", "request_"),
    [
        ({"method": "POST", "data": {"a": "ü", "b": [1, 2]}}, Request(
            method="POST", target="/x", body=b"a=%C3%BC&b=1&b=2",
            headers=(("Content-Type", "application/x-www-form-urlencoded"),),
        )),
        ({"data": [["a", "1"], ["a", 2]]}, Request(target="/x?a=1&a=2")),
        ({"method": "PUT", "json": {"a": [True, None]}}, Request(
            method="PUT", target="/x", body=b'{"a": [true, null]}',
            headers=(("Content-Type", "application/json"),),
        )),
        ({"method": "PUT", "body": b"\xff\x00", "headers": [["content-type", "x/y"]]}, Request(
            method="PUT", target="/x", body=b"\xff\x00", headers=(("content-type", "x/y"),),
        )),
        ({"method": "PUT", "json": b'"t"', "headers": {"Content-Type": "x/y"}}, Request(
            method="PUT", target="/x", body=b'"t"', headers=(("Content-Type", "x/y"),),
        )),
        ({"user": "zoë"}, Request(target="/x", user="zoë")),
    ],
)  # fmt: skip
def test_requests(said: dict[str, Any], request_: Request, office: Office, client: Client) -> None:
    answer = client.gets("Schedule", target="/x", **said)
    assert _job(office, answer["job"]["id"]).definition.request == request_


def test_every_option_lands(office: Office, client: Client) -> None:
    answer = client.gets(
        "Schedule", target="/x", name="sync", every="1h", tz="Europe/Paris", times="3",
        until="2027-01-01", jitter="5s", attempts="7", backoff="1s..2s", timeout="9s",
        remove_on="410", catchup="all", catchup_window="2h", overlap="queue", priority="-3",
        key="k", sinks=["off", "stdout:"],
    )  # fmt: skip
    job = _job(office, answer["job"]["id"])
    schedule, policy = job.definition.schedule, job.definition.policy
    assert (schedule.zone, schedule.times, schedule.jitter) == ("Europe/Paris", 3, 5.0)
    assert schedule.until is not None
    assert (policy.attempts, policy.timeout, str(policy.remove_on)) == (7, 9.0, "410")
    assert (policy.catchup, policy.catchup_window, policy.overlap) == ("all", 7200.0, "queue")
    assert (policy.priority, policy.key, job.definition.sinks) == (-3, "k", ("stdout:",))
    assert answer["job"]["policy"]["backoff"] == "1s..2s"
    assert answer["job"]["schedule"] == {
        "syntax": "every", "text": "1h",
        "words": "every 1 h, 3 times, until friday 1 January 2027, 23:59:59",
        "tz": "Europe/Paris", "times": 3, "jitter": "5s",
        "until": answer["job"]["schedule"]["until"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "code", "sentence"),
    [
        ({"at": "4pm", "when": "tomorrow"}, "BAD_VALUE", "at and when are given; expected one"),
        ({"at": "teatimes"}, "BAD_SCHEDULE", "at 'teatimes': 's' is not understood"),
        ({"when": "yesterday"}, "PAST_INSTANT", "when 'yesterday': "),
        ({"every": "soon"}, "BAD_SCHEDULE", "soon"),
        ({"cron": "* * *"}, "BAD_SCHEDULE", ""),
        ({"every": "1h", "until": "2026-11-24T03:30"}, "BAD_SCHEDULE", "until"),
        ({"attempts": "many"}, "BAD_VALUE", "attempts: 'many' is not a whole number"),
        ({"tz": "Mars/Olympus"}, "BAD_VALUE", "tz: 'Mars/Olympus' is not a time zone"),
        ({"sinks": ["nowhere:"]}, "BAD_VALUE", "no sink is called nowhere:"),
        ({"sinks": "stdout:"}, "BAD_VALUE", "sinks is not JSON in UTF-8"),
        ({"method": "get"}, "BAD_REQUEST", "a method is written in capitals: GET"),
        ({"method": "CONNECT"}, "BAD_REQUEST", "CONNECT"),
        ({"headers": [["X-Via-JobQueue", "no"]]}, "BAD_REQUEST", "only the engine sets"),
        ({"headers": [["X_VIA_JobQueue", "no"]]}, "BAD_REQUEST", "only the engine sets"),
        ({"headers": [["Idempotency-Key", "1"]]}, "BAD_REQUEST", "cannot be given"),
        ({"headers": [["X", "a\r\nEvil: yes"]]}, "BAD_REQUEST", "cannot stand in a header"),
        ({"headers": [["X:Y", "a"]]}, "BAD_REQUEST", "cannot be the name of a header"),
        ({"headers": [["X", 1]]}, "BAD_VALUE", "not a text"),
        ({"headers": [["X", "y" * 32_768]]}, "BAD_REQUEST", "longer than 32768"),
        ({"headers": 7}, "BAD_VALUE", "headers: expected"),
        ({"user": ""}, "BAD_VALUE", "user: expected 1 to 255 printable characters"),
        ({"user": "a\nb"}, "BAD_VALUE", "user: expected"),
        ({"id": "A" * 26}, "BAD_VALUE", "id: expected 26 lower-case hexadecimal digits"),
        ({"data": 7}, "BAD_VALUE", "data: expected an object"),
        ({"data": {"a": {}}}, "BAD_VALUE", "neither a text nor a number"),
        ({"method": "POST", "data": {}, "json": 1}, "BAD_REQUEST", "another one is given"),
        ({"body": "x", "json": 1}, "BAD_REQUEST", "body and json are given"),
        ({"name": " x"}, "BAD_VALUE", "name: ' x' is not a name"),
        ({"upload": 3}, "BAD_VALUE", "nothing was uploaded under 3"),
        ({"upload": "x"}, "BAD_VALUE", "upload is not a number"),
        ({"upload": 1, "body": "x"}, "BAD_VALUE", "body and upload are given"),
        ({"json": b'"\\ud800"'}, "BAD_VALUE", "json is not JSON in UTF-8"),
        ({"user": b"\xff"}, "BAD_VALUE", "user is not UTF-8 text"),
        ({"colour": "red"}, "BAD_VALUE", "Schedule has no argument colour"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_sentence(
    said: dict[str, Any], code: str, sentence: str, office: Office, client: Client
) -> None:
    found = client.refused("Schedule", target="/x", **said)
    assert found[0] == code
    assert sentence in found[1]
    assert "\n" not in found[1]
    assert office.store.queue.stats(NOW)["due"] == 0


@pytest.mark.parametrize(
    "target", ["", "x", "//host/x", "http://host/x", "/x#y", "/" + "x" * 16_384, "/" + "ä" * 3000]
)
def test_a_target_that_cannot_be_asked_for(target: str, client: Client) -> None:
    assert client.refused("Schedule", target=target)[0] == "BAD_REQUEST"


def test_a_missing_target(client: Client) -> None:
    assert client.refused("Schedule") == (
        "BAD_VALUE",
        "target is missing; expected a path such as /reports/7",
    )


def test_a_target_is_encoded_as_far_as_it_must_be(client: Client) -> None:
    answer = client.gets("Schedule", target="/ä b?c=%20&d=%")
    assert answer["job"]["target"] == "/%C3%A4%20b?c=%20&d=%25"


def test_a_call_sent_twice_schedules_once(office: Office, client: Client) -> None:
    for said in ({}, {"name": "sync"}, {"key": "k"}, {"every": "1h"}):
        job_id = f"{len(said)}{len(str(said)):025x}"
        first = client.gets("Schedule", id=job_id, target="/x", **said)
        office.clock.advance(5)
        assert client.gets("Schedule", id=job_id, target="/x", **said) == first
    jobs = client.gets("Jobs")["jobs"]
    assert len(jobs) == 4


def test_an_id_of_another_job_is_refused(client: Client) -> None:
    client.gets("Schedule", id=ID, target="/x")
    assert client.refused("Schedule", id=ID, target="/y") == (
        "NOT_POSSIBLE",
        f"the id {ID} is that of another job",
    )


def test_a_known_name_replaces_and_keeps_the_id(office: Office, client: Client) -> None:
    first = client.gets("Schedule", target="/x", name="sync", every="1h")
    second = client.gets("Schedule", target="/y", name="sync", every="2h")
    assert second["job"]["id"] == first["job"]["id"]
    assert (second["job"]["target"], second["existing"]) == ("/y", 0)


def test_a_held_key_gives_the_job_that_holds_it(client: Client) -> None:
    first = client.gets("Schedule", target="/x", key="k", after="1h")
    second = client.gets("Schedule", target="/x", key="k", after="1h")
    assert second == {"job": first["job"], "existing": 1}


def test_a_crontab_line_is_not_replaced_or_moved_by_a_client(
    office: Office, client: Client
) -> None:
    job = _crontab_job(office, "nightly")
    for command in ("Schedule", "Reschedule"):
        said = {"target": "/x"} if command == "Schedule" else {}
        assert client.refused(command, name="nightly", every="1h", **said) == (
            "NOT_POSSIBLE",
            "nightly is a line of the crontab; change it there",
        )
    office.store.queue.apply(CrontabPlan(retire=(job.id,)))
    assert client.gets("Schedule", target="/x", name="nightly")["job"]["id"] == job.id


def _crontab_job(office: Office, name: str) -> Job:
    schedule = Schedule(syntax=Syntax.CRON, text="@daily", zone="UTC")
    definition = Definition(
        identity=name, name=name, request=Request(), schedule=schedule, origin="crontab"
    )
    job = Job(id="c" * 26, definition=definition, state=JobState.SCHEDULED, created=NOW,
              anchor=NOW + 9, due=NOW + 9)  # fmt: skip
    office.store.queue.apply(CrontabPlan(add=(job,)))
    return job


def test_schedule_many_answers_each_and_a_bad_one_harms_none(
    office: Office, client: Client
) -> None:
    jobs = [
        {"target": "/1", "id": ID},
        {"target": "nowhere"},
        {"target": "/2", "method": "POST", "body64": base64.b64encode(b"\xff").decode()},
        7,
        {"target": "/3", "at": "teatimes"},
        {"target": "/4", "remove_on": "410", "user": "bob"},
        {"target": "/5", "body64": "!"},
    ]
    answers = client.gets("ScheduleMany", jobs=jobs, defaults={"user": "alice"})["answers"]
    assert answers[0] == ID
    errors = [answer["error"] if isinstance(answer, dict) else None for answer in answers]
    assert errors == [
        None, "BAD_REQUEST", None, "BAD_VALUE", "BAD_SCHEDULE", None, "BAD_VALUE",
    ]  # fmt: skip
    assert answers[3]["message"] == "a job is not an object; expected one with a target"
    second, last = _job(office, answers[2]), _job(office, answers[5])
    assert (second.definition.request.body, second.definition.request.user) == (b"\xff", "alice")
    assert (last.definition.request.user, str(last.definition.policy.remove_on)) == ("bob", "410")


def test_schedule_many_says_what_was_there(client: Client) -> None:
    first = client.gets("Schedule", target="/x", key="k", after="1h")["job"]["id"]
    answers = client.gets(
        "ScheduleMany", jobs=[{"target": "/x", "key": "k"}, {"target": "/x", "key": "k2"}]
    )["answers"]
    assert answers[0] == {"id": first, "existing": True}
    assert isinstance(answers[1], str)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"jobs": {}}, "jobs: expected a list of at most 1000"),
        ({"jobs": [{}] * 1001}, "jobs: expected a list of at most 1000"),
        ({"jobs": [], "defaults": []}, "defaults: expected an object"),
        ({"jobs": "[" * 10_000}, "jobs is not JSON"),
        ({"jobs": "[NaN]"}, "jobs is not JSON"),
        ({"jobs": "[" + "9" * 5000 + "]"}, "jobs is not JSON"),
    ],
)
def test_schedule_many_of_what_is_none(said: dict[str, Any], sentence: str, client: Client) -> None:
    code, found = client.refused("ScheduleMany", **said)
    assert code == "BAD_VALUE"
    assert found.startswith(sentence)


def test_an_empty_many(office: Office, client: Client) -> None:
    assert client.gets("ScheduleMany", jobs=[]) == {"answers": []}


def test_a_full_disk_refuses_all_and_loses_none(office: Office, client: Client) -> None:
    kept = client.gets("Schedule", target="/x")["job"]["id"]
    office.store.trouble = StoreFull("the disk is full")
    assert client.refused("Schedule", target="/x") == ("STORE_FULL", "the disk is full")
    many = client.refused("ScheduleMany", jobs=[{"target": "/y"}])
    assert many == ("STORE_FULL", "the disk is full")
    office.store.trouble = None
    assert [job["id"] for job in client.gets("Jobs")["jobs"]] == [kept]


def test_a_body_in_pieces(office: Office, client: Client) -> None:
    body = bytes(range(256)) * 4096  # 1 MiB
    sizes = [
        client.gets("Upload", upload=7, data=body[start : start + 60_000])["size"]
        for start in range(0, len(body), 60_000)
    ]
    assert sizes[-1] == len(body)
    answer = client.gets("Schedule", target="/x", method="PUT", upload=7)
    assert _job(office, answer["job"]["id"]).definition.request.body == body
    assert answer["job"]["body_size"] == len(body)
    assert client.refused("Schedule", target="/x", upload=7)[0] == "BAD_VALUE"
    client.gets("Upload", upload=7, data=b"abc")
    assert client.gets("DropUpload", upload=7) == {"size": 3}


def test_show_with_secrets_redacted(client: Client) -> None:
    headers = [["Authorization", "Bearer secret"], ["Cookie", "session=1"], ["X-Plain", "shown"]]
    answer = client.gets("Schedule", target="/x", name="sync", headers=headers, every="1h")
    for which in ({"job": answer["job"]["id"]}, {"name": "sync"}):
        shown = client.gets("Show", **which)["job"]
        assert shown == answer["job"]
        text = json.dumps(shown)
        assert "secret" not in text
        assert "session=1" not in text
        assert ["X-Plain", "shown"] in shown["headers"]


@pytest.mark.parametrize(
    "command", ["Show", "Wait", "Cancel", "Pause", "Resume", "RunNow", "Retry"]
)
def test_a_job_is_named_by_one_of_two(command: str, client: Client) -> None:
    assert client.refused(command) == (
        "BAD_VALUE",
        "expected the id of a job or its name, and not both",
    )
    assert client.refused(command, job=ID, name="sync")[0] == "BAD_VALUE"
    assert client.refused(command, job=ID) == ("NO_SUCH_JOB", f"there is no job {ID}")
    assert client.refused(command, name="sync") == ("NO_SUCH_JOB", "there is no job sync")


def test_cancel_pause_resume_reschedule(office: Office, client: Client) -> None:
    client.gets("Schedule", target="/x", name="sync", every="10m")
    assert client.gets("Pause", name="sync")["job"]["state"] == "paused"
    office.clock.advance(3605)
    resumed = client.gets("Resume", name="sync")["job"]
    assert (resumed["state"], resumed["due"]) == ("scheduled", "2026-11-24T04:10:00Z")
    moved = client.gets("Reschedule", name="sync", cron="0 5 * * *", times="2")["job"]
    assert (moved["due"], moved["schedule"]["times"]) == ("2026-11-24T05:00:00Z", 2)
    assert client.refused("Reschedule", name="sync")[1].startswith("the new time is missing")
    assert client.refused("Reschedule", name="sync", at="asdf")[0] == "BAD_SCHEDULE"
    cancelled = client.gets("Cancel", name="sync")["job"]
    assert (cancelled["state"], cancelled["reason"]) == ("cancelled", "cancelled on request")
    assert client.gets("Cancel", name="sync")["job"] == cancelled
    assert client.refused("Pause", name="sync") == (
        "NOT_POSSIBLE",
        "sync is cancelled and cannot be paused",
    )


def test_a_job_missed_while_it_was_paused_is_due_at_once_when_it_has_no_other(
    office: Office, client: Client
) -> None:
    client.gets("Schedule", target="/x", name="once", after="10m")
    client.gets("Pause", name="once")
    office.clock.advance(3600)
    assert client.gets("Resume", name="once")["job"]["due"] == "2026-11-24T03:10:00Z"


def test_run_now_and_retry(office: Office, client: Client) -> None:
    job = client.gets("Schedule", target="/x", name="sync", every="1h")["job"]
    assert client.refused("Retry", name="sync") == ("NOT_POSSIBLE", "sync has no run yet")
    run = client.gets("RunNow", name="sync", id=ID)["run"]
    assert (run["id"], run["job"], run["state"]) == (ID, job["id"], "waiting")
    assert client.gets("RunNow", name="sync", id=ID)["run"] == run
    office.run_next(500)
    woken = office.woken
    again = client.gets("Retry", name="sync")["run"]
    assert (again["id"], again["state"], again["attempt"]) == (ID, "waiting", 1)
    assert office.woken == woken + 1
    office.run_next(200)
    assert client.gets("Retry", run=ID)["run"]["attempt"] == 2
    assert client.refused("Retry", run=ID, name="sync")[0] == "BAD_VALUE"


def test_results_and_bodies(office: Office, client: Client) -> None:
    body = bytes(range(256)) * 1000
    run_id = client.gets("Schedule", target="/x")["job"]["id"]
    office.run_next(503, b"later", again=NOW)
    office.run_next(200, body)
    first, second = client.gets("Results", run=run_id)["results"]
    assert (first["attempt"], first["status"], first["size"]) == (1, 503, 5)
    assert (second["attempt"], second["headers"]) == (2, [["X-A", "b"]])
    assert client.gets("Results", run=run_id, after=1)["results"] == [second]
    client.ask_for("Body", run=run_id, attempt=2, offset=200_000)
    [piece] = client.answers()
    assert (piece[b"data"], piece[b"size"]) == (body[200_000:], b"256000")
    assert client.refused("Body", run=run_id, attempt=3)[0] == "NO_SUCH_JOB"
    assert client.refused("Body", run=run_id, attempt=2, offset=-1)[0] == "BAD_VALUE"
    assert client.gets("Results", run=ID)["results"] == []


def test_stats_and_reload(office: Office, client: Client) -> None:
    client.gets("Schedule", target="/x")
    assert client.gets("Stats")["stats"]["due"] == 1
    assert client.gets("Reload") == {"added": 0, "replaced": 0, "retired": 0, "unchanged": 3}
    office.reloaded = CrontabErrors((CrontabError("jobs.tab", 7, 3, "61 is not a minute"),))
    assert client.refused("Reload") == ("CONFIGURATION", "jobs.tab:7:3: 61 is not a minute")


def test_lists(office: Office, client: Client) -> None:
    client.gets("Schedule", target="/a", name="one", every="1h", user="alice")
    client.gets("Schedule", target="/b", after="1m")
    client.gets("Schedule", target="/c", after="2m")
    assert [job["target"] for job in client.gets("Jobs", limit=2)["jobs"]] == ["/c", "/b"]
    after = client.gets("Jobs", limit=2)["next"]
    page = client.gets("Jobs", limit=2, after=after)
    assert [job["target"] for job in page["jobs"]] == ["/a"]
    assert "next" not in page
    by_due = client.gets("Jobs", order="due")["jobs"]
    assert [job["target"] for job in by_due] == ["/b", "/c", "/a"]
    assert [job["name"] for job in client.gets("Jobs", state="scheduled", name="o*")["jobs"]] == [
        "one"
    ]
    office.clock.advance(120)
    office.run_next(404)
    [run] = client.gets("Runs", state="failed,finished")["runs"]
    assert (run["target"], run["status"], run["reason"]) == ("/b", 404, "Why")
    assert client.gets("Runs", name="one")["runs"] == []


@pytest.mark.parametrize(
    ("command", "said", "sentence"),
    [
        ("Jobs", {"state": "sleeping"}, "state: 'sleeping' is none of scheduled, paused"),
        ("Jobs", {"order": "oldest"}, "order: 'oldest' is none of newest, due"),
        ("Jobs", {"limit": 0}, "limit: expected 1 to 1000"),
        ("Jobs", {"limit": 1001}, "limit: expected 1 to 1000"),
        ("Jobs", {"order": "due", "after": "x"}, "no page ends at 'x'"),
        ("Runs", {"state": "scheduled"}, "state: 'scheduled' is none of held, waiting"),
    ],
)
def test_lists_that_cannot_be(
    command: str, said: dict[str, Any], sentence: str, client: Client
) -> None:
    code, found = client.refused(command, **said)
    assert code == "BAD_VALUE"
    assert found.startswith(sentence)


def test_a_page_fits_into_a_value_however_long_its_jobs(office: Office, client: Client) -> None:
    long = "/" + "x" * 15_000
    ids = [client.gets("Schedule", target=f"{long}{n}", after="1h")["job"]["id"] for n in range(9)]
    for order in ("newest", "due"):
        found, after, pages = [], {}, 0
        while True:
            client.ask_for("Jobs", limit=100, order=order, **after)
            [answer] = client.answers()
            found += [job["id"] for job in json.loads(answer[b"jobs"])]
            pages += 1
            if b"next" not in answer:
                break
            after = {"after": answer[b"next"]}
        assert sorted(found) == sorted(ids)
        assert pages == 3


def test_a_job_too_long_for_a_value_comes_without_its_longest_parts(
    office: Office, client: Client
) -> None:
    answer = client.gets(
        "Schedule", target="/" + "x" * 16_000, headers=[["X", "é" * 32_000]], after="1h"
    )
    [job] = client.gets("Jobs")["jobs"]
    assert job == answer["job"]
    assert set(job["left_out"]) == {"headers", "target"}


def test_what_a_client_left_behind_is_forgotten(office: Office) -> None:
    client = office.connect()
    client.gets("Upload", upload=1, data=b"x" * 1000)
    client.gets("Tail", tail=1)
    assert office.factory._uploads.used == 1000
    others = len(office.hub._observers) - 1
    client.leave()
    assert office.factory._uploads.used == 0
    assert len(office.hub._observers) == others
    assert office.factory.sessions == ()
    assert OWNER
