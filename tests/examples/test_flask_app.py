"""The Flask example, asked by people and by jobs."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jqengine.job import Request, Result
from jqengine.request.capture import call_application
from jqengine.request.environ import JobEnviron
from tests.dispatch.values import a_run

EXAMPLE = Path(__file__).parents[2] / "doc/examples/flask_app"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(EXAMPLE))
    from notes_app import create_app

    yield create_app(str(tmp_path))
    del sys.modules["notes_app"], sys.modules["notes_jobs"]


def ask(app: Any, request: Request) -> Result:
    environ = JobEnviron(errors=io.StringIO())(a_run(request=request))
    return call_application(app, environ, now=lambda: 0.0, body_limit=10_000)


def digest_for(user: str | None) -> Request:
    return Request(
        method="POST",
        target="/digest",
        body=b"format=long",
        headers=(("Content-Type", "application/x-www-form-urlencoded"),),
        user=user,
    )


def logged_in(app: Any) -> Any:
    client = app.test_client()
    answer = client.post("/login", data={"name": "alice", "password": "wonderland"})
    assert answer.status_code == 303
    return client


def test_a_job_may_what_its_user_may(app: Any) -> None:
    result = ask(app, digest_for("alice"))
    assert result.status == 200
    assert result.body == b"alice had 0 notes at 2027-01-15T08:00:00Z (long).\n"


def test_a_job_of_nobody_is_told_so(app: Any) -> None:
    assert ask(app, digest_for(None)).status == 401


def test_a_client_cannot_pass_for_a_job(app: Any) -> None:
    client = logged_in(app)
    forged = {"X-Via-JobQueue": "yes", "Remote-User": "bob"}
    assert client.post("/digest", headers=forged).status_code == 403
    assert app.test_client().post("/digest", headers=forged).status_code == 401


def test_people_log_in_with_a_session(app: Any) -> None:
    client = logged_in(app)
    assert "You are alice" in client.get("/").text
    client.post("/logout")
    assert "Log in" in client.get("/").text
    assert client.post("/login", data={"name": "alice", "password": "x"}).status_code == 403


def test_an_upload_by_a_person_is_in_the_export_of_their_job(app: Any) -> None:
    client = logged_in(app)
    sent = {"note": (io.BytesIO(b"remember the milk"), "milk.txt")}
    assert client.post("/notes", data=sent).status_code == 201
    exported = ask(app, Request(target="/export", user="alice"))
    assert exported.body == b"== milk.txt\nremember the milk\n"
    assert ask(app, Request(target="/export", user="bob")).body == b""


def test_errors_are_in_the_words_of_the_application(app: Any) -> None:
    missing = ask(app, Request(target="/nowhere"))
    assert missing.status == 404
    assert missing.body.startswith(b"Not Found: ")
    assert ask(app, Request(target="/broken")).body == b"Something went wrong.\n"
    assert ask(app, Request(target="/broken")).status == 500
