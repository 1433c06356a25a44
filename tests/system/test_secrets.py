"""A secret in every place that takes one, and a look at everything that shows something."""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from jqengine.admin.metricstable import METRICS
from jqengine.client import JobQueue
from tests.system.engine_process import EngineProcess, engine

SECRET = "S3CR3T"
JOBQUEUE = str(Path(sys.executable).with_name("jobqueue"))
MOST_PAGES = 80

APPLICATION = f"""
def application(environ, start_response):
    if environ["PATH_INFO"] == "/fails":
        raise ValueError("on purpose")
    start_response("200 OK", [
        ("Content-Type", "text/plain"),
        ("Set-Cookie", "session={SECRET}"),
        ("X-Auth-Token", "{SECRET}"),
        ("X-Customer", "{SECRET}"),
        ("Location", "/next?token={SECRET}"),
    ])
    return [b"fine"]
"""
HEADERS = {
    "Authorization": f"Bearer {SECRET}",
    "Cookie": f"sid={SECRET}",
    "Proxy-Authorization": f"Basic {SECRET}",
    "X-Api-Key": SECRET,
    "X-Customer": SECRET,
    "Referer": f"https://example.org/?code={SECRET}",
}
TARGET = f"/pay?token={SECRET}&x-customer={SECRET}&plain=1"
SINK = f"https://127.0.0.1:1/{SECRET}?key={SECRET}#on=always&allow-private=yes"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "app.wsgi").write_text(APPLICATION)
    (folder / "jobs.tab").write_text(
        f"@reboot - POST {TARGET} password={SECRET} Authorization:{SECRET} --sink={SINK}\n"
        f"@every 1h - /fails?token={SECRET} --attempts=1\n"
    )
    arguments = ("--app", "app.wsgi", "--crontab", "jobs.tab", "--redact", "X-Customer",
                 "--admin", "tcp:0:interface=127.0.0.1")  # fmt: skip
    with engine(folder, *arguments) as one:
        plant(one, JobQueue(f"unix:{folder}/.jobqueue/amp.sock"))
        yield one
        one.stop()


def plant(one: EngineProcess, queue: JobQueue) -> None:
    """Secrets in jobs, in what they are answered, and in requests to the application."""
    said = {"headers": HEADERS, "sinks": [SINK], "user": "alice"}
    for method, data in (("GET", None), ("POST", {"password": SECRET})):
        queue.schedule(TARGET, method=method, data=data, **said).wait(timeout=20)
    queue.schedule(TARGET, name="planted", every="1h", **said)
    queue.schedule(f"/fails?token={SECRET}", attempts=1, **said).wait(timeout=20)
    queue.continuation(
        {"REQUEST_METHOD": "GET", "PATH_INFO": "/c", "QUERY_STRING": f"token={SECRET}",
         "HTTP_COOKIE": f"sid={SECRET}", "HTTP_AUTHORIZATION": SECRET}
    )  # fmt: skip
    for target in (TARGET, f"/fails?token={SECRET}", f"/x?redirect=/y?token={SECRET}"):
        one.ask(target, Referer=f"https://example.org/?sig={SECRET}")
    one.until(lambda: one.has_said("did not take") or one.has_said("will be tried again"))


def pages(one: EngineProcess) -> Iterator[tuple[str, bytes]]:
    """Every page that can be reached from the first, and what has no link."""
    waiting = ["/", "/metrics", "/-/readyz", "/api/v1/openapi.json", "/api/v1/jobs", "/api/v1/runs"]
    seen = set(waiting)
    while waiting and len(seen) < MOST_PAGES:
        path = waiting.pop(0)
        connection = http.client.HTTPConnection("127.0.0.1", one.admin_port, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        yield path, f"{answer.status} {answer.getheaders()}".encode() + body
        for link in links(body.decode(errors="replace")):
            target = urlsplit(urljoin(path, link))
            found = f"{target.path}?{target.query}" if target.query else target.path
            if not target.netloc and found not in seen and "/static/" not in found:
                seen.add(found)
                waiting.append(found)


def links(text: str) -> Iterator[str]:
    yield from re.findall(r'href="([^"#]+)', text)
    for run in set(re.findall(r'"run(?:_id)?": *"(\w+)"', text)):
        yield f"/runs/{run}"
    for found in set(re.findall(r'"id": *"(\w{20,})"', text)):
        yield from (f"/runs/{found}", f"/api/v1/runs/{found}", f"/api/v1/jobs/{found}")


def test_no_page_shows_a_secret(running: EngineProcess) -> None:
    looked_at = 0
    for path, body in pages(running):
        assert SECRET.encode() not in body, (path, body[body.index(SECRET.encode()) - 80 :][:200])
        looked_at += 1
    assert looked_at > 10


def test_metrics_are_all_there_and_name_nothing(running: EngineProcess) -> None:
    status, body = running.ask("/metrics", port=running.admin_port)
    assert status == 200
    text = body.decode()
    for metric in METRICS:
        assert f"# HELP {metric.name} " in text, metric.name
    for name in ("planted", "alice", "/pay", "127.0.0.1"):
        assert name not in text
    begun = re.search(r"jobqueue_attempts_begun_total\{.*\} (\d+)", text)
    assert begun is not None
    assert int(begun[1]) >= 4
    assert re.search(r'delivery_tries_total\{.*outcome="pending",sink="https"\} [1-9]', text)
    assert re.search(r'http_requests_total\{listener="app",.*status="5xx"\} 1', text)


COMMANDS = (["list"], ["list", "--json"], ["show", "planted"], ["show", "planted", "--json"],
            ["results", "planted", "--json"], ["tail", "-n", "50", "--json"], ["stats"],
            ["continuations"], ["run", "planted", "--json"])  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_command_shows_no_secret(words: list[str], running: EngineProcess) -> None:
    folder = Path(f"/proc/{running.process.pid}/cwd").resolve()
    done = subprocess.run(
        [JOBQUEUE, *words, "--amp", f"unix:{folder}/.jobqueue/amp.sock"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert SECRET not in done.stdout + done.stderr


def test_clients_and_those_who_follow_are_shown_none(running: EngineProcess) -> None:
    folder = Path(f"/proc/{running.process.pid}/cwd").resolve()
    queue = JobQueue(f"unix:{folder}/.jobqueue/amp.sock")
    shown = [*map(repr, queue.jobs()), *map(vars_of, queue.jobs())]
    for job in queue.jobs():
        shown += map(vars_of, queue.runs(job.id))
    assert "redacted" in str(shown)
    assert SECRET not in str(shown)


def vars_of(value: object) -> str:
    return str({name: getattr(value, name) for name in dir(value) if not name.startswith("_")})


def test_the_log_holds_no_secret(running: EngineProcess) -> None:
    running.until(lambda: running.has_said("The application failed"))
    assert any("GET /pay?token=redacted-" in message for message in running.messages)
    assert SECRET not in str(running.events)
