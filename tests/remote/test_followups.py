"""Jobs that come about only if the job that makes them succeeds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from jqengine.delivery import NOTHING_TO_DISPATCH, Dispatch
from jqengine.dispatch.verdict import judge, no_response
from jqengine.eager import eager
from jqengine.job import Result, Run
from jqengine.remote.followups import FollowUps
from jqengine.remote.intake import Intake
from jqengine.remote.submission import Submissions
from jqengine.triggers.triggers import Triggers
from tests.dispatch.values import a_run
from tests.store.values import NOW, an_id_factory


class Chain:
    """``/N`` schedules ``/N-1`` for its success, and answers as it is told."""

    def __init__(self, *statuses: str) -> None:
        self.statuses = list(statuses)
        self.traces: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        number = int(environ["PATH_INFO"][1:])
        self.traces.append(environ["HTTP_TRACEPARENT"].split("-")[1])
        if number:
            environ["jobqueue"].on_success().schedule(f"/{number - 1}")
        status = self.statuses.pop(0) if self.statuses else "200 OK"
        if status == "raise":
            raise ZeroDivisionError
        start_response(status, [])
        if status == "break":
            raise ZeroDivisionError
        return [b""]


def outcomes(chain: Chain, **options: Any) -> list[tuple[str, int]]:
    """Target and status of every attempt once ``/2`` is scheduled."""
    with eager(chain, now="2026-11-24T03:00:00Z") as engine:
        engine.queue.schedule("/2", **options)
        return [(ran.target, ran.status) for ran in engine.advance("1 hour")]


def test_the_success_of_each_brings_the_next() -> None:
    chain = Chain()
    assert outcomes(chain) == [("/2", 200), ("/1", 200), ("/0", 200)]
    assert len(set(chain.traces)) == 1, "they are of one trace"


@pytest.mark.parametrize(("status", "said"), [("404 Gone", 404), ("500 Oops", 500), ("raise", 0)])
def test_a_failure_brings_none(status: str, said: int) -> None:
    assert outcomes(Chain(status), attempts=1) == [("/2", said)]


@pytest.mark.parametrize("status", ["500 Oops", "raise"])
def test_of_several_attempts_the_one_that_succeeds_brings_it_once(status: str) -> None:
    results = outcomes(Chain(status, status))
    assert [target for target, _ in results] == ["/2", "/2", "/2", "/1", "/0"]


def test_an_attempt_that_comes_back_later_brings_none() -> None:
    def snoozing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/2" and not seen:
            environ["jobqueue"].on_success().schedule("/early")
            seen.append(1)
            start_response("503 Busy", [("Retry-After", "60")])
        else:
            start_response("200 OK", [])
        return [b""]

    seen: list[int] = []
    with eager(snoozing) as engine:
        engine.queue.schedule("/2")
        # The same attempt once more, which this time schedules nothing.
        assert [(ran.target, ran.attempt) for ran in engine.advance("1 hour")] == [("/2", 1)] * 2


def test_a_continuation_is_used_up_by_it() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/start":
            environ["jobqueue"].on_success().schedule(continuation=made[0], after="1h")
        start_response("200 OK", [])
        return [environ["wsgi.input"].read()]

    made: list[Any] = []
    environ = {"REQUEST_METHOD": "PUT", "PATH_INFO": "/saved"}
    with eager(application) as engine:
        made.append(engine.queue.continuation(environ, body=b"kept"))
        engine.queue.schedule("/start")
        engine.run_due()
        assert engine.queue.continuations() == []
        assert [(ran.method, ran.text) for ran in engine.advance("1h")] == [("PUT", "kept")]


# The note between a thread and the reactor.


class Nowhere:
    """Sinks that are not there."""

    def plan(self, run: Run, result: Result, verdict: Any) -> Dispatch:
        return NOTHING_TO_DISPATCH

    def deliver(self, run: Run, outcome: Any) -> None:
        """Nobody is told."""


def follow_ups(*texts: str) -> FollowUps:
    def intake() -> Intake:
        submissions = Submissions({"tz": "UTC"}, lambda url: None)
        return Intake(submissions, Triggers(), an_id_factory(), NOW)

    return FollowUps(Nowhere(), held_in=lambda environ: list(texts), intake=intake)


def call(noting: FollowUps, run: Run, *, wanted: bool = True) -> None:
    """Let a job thread perform *run*."""
    environ = {"jobqueue.job": {"run": run.id, "attempt": run.attempt}}
    noting.noting(lambda environ, *, wanted: ANSWER)(environ, wanted=lambda: wanted)


def planned(noting: FollowUps, run: Run, result: Result) -> list[str]:
    """The targets of what is written with *result*."""
    dispatch = noting.plan(run, result, judge(run, result, NOW, 0.5))
    return [job.definition.request.target for job in dispatch.follow_ups]


ANSWER = Result(200, "OK", (), b"", False, NOW, NOW)
TEXT = json.dumps({"target": "/next"})


def test_a_note_is_for_one_attempt_of_one_run() -> None:
    noting = follow_ups(TEXT)
    one, other = a_run(id="1" * 26), a_run(id="2" * 26)
    call(noting, one)
    assert planned(noting, other, ANSWER) == []
    assert planned(noting, one, ANSWER) == ["/next"]
    assert planned(noting, one, ANSWER) == []
    call(noting, one)
    assert planned(noting, one._replace(attempt=one.attempt + 1), ANSWER) == []
    assert planned(noting, one, ANSWER) == []


def test_what_nobody_waits_for_any_more_is_not_noted() -> None:
    noting, run = follow_ups(TEXT), a_run()
    call(noting, run, wanted=False)
    assert planned(noting, run, ANSWER) == []


def test_a_run_that_was_given_up_meanwhile_brings_none() -> None:
    noting, run = follow_ups(TEXT), a_run(attempt=3)
    call(noting, run)
    assert planned(noting, run, no_response("timeout after 15m", NOW, NOW)) == []
    assert planned(noting, run, ANSWER) == []


def test_jobs_that_are_none_any_more_are_left_out_together() -> None:
    noting, run = follow_ups(TEXT, json.dumps({"target": "nowhere"})), a_run()
    call(noting, run)
    assert planned(noting, run, ANSWER) == []
