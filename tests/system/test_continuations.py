"""Continuations and success-bound jobs in a real engine, and under gunicorn beside one."""

from __future__ import annotations

import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest

from jqengine.client import JobQueue
from jqengine.errors import NoSuchJob
from tests.system.engine_process import EngineProcess, engine
from tests.system.other_server import gunicorn, needs_gunicorn, until

APPLICATION = """
import time

from flask import Flask, Response, abort, redirect, request, session

from jqengine.client import JobQueue, JobQueueMiddleware

app = Flask(__name__)
app.secret_key = "only for the test"
# What JOBQUEUE_AMP names; the engine sets it for the application it hosts.
queue = JobQueue()


@app.post("/upload")
def upload():
    continued = request.environ.get("jobqueue.continuation")
    if continued is None:
        k = queue.continuation(request, state={"size": len(request.data)})
        session["wanted"] = k.url
        return k.url
    via = "a job" if "HTTP_X_VIA_JOBQUEUE" in request.environ else "a link"
    return f"{via}: {len(request.data)} {continued['state']['size']} {session.get('user')}"


@app.post("/later")
def later():
    k = queue.continuation(request, path="/upload", state={"size": len(request.data)})
    queue.schedule(continuation=k, after="1s")
    return "later"


@app.post("/login")
def login():
    session["user"] = "ada"
    return redirect(session.pop("wanted"), 303)


@app.post("/orders/<int:status>")
def order(status):
    job = request.environ["jobqueue"].on_success().schedule("/confirm", after="1h", user="ada")
    return job.id, status


@app.post("/stream")
def stream():
    job = request.environ["jobqueue"].on_success().schedule("/confirm", after="1h")

    def chunks():
        yield job.id + "\\n"
        for _ in range(100):
            time.sleep(0.05)
            yield "x" * 1000

    return Response(chunks())


@app.get("/first")
def first():
    request.environ["jobqueue"].on_success().schedule("/second")
    return request.headers["traceparent"]


@app.get("/second")
def second():
    return request.headers["traceparent"]


wrapped = JobQueueMiddleware(app)
"""

SESSION = ("--session-cookie", "session")


class Browser:
    """A person with cookies."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def post(self, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        headers = {"Content-Type": "application/octet-stream", **headers}
        return self._open(Request(self._base + path, body, headers))

    def get(self, path: str) -> tuple[int, str]:
        return self._open(Request(self._base + path))

    def _open(self, request: Request) -> tuple[int, str]:
        try:
            with self._opener.open(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose name leaves room for that of a socket, with the application."""
    with tempfile.TemporaryDirectory(prefix="jq") as name:
        Path(name, "shop.py").write_text(APPLICATION)
        yield Path(name)


@contextmanager
def shop(folder: Path, *arguments: str) -> Iterator[EngineProcess]:
    with engine(folder, "--app", "shop:app", "--admin", "off", *SESSION, *arguments) as one:
        one.until(lambda: one.has_said("The engine is up"))
        yield one


BODY = b"picture " * 50_000  # too long to be kept in memory, or sent in one value


def test_a_long_upload_waits_for_the_login_over_a_kill_9(folder: Path) -> None:
    with shop(folder) as one:
        browser = Browser(one.port)
        status, url = browser.post("/upload", BODY)
        assert status == 200
        one.stop(signal.SIGKILL)
    with shop(folder) as one:
        browser._base = f"http://127.0.0.1:{one.port}"
        assert Browser(one.port).get(url)[0] == 410
        assert browser.post("/login") == (200, f"a link: {len(BODY)} {len(BODY)} ada")
        assert browser.get(url)[0] == 410
        one.stop()


def test_a_saved_request_is_run_as_a_job_over_a_kill_9(folder: Path) -> None:
    with shop(folder) as one:
        browser = Browser(one.port)
        browser.post("/upload", b"x")
        browser.post("/login")
        assert browser.post("/later", BODY)[0] == 200
        one.stop(signal.SIGKILL)
    with shop(folder) as one:
        line = f"a job: {len(BODY)} {len(BODY)} ada"
        one.until(lambda: line in one.output)
        one.stop()


def test_jobs_come_about_with_the_success_of_their_request(folder: Path) -> None:
    with shop(folder) as one:
        browser, queue = Browser(one.port), queue_of(folder)
        for status in (200, 201, 303, 400, 404, 500):
            said, job_id = browser.post(f"/orders/{status}")
            assert said == status or status == 303
            assert is_known(queue, job_id) == (status < 400), status
        queue.close()
        one.stop()


def queue_of(folder: Path) -> JobQueue:
    return JobQueue(str(folder / ".jobqueue/amp.sock"))


def is_known(queue: JobQueue, job_id: str) -> bool:
    try:
        return queue.job(job_id).view.target == "/confirm"
    except NoSuchJob:
        return False


def test_a_client_that_leaves_takes_its_jobs_along(folder: Path) -> None:
    with shop(folder) as one:
        queue = queue_of(folder)
        left = leave_in_the_middle(one.port)
        assert not is_known(queue, left)
        job_id = Browser(one.port).post("/stream")[1].partition("\n")[0]
        assert is_known(queue, job_id)
        # By now the stream that was left has ended, too.
        assert not is_known(queue, left)
        queue.close()
        one.stop()


def leave_in_the_middle(port: int) -> str:
    """Ask for the stream and go away after its first line; the id of the job in it."""
    with closing(socket.create_connection(("127.0.0.1", port), 10)) as connection:
        connection.sendall(b"POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        received = b""
        while b"xxx" not in received:
            received += connection.recv(65536)
    return received.partition(b"\r\n\r\n")[2].split(b"\r\n")[1].strip().decode()


def test_a_job_hands_its_trace_on_to_those_it_brings_about(folder: Path) -> None:
    with shop(folder) as one:
        queue = queue_of(folder)
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        result = queue.schedule("/first", headers={"traceparent": parent}).wait(timeout=30)
        trace = parent.split("-")[1]
        assert result.text.split("-")[1] == trace
        lines = until(lambda: [line for line in one.output if line.startswith(f"00-{trace}")][1:])
        assert len(lines) == 1
        queue.close()
        one.stop()


@needs_gunicorn
def test_under_gunicorn_the_middleware_does_it(folder: Path) -> None:
    environment = {
        "JOBQUEUE_AMP": f"unix:{folder}/.jobqueue/amp.sock",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    with shop(folder) as one, gunicorn(folder, "shop:wrapped", environment) as port:
        browser, queue = Browser(port), queue_of(folder)
        for status in (201, 404):
            said, job_id = browser.post(f"/orders/{status}")
            assert (said, is_known(queue, job_id)) == (status, status == 201)
        assert not is_known(queue, leave_in_the_middle(port))
        queue.close()
        one.stop()
