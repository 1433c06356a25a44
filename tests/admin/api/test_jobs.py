"""Jobs over the API."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from .conftest import Site

JOB = {"target": "/200", "every": "1h", "name": "sync", "user": "alice"}


def test_a_job_is_made_shown_and_found(site: Site) -> None:
    made = site.post("/jobs", JOB)
    assert made.status == 201
    job = made.json
    assert (job["due"], job["schedule"]["words"]) == ("2026-11-24T04:00:00Z", "every 1 h")
    place = made.headers["Location"].removeprefix("/api/v1")
    for path in (place, "/jobs/sync"):
        found = site.get(path)
        assert found.json == job
        assert found.headers["ETag"].startswith('"')
    assert site.get("/jobs?user=alice&once=false&state=scheduled").json == {
        "jobs": [job], "next": None,
    }  # fmt: skip
    assert site.get("/jobs?user=bob").json["jobs"] == []


def test_bodies_of_every_kind(site: Site) -> None:
    raw = base64.b64encode(b"\x00\xff").decode()
    for said, body in (
        ({"body": "héllo"}, "héllo".encode()),
        ({"body64": raw}, b"\x00\xff"),
        ({"json": {"a": [1, None]}}, b'{"a": [1, null]}'),
        ({"data": {"a": "1"}}, b"a=1"),
    ):
        made = site.post("/jobs", {"target": "/200", "method": "POST", **said}).json
        got = site.get(f"/jobs/{made['id']}/body")
        assert (got.status, got.body) == (200, body)
        assert got.headers["Content-Type"] == "application/octet-stream"
        assert got.headers["Content-Disposition"].startswith("attachment")


def test_pages_lead_from_one_to_the_next(site: Site) -> None:
    for number in range(5):
        site.post("/jobs", {"target": f"/{number}", "after": "1h", "user": "bob"})
    found, path = [], "/jobs?limit=2&user=bob"
    for _ in range(3):
        page = site.get(path)
        found += [job["target"] for job in page.json["jobs"]]
        if page.json["next"] is None:
            break
        assert page.headers["Link"] == f'<{page.json["next"]}>; rel="next"'
        path = page.json["next"].removeprefix("/api/v1")
    assert found == ["/4", "/3", "/2", "/1", "/0"]


def test_an_edit_is_tried_and_made_and_does_not_overwrite_anothers(site: Site) -> None:
    site.post("/jobs", JOB)
    etag = site.get("/jobs/sync").headers["ETag"]
    tried = site.ask("PATCH", "/jobs/sync?check=true", {"every": "2h"}).json
    assert (tried["due_before"], tried["job"]["due"]) == (
        "2026-11-24T04:00:00Z", "2026-11-24T05:00:00Z",
    )  # fmt: skip
    done = site.ask("PATCH", "/jobs/sync", {"target": "/204", "user": None}, if_match=etag)
    assert (done.status, done.json["job"]["target"], done.json["job"]["user"]) == (
        200, "/204", None,
    )  # fmt: skip
    assert done.headers["ETag"] == site.get("/jobs/sync").headers["ETag"] != etag
    for method, said in (("PATCH", {"target": "/x"}), ("DELETE", None)):
        refused = site.ask(method, "/jobs/sync", said, if_match=etag)
        assert (refused.status, refused.json["title"]) == (412, "Somebody else has changed it")
    assert site.ask("PATCH", "/jobs/sync", {"target": "/x"}, if_match='W/"weak"').status == 412
    assert site.ask("DELETE", "/jobs/sync", None, if_match="*").json["state"] == "cancelled"


def test_steps_of_a_job(site: Site) -> None:
    site.post("/jobs", JOB)
    assert site.post("/jobs/sync/pause").json["state"] == "paused"
    assert site.post("/jobs/sync/resume").json["state"] == "scheduled"
    run = site.post("/jobs/sync/run")
    assert (run.status, run.json["state"]) == (201, "waiting")
    assert site.get(run.headers["Location"].removeprefix("/api/v1")).json["id"] == run.json["id"]
    site.engine.run_due()
    assert [one["status"] for one in site.get("/jobs/sync/runs").json["runs"]] == [200]
    assert site.ask("DELETE", "/jobs/sync").json["state"] == "cancelled"
    assert site.post("/jobs/sync/pause").status == 409
    assert len(site.get("/jobs/sync/instants").json["instants"]) == 0


def test_one_thing_is_done_to_many_jobs(site: Site) -> None:
    ids = [site.post("/jobs", {**JOB, "name": name}).json["id"] for name in "abc"]
    lost = "f" * 26
    answers = site.post("/jobs/change", {"jobs": [*ids, lost], "action": "pause"}).json["answers"]
    assert [one["status"] for one in answers] == [200, 200, 200, 404]
    assert answers[3] == {"id": lost, "status": 404, "detail": f"there is no job {lost}"}
    assert {job["state"] for job in site.get("/jobs").json["jobs"]} == {"paused"}
    runs = site.post("/jobs/change", {"jobs": ids, "action": "run"}).json["answers"]
    assert {one["status"] for one in runs} == {200}
    assert len(site.engine.run_due()) == 3


def test_the_same_key_does_it_once(site: Site) -> None:
    said = {"target": "/200", "after": "1h"}
    first = site.post("/jobs", said, idempotency_key="a key")
    again = site.post("/jobs", said, idempotency_key="a key")
    assert first.json == again.json
    assert len(site.get("/jobs").json["jobs"]) == 1
    other = site.post("/jobs", {**said, "after": "2h"}, idempotency_key="a key")
    assert (other.status, other.json["parameter"]) == (422, "Idempotency-Key")
    assert site.post("/jobs", said, idempotency_key="another").json["id"] != first.json["id"]
    for key in ("", "k" * 256, "\xfc", " k"):
        for path, body in (("/jobs", said), ("/jobs/x/run", None), ("/runs/x/retry", None)):
            assert site.post(path, body, idempotency_key=key).status == 400


def test_a_key_is_known_after_a_restart_and_an_hour_later(site: Site) -> None:
    said = {"target": "/200", "after": "1h"}
    first = site.post("/jobs", said, idempotency_key="k").json
    later = Site(site.engine)
    later.api.__init__(later.api._queues, lambda: 1_795_489_200.0 + 5 * 3600)  # type: ignore[misc]
    assert later.post("/jobs", said, idempotency_key="k").json["id"] == first["id"]
    fresh = Site(site.engine)
    assert fresh.post("/jobs", {**said, "attempts": 9}, idempotency_key="k").status == 422
    assert len(site.get("/jobs").json["jobs"]) == 1


def test_a_key_of_a_run_and_of_a_retry(site: Site) -> None:
    site.post("/jobs", JOB)
    first, again = (site.post("/jobs/sync/run", idempotency_key="k").json for _ in range(2))
    assert first == again
    site.engine.run_due()
    path = f"/runs/{first['id']}/retry"
    changed = [site.post(path, {"target": "/201"}, idempotency_key="k").json for _ in range(2)]
    assert changed[0] == changed[1]
    assert changed[0]["id"] != first["id"]
    assert len(site.get("/runs").json["runs"]) == 2
    assert site.post(path, {"target": "/202"}, idempotency_key="k").status == 422


@pytest.mark.parametrize(
    ("said", "status", "pointer", "words"),
    [
        ({"targt": "/x"}, 422, "/targt", "did you mean target?"),
        ({"target": 7}, 422, "/target", "target: expected a text"),
        ({"target": "/x", "attempts": "many"}, 422, "/attempts", "attempts: 'many'"),
        ({"target": "/x", "attempts": [1]}, 422, "/attempts", "a text or a whole number"),
        ({"target": "/x", "sinks": ["nowhere:x"]}, 422, None, "nowhere"),
        ({"target": "/x", "at": "tomorrow asdf"}, 422, None, "'asdf' is not understood"),
        ({"target": "/x", "at": "noon", "every": "1h"}, 422, None, "every and at are given"),
        ({"target": "/x", "headers": {"X-JobQueue-Run": "1"}}, 422, None, "X-JobQueue-Run"),
        ({"target": "/x", "body": "a", "body64": "YQ=="}, 422, "/body64", "one body"),
        ({"target": "/x", "body64": "=a"}, 422, "/body64", "expected base64"),
        ({"target": "/x", "continuation": "1" * 32}, 422, None, "continuation"),
        ({"continuation": "1" * 32}, 404, None, "there is no continuation"),
        ({}, 422, None, "target is missing"),
        ([], 422, None, "expected an object"),
        ({"target": "/x", "tz": "Mars/Base"}, 422, "/tz", "Mars/Base"),
    ],
)
def test_a_bad_job_is_refused_with_its_place(
    site: Site, said: Any, status: int, pointer: str | None, words: str
) -> None:
    refused = site.post("/jobs", said)
    assert refused.headers["Content-Type"] == "application/problem+json"
    problem = refused.json
    assert (refused.status, problem["status"], problem.get("pointer")) == (status, status, pointer)
    assert words in problem["detail"]
    assert site.get("/jobs").json["jobs"] == []
