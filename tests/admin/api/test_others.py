"""Runs, deliveries and the engine itself over the API."""

from __future__ import annotations

from .conftest import Site


def test_a_run_and_what_came_of_it(site: Site) -> None:
    job = site.post(
        "/jobs",
        {
            "target": "/503",
            "method": "POST",
            "body": "hello",
            "attempts": 2,
            "headers": {"Authorization": "Bearer x"},
        },
    ).json
    site.engine.advance("1h")
    [run] = site.get("/runs?status=5xx&state=failed").json["runs"]
    full = site.get(f"/runs/{run['id']}").json
    assert {**full, **run} == full
    assert (full["body_size"], full["attempt"], full["node"]) == (5, 2, "eager")
    assert "Bearer" not in str(full)
    attempts = site.get(f"/runs/{run['id']}/attempts").json["attempts"]
    assert [one["status"] for one in attempts] == [503, 503]
    for path in ("response", "response?attempt=1"):
        assert site.get(f"/runs/{run['id']}/{path}").body == b"POST hello"
    assert site.get(f"/runs/{run['id']}/response?attempt=3").status == 404
    assert site.get(f"/runs/{run['id']}/body").body == b"hello"
    output = site.get(f"/runs/{run['id']}/output")
    assert (output.status, output.headers["Location"]) == (307, f"/runs/{run['id']}/response")
    assert site.get(f"/runs?job={job['id']}&since=2026-11-24T03:00:00Z").json["runs"] == [run]
    assert site.get("/runs?until=2026-11-24T03:00:00Z").json["runs"] == []


def test_a_retry_as_it_was_and_changed(site: Site) -> None:
    site.post("/jobs", {"target": "/404", "attempts": 1})
    site.engine.run_due()
    [run] = site.get("/runs").json["runs"]
    again = site.post(f"/runs/{run['id']}/retry")
    assert (again.status, again.json["id"], again.json["state"]) == (200, run["id"], "waiting")
    changed = site.post(f"/runs/{run['id']}/retry", {"target": "/200"})
    assert (changed.status, changed.json["target"]) == (201, "/200")
    assert changed.json["id"] != run["id"]
    site.engine.run_due()
    assert {one["status"] for one in site.get("/runs").json["runs"]} == {404, 200}


def test_lists_of_what_is_not_there(site: Site) -> None:
    for path, name in (
        ("/deliveries", "deliveries"),
        ("/deliveries?state=dead&sink=x", "deliveries"),
        ("/continuations", "continuations"),
        ("/sinks", "sinks"),
        ("/nodes", "nodes"),
        ("/groups", "groups"),
        ("/runs", "runs"),
    ):
        assert site.get(path).json[name] == []
    assert site.post("/deliveries/redrive").json == {"count": 0}
    assert site.post("/deliveries/redrive", {"sink": "x"}).json == {"count": 0}
    assert site.post("/deliveries/x/redrive").json == {"count": 0}
    assert site.ask("DELETE", "/deliveries/x").json == {"count": 0}
    assert site.ask("DELETE", f"/continuations/{'1' * 32}").json == {"count": 0}
    assert site.post("/nodes/nobody/drain").status == 404
    assert site.post("/groups/nobody/resume").status == 404
    for path in ("/runs/x", "/jobs/x", "/runs/x/body", "/runs/x/retry"):
        assert site.ask("POST" if path.endswith("retry") else "GET", path).status == 404


def test_continuations(site: Site) -> None:
    made = [
        site.engine.queue.continuation({"REQUEST_METHOD": "GET", "PATH_INFO": f"/{number}"})
        for number in range(3)
    ]
    page = site.get("/continuations?limit=2").json
    rest = site.get(page["next"].removeprefix("/api/v1")).json
    found = [*page["continuations"], *rest["continuations"]]
    assert sorted(one["id"] for one in found) == sorted(one.id for one in made)
    assert site.ask("DELETE", f"/continuations/{made[0].id}").json == {"count": 1}


def test_groups_are_paused(site: Site) -> None:
    site.post("/jobs", {"target": "/200", "after": "1h", "group": "g", "concurrency": 2})
    [group] = site.get("/groups").json["groups"]
    assert (group["name"], group["concurrency"], group["paused"]) == ("g", 2, False)
    assert site.post("/groups/g/pause").json["paused"] is True
    assert site.post("/groups/g/resume").json["paused"] is False
    assert site.post("/pause").json == {"changed": True}
    assert site.post("/resume").json == {"changed": True}


def test_the_engine_at_a_glance(site: Site) -> None:
    site.post("/jobs", {"target": "/200", "every": "1h"})
    overview = site.get("/overview").json
    assert (overview["all_well"], overview["stats"]["scheduled"]) == (True, 1)
    assert overview["next"]["target"] == "/200"
    assert site.get("/stats").json == overview["stats"]
    coming = site.get("/upcoming?limit=3&until=2026-11-24T05:30:00Z").json
    assert [one["due"] for one in coming["firings"]] == [
        "2026-11-24T04:00:00Z", "2026-11-24T05:00:00Z",
    ]  # fmt: skip
    assert site.post("/reload").json == {"added": 0, "replaced": 0, "retired": 0, "unchanged": 0}


def test_what_a_time_means(site: Site) -> None:
    when = site.get("/when?cron=0%209%20*%20*%201-5&tz=Europe/Paris&count=1").json
    assert when == {
        "instants": ["2026-11-24T09:00:00+01:00"],
        "words": "weekdays at 09:00, Europe/Paris",
        "recurring": True,
    }
    refused = site.get("/when?at=tomorrow%20asdf")
    assert (refused.status, "'asdf' is not understood" in refused.json["detail"]) == (400, True)
