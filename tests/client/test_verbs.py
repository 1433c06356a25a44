"""What each verb of the client sends, and what it makes of the answer."""

from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from jqengine.client import Job, JobQueue
from jqengine.errors import BadSchedule, EngineError, NoSuchJob, NotInTime, NotPossible
from jqengine.remote.commands import COMMANDS
from jqengine.wire.fields import JOB_NAMES
from tests.client.fake_engine import NOW, FakeEngine, job_json, result_json, run_json

DUE = datetime(2026, 11, 24, 3, tzinfo=UTC)


def test_schedule(queue: JobQueue, engine: FakeEngine) -> None:
    job = queue.schedule(
        "/reports/7",
        method="POST",
        data={"fmt": "pdf"},
        user="alice",
        when="next friday 17:00",
        remove_on=[410],
        catchup_window="1h",
    )
    [said] = engine.calls("Schedule")
    assert said.pop("id").decode() == job.id
    assert said == {
        "target": b"/reports/7", "method": b"POST", "data": b'{"fmt":"pdf"}', "user": b"alice",
        "when": b"next friday 17:00", "remove-on": b"410", "catchup-window": b"1h",
    }  # fmt: skip
    assert (job.state, job.due, job.name, job.existing) == ("scheduled", DUE, None, False)
    assert repr(job) == f"<Job {job.id} 'GET /reports/7': scheduled, due 2026-11-24 03:00:00+0000>"


def test_what_is_sent_is_what_the_commands_declare() -> None:
    declared = {
        command.__name__: {name.decode().replace("-", "_") for name, _ in command.arguments}
        for command in COMMANDS
    }
    assert {*JOB_NAMES, "target", "id", "upload", "check"} == declared["Schedule"]


def test_a_misspelt_argument_is_pythons_own_error_with_a_hint(queue: JobQueue) -> None:
    with pytest.raises(TypeError, match=r"schedule\(\) got an unexpected keyword argument 'methd'"):
        queue.schedule("/x", methd="POST")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="did you mean every"):
        queue.reschedule("x", evry="1h")  # type: ignore[call-arg]


def test_help_shows_every_argument() -> None:
    assert {"target", *JOB_NAMES} <= set(inspect.signature(JobQueue.schedule).parameters)


def test_an_error_is_an_exception_with_the_engines_sentence(
    queue: JobQueue, engine: FakeEngine
) -> None:
    engine.answers["Schedule"] = lambda _: {"_error": ("BAD_SCHEDULE", "asdf is not understood")}
    with pytest.raises(BadSchedule, match=r"^asdf is not understood$"):
        queue.schedule("/x", at="tomorrow asdf")
    engine.answers["Stats"] = lambda _: {"_error": ("UNHANDLED", "Unhandled Command: b'Stats'")}
    with pytest.raises(EngineError, match="older than its client"):
        queue.stats()


def test_schedule_many_gives_one_answer_for_each_in_order(
    queue: JobQueue, engine: FakeEngine
) -> None:
    def answer(said: dict[str, bytes]) -> dict[str, Any]:
        entries: list[Any] = [job["id"] for job in json.loads(said["jobs"])]
        entries[1] = {"error": "BAD_VALUE", "message": "no"}
        entries[2] = {"id": "other", "existing": True}
        return {"answers": entries}

    engine.answers["ScheduleMany"] = answer
    answers = queue.schedule_many(({"target": f"/{n}"} for n in range(4)), user="alice")
    assert [type(one).__name__ for one in answers] == ["Job", "BadValue", "Job", "Job"]
    assert isinstance(answers[0], Job)
    assert isinstance(answers[2], Job)
    assert answers[2].id == "other"
    assert answers[0].due == DUE  # asked for by itself
    assert len(engine.calls("Show")) == 1


def test_no_jobs_are_no_call(queue: JobQueue, engine: FakeEngine) -> None:
    assert queue.schedule_many([]) == []
    assert engine.asked == []


def test_a_call_that_fails_has_failed_for_each_of_its_jobs(
    queue: JobQueue, engine: FakeEngine
) -> None:
    engine.answers["ScheduleMany"] = lambda _: {"_error": ("STORE_FULL", "the disk is full")}
    answers = queue.schedule_many([{"target": "/1"}, {"target": "/2"}])
    assert [str(one) for one in answers] == ["the disk is full"] * 2


def test_a_long_body_is_uploaded(queue: JobQueue, engine: FakeEngine) -> None:
    parts: list[bytes] = []

    def upload(said: dict[str, bytes]) -> dict[str, Any]:
        parts.append(said["data"])
        return {"size": sum(map(len, parts))}

    engine.answers["Upload"] = upload
    body = bytes(range(256)) * 4096
    queue.schedule("/x", method="PUT", body=body)
    assert b"".join(parts) == body
    assert "body" not in engine.calls("Schedule")[0]


