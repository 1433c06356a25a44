"""Eager mode: what a test sees of the jobs that an application makes."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, Response, abort, request

from jqengine.client import JobQueue
from jqengine.eager import Eager, eager
from jqengine.errors import BadSchedule, BadValue, NoSuchJob, NotConnected, NotInTime, NotPossible
from jqengine.testing import eager as from_testing

NOW = "2026-11-24T03:00:00Z"

queue = JobQueue()
"""Made when the module is imported, as applications do it."""


def make_app() -> Flask:
    """A shop: an order is confirmed at once and reviewed later."""
    app = Flask(__name__)
    app.testing = True

    @app.post("/orders")
    def order() -> str:
        queue.schedule("/confirm", method="POST", data={"order": 7}, user="ada")
        request.environ["jobqueue"].schedule("/review", when="tomorrow at 9am", name="review")
        return "ordered"

    @app.post("/confirm")
    def confirm() -> Response | str:
        return f"{request.environ['REMOTE_USER']} {request.form['order']}"

    @app.get("/review")
    def review() -> str:
        return request.environ["jobqueue.job"]["due"]

    @app.get("/slow")
    def slow() -> str:
        return queue.schedule("/confirm", method="POST", data={"order": 1}, user="bob").wait().text

    @app.get("/broken")
    def broken() -> str:
        request.environ["jobqueue"].on_success().schedule("/review")
        raise ZeroDivisionError("by seven")

    @app.get("/refused")
    def refused() -> str:
        abort(403)

    @app.get("/again")
    def again() -> str:
        queue.schedule("/again")
        return ""

    @app.post("/unsure")
    def unsure() -> tuple[str, int]:
        request.environ["jobqueue"].on_success().schedule("/review")
        return "", int(request.form["status"])

    return app


@pytest.fixture
def app() -> Flask:
    return make_app()


@pytest.fixture
def engine(app: Flask) -> Iterator[Eager]:
    with eager(app, now=NOW, tz="Europe/Paris") as engine:
        yield engine


def test_what_a_view_schedules_is_there_and_runs_when_told(app: Flask, engine: Eager) -> None:
    assert app.test_client().post("/orders").text == "ordered"
    assert [(job.view.target, job.state) for job in engine.jobs] == [
        ("/confirm", "scheduled"),
        ("/review", "scheduled"),
    ]
    [confirmed] = engine.run_due()
    assert (confirmed.method, confirmed.target, confirmed.user) == ("POST", "/confirm", "ada")
    assert (confirmed.status, confirmed.text, confirmed.ok) == (200, "ada 7", True)
    assert (confirmed.state, confirmed.attempt, confirmed.error) == ("finished", 1, None)
    assert confirmed.result.header("content-type") == "text/html; charset=utf-8"
    assert str(confirmed) == "POST /confirm: 200"
    assert engine.run_due() == []
    assert engine.results == [confirmed]


def test_time_goes_by_and_each_job_runs_at_its_own(app: Flask, engine: Eager) -> None:
    app.test_client().post("/orders")
    ran = engine.advance("2 days")
    due = datetime(2026, 11, 25, 8, tzinfo=UTC)  # nine in Paris
    assert [(one.target, one.due) for one in ran][1:] == [("/review", due)]
    assert (ran[1].name, ran[1].text) == ("review", "2026-11-25T08:00:00Z")
    assert ran[1].result.started == due
    assert engine.now == datetime(2026, 11, 26, 3, tzinfo=UTC)
    assert engine.jobs == []


@pytest.mark.parametrize("duration", ["90s", 90, 90.0, timedelta(seconds=90)])
def test_durations(engine: Eager, duration: Any) -> None:
    engine.queue.schedule("/review", after="1m")
    assert len(engine.advance(duration)) == 1
    assert engine.now == datetime(2026, 11, 24, 3, 1, 30, tzinfo=UTC)


def test_recurring_jobs_recur_and_can_be_steered(engine: Eager) -> None:
    job = queue.schedule("/review", every="10 minutes", times=5)
    assert len(engine.advance("25m")) == 2
    job.pause()
    assert engine.advance("1h") == []
    job.resume()
    assert len(engine.advance("1 day")) >= 1
    assert queue.job(job.id).state == "finished"


def test_a_failure_is_tried_again_after_its_wait(engine: Eager) -> None:
    queue.schedule("/broken", attempts=3, backoff="2s..10m")
    first = engine.run_due()
    assert [(one.status, one.state) for one in first] == [(0, "waiting")]
    assert isinstance(first[0].error, ZeroDivisionError)
    assert "ZeroDivisionError: by seven" in first[0].why
    second, third = engine.advance("1m")
    assert (second.attempt, second.state) == (2, "waiting")
    assert (third.attempt, third.state) == (3, "failed")
    assert third.result.started - second.result.started == timedelta(seconds=4)


def test_a_status_takes_a_recurring_job_out(engine: Eager) -> None:
    job = queue.schedule("/refused", every="1h", attempts=1)
    assert [one.status for one in engine.advance("5h")] == [403]
    assert job.refresh().state == "removed"


def test_waiting_lets_jobs_run_and_time_go_by(app: Flask, engine: Eager) -> None:
    assert app.test_client().get("/slow").text == "bob 1"
    job = queue.schedule("/review", after="1h")
    with pytest.raises(NotInTime):
        job.wait(timeout=60)
    assert engine.now == datetime(2026, 11, 24, 3, 1, tzinfo=UTC)
    assert job.wait(timeout=7200).text == "2026-11-24T04:00:00Z"


def test_what_would_never_come_is_not_waited_for(engine: Eager) -> None:
    job = queue.schedule("/review", after="1h", name="held").pause()
    with pytest.raises(NotPossible, match="in vain"):
        job.wait()


@pytest.mark.parametrize(("status", "jobs"), [(200, 1), (303, 1), (400, 0), (500, 0)])
def test_on_success_is_what_it_is_over_http(
    app: Flask, engine: Eager, status: int, jobs: int
) -> None:
    app.test_client().post("/unsure", data={"status": status})
    assert len(engine.jobs) == jobs


def test_an_exception_in_a_view_reaches_the_test_and_drops_its_jobs(
    app: Flask, engine: Eager
) -> None:
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/broken")
    assert engine.jobs == []


def test_refusals_are_those_of_a_real_engine(engine: Eager) -> None:
    with pytest.raises(BadSchedule, match="tomorrow asdf"):
        queue.schedule("/x", when="tomorrow asdf")
    with pytest.raises(BadValue, match="there is no sink carrier-pigeon:"):
        queue.schedule("/x", sinks=["carrier-pigeon:home"])
    with pytest.raises(NoSuchJob):
        queue.job("0" * 26)
    with pytest.raises(NotPossible, match="eager mode"):
        next(queue.tail())
    answers = queue.schedule_many([{"target": "/a"}, {"target": "b"}])
    assert [type(one).__name__ for one in answers] == ["Job", "BadRequest"]


def test_long_bodies_and_lists_go_through(engine: Eager) -> None:
    body = b"x" * 1_000_000
    job = queue.schedule("/x", method="PUT", body=body)
    assert job.refresh().view.body_size == len(body)
    queue.schedule_many({"target": f"/{number}"} for number in range(2500))
    assert len(engine.jobs) == 2501
    assert sum(queue.stats().values()) == 2501


def test_a_job_that_schedules_itself_for_ever_is_found_out(
    engine: Eager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jqengine.eager.engine.MOST_AT_ONCE", 50)
    queue.schedule("/again")
    with pytest.raises(NotPossible, match="schedule itself for now, the last one was GET /again"):
        engine.run_due()


def test_afterwards_everything_is_as_it_was(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBQUEUE_AMP", "/nowhere/amp.sock")
    before = app.wsgi_app
    with eager(app) as engine:
        assert app.wsgi_app != before
        assert engine.queue.jobs() == []
    assert app.wsgi_app == before
    with pytest.raises(NotConnected):
        JobQueue(patience=0).stats()


def test_engines_follow_each_other_and_share_nothing(app: Flask) -> None:
    with eager(app):
        queue.schedule("/review")
    with eager(app) as second:
        assert second.jobs == []


def test_the_clock_begins_now_unless_it_is_told() -> None:
    app = make_app()
    with eager(app) as engine:
        assert abs(engine.now - datetime.now(UTC)) < timedelta(minutes=1)
    with eager(app, now="2026-12-24T17:30", tz="Europe/Paris") as engine:
        assert engine.now == datetime(2026, 12, 24, 16, 30, tzinfo=UTC)
    with eager(app, now=datetime(2026, 1, 1, tzinfo=UTC)) as engine:
        assert engine.now == datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(BadValue), eager(app, tz="Europe/Pariss"):
        pass


def test_a_plain_application_is_called_through_the_engine() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/":
            environ["jobqueue"].on_success().schedule("/later")
        start_response("200 OK", [])
        return [environ["SCRIPT_NAME"].encode(), environ["SERVER_NAME"].encode()]

    with eager(application, base_url="https://shop.example/app/") as engine:
        around = engine.around(application)
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SCRIPT_NAME": "", "SERVER_NAME": ""}
        list(around(environ, lambda *said: lambda data: None))
        [later] = engine.run_due()
        assert later.text == "/appshop.example"


def test_threads_of_a_test_may_schedule(engine: Eager) -> None:
    threads = [threading.Thread(target=queue.schedule, args=("/review",)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(engine.run_due()) == 20


def test_it_is_part_of_what_users_test_with() -> None:
    assert from_testing is eager
