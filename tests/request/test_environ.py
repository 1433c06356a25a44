"""The environ of a job, key by key."""

from __future__ import annotations

import io
from typing import Any
from wsgiref.validate import validator

import pytest

from jqengine.identity import IdFactory
from jqengine.job import Policy, Request, Run
from jqengine.lifecycle import RunState
from jqengine.request.capture import call_application
from jqengine.request.environ import JobEnviron, rfc3339, trace_of
from jqengine.request.headers import environ_key, is_trusted, is_unsafe_from_clients

DUE = 1795482719.0


def run_of(request: Request | None = None, **changes: Any) -> Run:
    run = Run(
        id="019a0000000000010123456789",
        job_id="019a0000000000000123456789",
        name="nightly",
        due=DUE,
        request=request or Request(),
        policy=Policy(),
        sinks=(),
        state=RunState.RUNNING,
        ready=DUE,
        attempt=2,
        previous_status=503,
    )
    return run._replace(**changes)


def environ_of(request: Request | None = None, **changes: Any) -> dict[str, Any]:
    return JobEnviron(errors=io.StringIO())(run_of(request, **changes))


def test_a_bare_job_is_the_request_the_design_describes() -> None:
    environ = environ_of(Request(target="/a%20b/%C3%A9?x=1&y=%20"))
    expected = {
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_HOST": "localhost",
        "REQUEST_METHOD": "GET",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.0",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b/\xc3\xa9",
        "QUERY_STRING": "x=1&y=%20",
        "CONTENT_TYPE": "",
        "CONTENT_LENGTH": "0",
        "HTTP_X_VIA_JOBQUEUE": "yes",
        "HTTP_X_VIA_JOBQUEUE_JOB": "019a0000000000000123456789",
        "HTTP_X_JOBQUEUE_RUN": "019a0000000000010123456789",
        "HTTP_X_JOBQUEUE_ATTEMPT": "2",
        "HTTP_X_JOBQUEUE_DUE": "2026-11-24T01:11:59Z",
        "HTTP_IDEMPOTENCY_KEY": "019a0000000000010123456789",
    }
    assert {key: environ[key] for key in expected} == expected
    assert "REMOTE_USER" not in environ
    assert "AUTH_TYPE" not in environ
    assert environ["wsgi.input"].read() == b""


def test_nothing_of_the_process_environment_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_PROCESS", "x")
    allowed = {"REMOTE_ADDR", "REMOTE_HOST", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL",
               "SERVER_SOFTWARE", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "REQUEST_METHOD",
               "CONTENT_TYPE", "CONTENT_LENGTH"}  # fmt: skip
    for key in environ_of():
        assert key in allowed or key.startswith(("HTTP_", "wsgi.", "jobqueue.")), key


def test_the_user_is_authenticated_by_the_engine() -> None:
    environ = environ_of(Request(user="alice"))
    assert (environ["REMOTE_USER"], environ["AUTH_TYPE"]) == ("alice", "JobQueue")


def test_a_user_beyond_latin_1_is_written_as_pep_3333_wants() -> None:
    user = environ_of(Request(user="\u0141ukasz"))["REMOTE_USER"]
    assert user.encode("latin-1").decode() == "\u0141ukasz"


def test_the_body_has_its_length_and_type_whatever_the_headers_say() -> None:
    request = Request(
        method="POST",
        body=b"fmt=pdf",
        headers=(("content-type", "application/x-www-form-urlencoded"), ("Content-Length", "99")),
    )
    environ = environ_of(request)
    assert environ["CONTENT_TYPE"] == "application/x-www-form-urlencoded"
    assert environ["CONTENT_LENGTH"] == "7"
    assert "HTTP_CONTENT_LENGTH" not in environ
    environ["wsgi.input"].seek(4)
    assert environ["wsgi.input"].read() == b"pdf"


def test_repeated_headers_are_joined() -> None:
    headers = (("Accept", "a"), ("accept", "b"), ("Cookie", "x=1"), ("Cookie", "y=2"))
    environ = environ_of(Request(headers=headers))
    assert environ["HTTP_ACCEPT"] == "a,b"
    assert environ["HTTP_COOKIE"] == "x=1; y=2"


@pytest.mark.parametrize(
    "name",
    ["X-Via-JobQueue", "x_via_jobqueue", "X-VIA_JobQueue-Job", "X-JobQueue-Run",
     "X_JobQueue_Attempt", "x-jobqueue-due", "X-JobQueue-Anything", "Idempotency-Key"],
)  # fmt: skip
def test_a_job_cannot_forge_what_the_engine_says(name: str) -> None:
    plain = environ_of()
    forged = environ_of(Request(headers=((name, "forged"),)))
    assert {key for key in forged if key not in plain} == set()
    assert "forged" not in forged.values()