def test_wait_gives_the_whole_result(queue: JobQueue, engine: FakeEngine) -> None:
    body = "héllo ".encode() * 20_000

    def piece(said: dict[str, bytes]) -> dict[str, Any]:
        start = int(said["offset"])
        return {"data": body[start : start + 60_000], "size": len(body)}

    engine.answers["Wait"] = lambda _: {
        "run": run_json("r"), "result": result_json(size=len(body)), "body": body[:60_000],
    }  # fmt: skip
    engine.answers["Body"] = piece
    result = queue.schedule("/slow").wait(timeout=30)
    assert engine.calls("Wait")[0]["timeout"] == b"30.000s"
    assert (result.status, result.ok, result.body, result.finished) == (200, True, body, DUE)
    assert result.text == body.decode()
    assert result.header("content-TYPE") == "text/plain; charset=utf-8"
    assert "héllo" not in repr(result)


def test_wait_without_a_result_or_in_time(queue: JobQueue, engine: FakeEngine) -> None:
    engine.answers["Wait"] = lambda _: {"run": run_json("r", state="skipped", name="sync")}
    with pytest.raises(NotPossible, match="the run of sync is skipped and has no result"):
        queue.wait(name="sync")
    assert engine.calls("Wait") == [{"name": b"sync"}]
    engine.answers["Wait"] = lambda _: {"_error": ("NOT_IN_TIME", "has not ended within 1s")}
    with pytest.raises(TimeoutError, match="has not ended within 1s") as caught:
        queue.wait("id", timeout=1)
    assert isinstance(caught.value, NotInTime)


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume"])
def test_steps_of_a_job(verb: str, queue: JobQueue, engine: FakeEngine) -> None:
    engine.answers[verb.capitalize()] = lambda _: {"job": job_json("a", state="whatever")}
    job = queue.schedule("/x")
    assert getattr(queue, verb)(job).state == "whatever"
    assert getattr(queue, verb)(name="sync").state == "whatever"
    assert getattr(job, verb)() is job
    assert job.state == "whatever"
    assert engine.calls(verb.capitalize()) == [
        {"job": job.id.encode()}, {"name": b"sync"}, {"job": job.id.encode()},
    ]  # fmt: skip


def test_reschedule_run_now_and_retry(queue: JobQueue, engine: FakeEngine) -> None:
    engine.answers["Reschedule"] = lambda _: {"job": job_json("a")}
    engine.answers["RunNow"] = lambda said: {"run": run_json(said["id"].decode())}
    engine.answers["Retry"] = lambda _: {"run": run_json("r", state="waiting")}
    queue.reschedule(name="sync", every="1h", jitter="5s")
    assert engine.calls("Reschedule") == [{"name": b"sync", "every": b"1h", "jitter": b"5s"}]
    run = queue.run_now(name="sync")
    assert engine.calls("RunNow") == [{"name": b"sync", "id": run.id.encode()}]
    assert queue.retry(run=run).state == "waiting"
    assert engine.calls("Retry") == [{"run": run.id.encode()}]


def test_lists_are_read_page_by_page(queue: JobQueue, engine: FakeEngine) -> None:
    def page(said: dict[str, bytes]) -> dict[str, Any]:
        start = int(said.get("after", b"0"))
        shown = min(int(said["limit"]), 4)
        entries = [job_json(f"j{n}") for n in range(start, min(start + shown, 10))]
        following = {"next": str(start + shown)} if start + shown < 10 else {}
        return {"jobs": entries, **following}

    engine.answers["Jobs"] = page
    assert [job.id for job in queue.jobs(limit=None)] == [f"j{n}" for n in range(10)]
    assert [job.id for job in queue.jobs(limit=6)] == [f"j{n}" for n in range(6)]
    assert queue.jobs(state="paused", name="re*", order="due", limit=0) == []
    queue.jobs(state="paused", name="re*", order="due", limit=1)
    assert engine.calls("Jobs")[-1] == {
        "state": b"paused", "name": b"re*", "order": b"due", "limit": b"1",
    }  # fmt: skip


def test_runs_and_results(queue: JobQueue, engine: FakeEngine) -> None:
    engine.answers["Runs"] = lambda _: {"runs": [run_json("r", status=503, finished=NOW)]}
    engine.answers["Results"] = lambda said: (
        {"results": [result_json(status=503)], "next": 1}
        if said["after"] == b"0"
        else {"results": [result_json(attempt=2, size=3)]}
    )
    engine.answers["Body"] = lambda _: {"data": b"abc", "size": 3}
    [run] = queue.runs(name="sync", state="failed")
    assert (run.status, run.finished, run.started) == (503, DUE, None)
    assert [one.body for one in queue.results(run)] == [b"", b"abc"]
    assert [one.body for one in queue.results(run, bodies=False)] == [b"", b""]


def test_stats_reload_show(queue: JobQueue, engine: FakeEngine) -> None:
    engine.answers["Reload"] = lambda _: {"added": 1, "replaced": 2, "retired": 3, "unchanged": 4}
    engine.answers["Show"] = lambda said: (
        {"job": job_json("a", name="sync", policy={"attempts": 3}, sinks=["stdout:"])}
        if said == {"name": b"sync"}
        else {"_error": ("NO_SUCH_JOB", "there is no job nobody")}
    )
    assert queue.stats() == {"due": 1}
    assert queue.reload() == {"added": 1, "replaced": 2, "retired": 3, "unchanged": 4}
    job = queue.job(name="sync")
    assert (job.view.policy["attempts"], job.view.sinks) == (3, ("stdout:",))
    with pytest.raises(NoSuchJob, match="there is no job nobody"):
        queue.job("nobody")
