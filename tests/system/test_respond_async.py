"""Requests whose clients do not wait, in a real engine."""

from __future__ import annotations

import http.client
import re
import time
from email.message import Message
from pathlib import Path
from typing import NamedTuple

from tests.system.engine_process import EngineProcess, engine

APPLICATION = """
import time

def application(environ, start_response):
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read()
    if path == "/reports/slow":
        time.sleep(1)
    if path == "/reports/broken":
        raise ZeroDivisionError
    start_response("201 Made", [
        ("Content-Type", "application/x-thing"),
        ("ETag", '"7"'),
        ("Set-Cookie", "sid=2"),
        ("Set-Cookie", "other=3"),
    ])
    facts = [environ["REQUEST_METHOD"], path, environ["QUERY_STRING"], body.decode(),
             environ.get("HTTP_COOKIE"), environ.get("HTTP_AUTHORIZATION"),
             environ.get("HTTP_PREFER"), environ.get("HTTP_X_VIA_JOBQUEUE"),
             environ.get("HTTP_X_JOBQUEUE_TICKET")]
    return [repr(facts).encode(), bytes(range(256))]
"""


class Answer(NamedTuple):
    status: int
    reason: str
    headers: Message
    body: bytes


def ask(
    port: int, target: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.reason, answer.headers, answer.read())
    finally:
        connection.close()


def later(port: int, location: str) -> Answer:
    """What is there in the end."""
    deadline = time.monotonic() + 30
    while (answer := ask(port, location)).headers["Preference-Applied"] is not None:
        assert answer.status == 202
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return answer


def shop(folder: Path) -> tuple[str, ...]:
    (folder / "app.wsgi").write_text(APPLICATION)
    arguments = ("--app", "app.wsgi", "--respond-async", "/reports", "--attempts", "1")
    return (*arguments, "--sink", "off")


def test_a_client_that_does_not_wait_has_the_response_later(tmp_path: Path) -> None:
    with engine(tmp_path, *shop(tmp_path)) as one:
        asked = ask(
            one.port,
            "/reports/slow?a=1&b=%20",
            "POST",
            b"the body",
            Prefer="Respond-Async, handling=lenient",
            Cookie="sid=1",
            Authorization="Bearer s3cret",
        )
        assert asked.status == 202
        assert asked.headers["Preference-Applied"] == "respond-async"
        assert asked.headers["Cache-Control"] == "no-store"
        assert int(asked.headers["Retry-After"]) > 0
        location = asked.headers["Location"]
        assert re.fullmatch(r"/reports/slow\?_r=[0-9a-f]{26}\.[0-9a-f]{64}", location)
        assert ask(one.port, location).status == 202
        answer = later(one.port, location)
        assert (answer.status, answer.reason) == (201, "Made")
        assert answer.headers.get_all("Set-Cookie") == ["sid=2", "other=3"]
        assert answer.headers["ETag"] == '"7"'
        assert answer.headers["Content-Type"] == "application/x-thing"
        facts = ["POST", "/reports/slow", "a=1&b=%20", "the body", "sid=1", "Bearer s3cret"]
        expected = [*facts, "handling=lenient", "yes", None]
        assert answer.body == repr(expected).encode() + bytes(range(256))
        assert ask(one.port, location)[0::3] == (201, answer.body), (
            "again, for as long as it is kept"
        )
        head = ask(one.port, location, "HEAD")
        assert (head.status, head.body) == (201, b"")

        wrong = location[:-1] + ("0" if location[-1] != "0" else "1")
        for elsewhere in (wrong, location.replace("slow", "other")):
            assert ask(one.port, elsewhere).status == 404
        one.stop()
        secret = location.rpartition(".")[2]
        assert not any(secret in str(event) for event in one.events), "nor is it in the log"
    with engine(tmp_path, *shop(tmp_path)) as one:
        assert later(one.port, location).body == answer.body, "over a restart"
        one.stop()


def test_whoever_does_not_ask_or_may_not_is_answered_at_once(tmp_path: Path) -> None:
    with engine(tmp_path, *shop(tmp_path)) as one:
        for target, prefer in (("/reports", "wait=5"), ("/reportsx", "respond-async"), ("/", "")):
            answer = ask(one.port, target, Prefer=prefer)
            assert (answer.status, answer.headers["Preference-Applied"]) == (201, None)
        broken = ask(one.port, "/reports/broken", Prefer="respond-async")
        assert later(one.port, broken.headers["Location"]).status == 500
        one.stop()


def test_without_a_store_it_is_answered_at_once(tmp_path: Path) -> None:
    with engine(tmp_path, *shop(tmp_path)) as one:
        lock(tmp_path / ".jobqueue")
        answer = ask(one.port, "/reports", Prefer="respond-async")
        assert (answer.status, b"'/reports'" in answer.body) == (201, True)
        one.process.kill()


def lock(state: Path) -> None:
    """Take the database away."""
    for path in state.glob("jobqueue.db*"):
        path.unlink()


def test_a_bad_path_is_one_line(tmp_path: Path) -> None:
    arguments = (*shop(tmp_path), "--http", "off", "--respond-async", "reports")
    with EngineProcess(tmp_path, *arguments) as one:
        assert one.wait() == 1
        assert one.messages == [
            "jobqueue: --respond-async: 'reports' is not a path; expected something like /reports"
        ]
