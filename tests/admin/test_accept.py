"""One address for people and programs: the page of a run, and its JSON."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

from jqengine.client import JobQueue
from tests.system.engine_process import EngineProcess

APPLICATION = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"done"]
"""

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def ask(port: int, path: str, **headers: str) -> tuple[http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        return answer.headers, answer.read()
    finally:
        connection.close()


def test_who_accepts_html_gets_the_page_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APPLICATION)
    anywhere = "tcp:0:interface=127.0.0.1"
    with (
        EngineProcess(
            tmp_path, "--app=app", "--http=off", "--sink=off", "--admin", anywhere
        ) as one,
        JobQueue(f"unix:{tmp_path}/.jobqueue/amp.sock") as queue,
    ):
        one.until(lambda: one.has_said("The engine is up"))
        job = queue.schedule("/x")
        job.wait(20)
        path = f"/runs/{job.id}"
        for accept in ("*/*", "application/json"):
            headers, body = ask(one.admin_port, path, Accept=accept)
            assert json.loads(body)["id"] == job.id
            assert headers["Vary"] == "Accept"
        headers, body = ask(one.admin_port, path, Accept=BROWSER)
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert headers["Vary"] == "Accept"
        assert b"<h1" in body
        assert b"200 OK after" in body
        assert "script-src 'self'" in headers["Content-Security-Policy"]
        headers, body = ask(one.admin_port, f"{path}/response", Accept=BROWSER)
        assert body == b"done"
