"""What spans say, and what they keep to themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jqengine.delivery import Delivery
from jqengine.job import Outcome, Owner, Request, Run, Verdict
from jqengine.lifecycle import DeliveryState, RunState
from jqengine.request.environ import trace_of
from jqengine.telemetry.spans import Kind, Place, Span, of_acceptance, of_attempt, of_delivery
from tests.dispatch.values import NOW, a_job, a_result, a_run

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
SECRETS = Request(
    method="POST",
    target="/pay?token=s3cret",
    headers=(("traceparent", PARENT), ("Authorization", "s3cret"), ("Cookie", "a=s3cret")),
    body=b"s3cret",
    user="s3cret",
)


def ended(run: Run, status: int = 200, state: RunState = RunState.FINISHED) -> Outcome:
    result = a_result(status, body=b"s3cret", headers=(("Set-Cookie", "s3cret"),))
    verdict = Verdict(state, None, False, None, f"{status}")
    return Outcome(run.id, run.job_id, Owner("n", "b"), run.attempt, result, verdict)


def delivered(**changes: object) -> Delivery:
    sink = "https://u:s3cret@hooks.example.org/s3cret?s3cret#on=failure"
    delivery = Delivery(
        "d1", "run-1", 2, "job-1", sink, "lane", DeliveryState.DELIVERING, NOW, 3, None, None, ""
    )
    return delivery._replace(**changes)  # type: ignore[arg-type]


def test_an_attempt_is_the_span_that_the_application_finds_as_its_parent() -> None:
    run = a_run(request=SECRETS, attempt=2, name="pay")
    span = of_attempt(run, ended(run, 503, RunState.WAITING))
    assert str(span.place) == trace_of(run, PARENT)
    assert str(span.parent) == PARENT
    assert (span.name, span.kind, span.error) == ("run pay", Kind.CONSUMER, "503")
    assert (span.began, span.ended) == (NOW, NOW + 0.01)
    assert span.attributes == {
        "messaging.system": "jqengine",
        "messaging.destination.name": "jobs",
        "messaging.operation.type": "process",
        "messaging.operation.name": "run",
        "messaging.message.id": "run-1",
        "messaging.message.conversation_id": "job-1",
        "http.request.method": "POST",
        "url.path": "/pay",
        "http.response.status_code": 503,
        "error.type": "503",
        "jobqueue.job.name": "pay",
        "jobqueue.attempt": 2,
        "jobqueue.lateness": 0.0,
        "jobqueue.verdict": "waiting",
    }


def test_an_attempt_without_a_response_has_no_status() -> None:
    run = a_run()
    span = of_attempt(run, ended(run, 0, RunState.FAILED))
    assert span.attributes["error.type"] == "no_response"
    assert "http.response.status_code" not in span.attributes
    assert span.parent is None


def test_jobs_that_were_accepted_together_are_one_span_for_each_trace() -> None:
    job = a_job()
    traced = replace(job, definition=replace(job.definition, name="pay", request=SECRETS))
    alone, several = of_acceptance([traced, job, job], NOW, NOW + 1)
    assert (alone.name, str(alone.parent)) == ("schedule pay", PARENT)
    assert alone.attributes["messaging.message.conversation_id"] == "job-1"
    assert (several.name, several.parent) == ("schedule jobs", None)
    assert several.attributes["messaging.batch.message_count"] == 2
    assert alone.kind is several.kind is Kind.PRODUCER


def test_a_delivery_is_beneath_the_attempt_that_it_is_of() -> None:
    run = a_run(request=SECRETS, attempt=5)
    span = of_delivery(delivered(), run, NOW, NOW + 1, "answered 500")
    assert str(span.parent) == trace_of(run._replace(attempt=2), PARENT)
    assert (span.name, span.kind, span.error) == ("deliver https", Kind.CLIENT, "answered 500")
    assert span.attributes["jobqueue.sink"] == "https://hooks.example.org/..."


def test_no_span_holds_a_secret() -> None:
    run, job = a_run(request=SECRETS), a_job()
    secret_job = replace(job, definition=replace(job.definition, request=SECRETS))
    spans: list[Span] = [
        of_attempt(run, ended(run)),
        *of_acceptance([secret_job], NOW, NOW),
        of_delivery(delivered(), run, NOW, NOW, None),
    ]
    assert "s3cret" not in repr(spans)


@pytest.mark.parametrize(
    ("header", "place"),
    [
        (PARENT, Place(TRACE, "b7ad6b7169203331", "01")),
        (PARENT.replace("00-", "cc-", 1) + "-more", Place(TRACE, "b7ad6b7169203331", "01")),
        (PARENT.replace("00-", "ff-", 1), None),
        (PARENT.replace(TRACE, "0" * 32), None),
        (PARENT.replace("b7ad6b7169203331", "0" * 16), None),
        (PARENT.upper(), None),
        (PARENT + "\n", None),
        ("", None),
        (None, None),
    ],
)
def test_a_traceparent_is_read_as_the_standard_says(
    header: str | None, place: Place | None
) -> None:
    assert Place.of(header) == place


def test_two_parents_are_none() -> None:
    headers = (("traceparent", PARENT), ("Traceparent", PARENT))
    run = a_run(request=Request(headers=headers))
    assert of_attempt(run, ended(run)).parent is None