def test_the_base_url_is_what_the_application_believes() -> None:
    build = JobEnviron(
        scheme="https", host="www.example.org", port=443, script_name="/app", errors=io.StringIO()
    )
    environ = build(run_of(Request(target="/x")))
    assert environ["wsgi.url_scheme"] == "https"
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("www.example.org", "443")
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/app", "/x")


def test_the_facts_are_a_mapping_nobody_can_change() -> None:
    facts = environ_of(Request(user="bob"))["jobqueue.job"]
    assert dict(facts) == {
        "id": "019a0000000000000123456789",
        "name": "nightly",
        "run": "019a0000000000010123456789",
        "attempt": 2,
        "due": "2026-11-24T01:11:59Z",
        "user": "bob",
        "idempotency_key": "019a0000000000010123456789",
        "previous_status": 503,
    }
    with pytest.raises(TypeError):
        facts["id"] = "other"


def test_two_environs_share_no_state() -> None:
    build, run = JobEnviron(errors=io.StringIO()), run_of(Request(headers=(("A", "b"),)))
    first = build(run)
    first["HTTP_A"] = "changed"
    first["added"] = 1
    second = build(run)
    assert second["HTTP_A"] == "b"
    assert "added" not in second


def test_a_trace_goes_on_and_attempts_have_their_own_span() -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    first, second = (trace_of(run_of(attempt=n), parent) for n in (1, 2))
    assert first.startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert first.endswith("-01")
    assert first != second


def test_runs_of_one_trace_have_each_their_own_span() -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    new_id = IdFactory(lambda bits: 7)
    traces = {trace_of(run_of(id=new_id(1_800_000_000.0)), parent) for _ in range(100)}
    assert len(traces) == 100


@pytest.mark.parametrize(
    "parent", [None, "", "nonsense", "00-" + "0" * 32 + "-" + "1" * 16 + "-01"]
)
def test_without_a_valid_parent_the_run_begins_its_own_trace(parent: str | None) -> None:
    first, second = (trace_of(run_of(attempt=n), parent).split("-") for n in (1, 2))
    assert (first[0], first[2:]) == ("00", ["0000000100000001", "01"])
    assert first[1] == second[1] != trace_of(run_of(id="other"), parent).split("-")[1]
    assert len(first[1]) == 32


def test_a_sampler_that_looks_at_the_end_of_a_trace_takes_its_share() -> None:
    new_id = IdFactory(lambda bits: 7)
    nights = [1_800_000_000.0 + 86_400 * day + day % 7 / 1000 for day in range(400)]
    traces = [trace_of(run_of(id=new_id(night)), None).split("-")[1] for night in nights]
    assert len(set(traces)) == 400
    taken = [trace for trace in traces if int(trace[-14:], 16) < 2**56 // 4]
    assert 40 < len(taken) < 160


def test_due_times_keep_their_fraction() -> None:
    assert rfc3339(1795482719.25) == "2026-11-24T01:11:59.250000Z"


@pytest.mark.parametrize(
    ("name", "trusted", "unsafe"),
    [
        ("X-Via-JobQueue", True, True),
        ("x_via-JOBQUEUE", True, True),
        ("X-JobQueue-Run", True, True),
        ("X-Via-JobQueueing", True, True),
        ("X-JobQueue", False, False),
        ("Proxy", False, True),
        ("PROXY", False, True),
        ("Proxy-Authorization", False, False),
        ("Some_Header", False, True),
        ("Idempotency-Key", False, False),
        ("traceparent", False, False),
        ("Host", False, False),
    ],
)
def test_names_are_judged_by_where_they_land(name: str, trusted: bool, unsafe: bool) -> None:
    assert is_trusted(name) is trusted
    assert is_unsafe_from_clients(name) is unsafe


def test_content_headers_land_without_a_prefix() -> None:
    assert environ_key("content-Type") == "CONTENT_TYPE"
    assert environ_key("X-Thing") == "HTTP_X_THING"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD"])
def test_the_validator_of_pep_3333_finds_nothing(method: str) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["wsgi.input"].read(3)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [] if method == "HEAD" else [b"ok"]

    body = b"abc" if method == "POST" else b""
    environ = environ_of(Request(method=method, body=body))
    result = call_application(validator(application), environ, now=lambda: 0.0, body_limit=10)
    assert (result.status, result.reason) == (200, "OK")
