"""Who is let in to a real engine, and which ways in it does not open at all."""

from __future__ import annotations

import base64
import http.client
import re
import ssl
from pathlib import Path

import pytest

from tests.sinks.certificates import certify
from tests.system.activated import HOST
from tests.system.engine_process import EngineProcess, engine
from tests.system.test_bad_input import complaint, start
from tests.system.test_systemd import ACTIVATED

APPLICATION = """
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"fine"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.wsgi").write_text(APPLICATION)
    (tmp_path / "plain.py").write_text(APPLICATION)
    certify(tmp_path, "localhost")
    passwords = tmp_path / "passwords"
    passwords.write_text("alice:wonderland\nbob:builder\n")
    passwords.chmod(0o600)
    return tmp_path


TLS = "ssl:0:privateKey=server.pem:certKey=server.pem"
CASES = {
    "everywhere": (("tcp:0",), "without TLS and without a password; give it a loopback"),
    "everywhere, with passwords": (("tcp:0", "--admin-auth", "file:passwords"), "without TLS"),
    "TLS without passwords": ((TLS,), "without a password"),
    "no such check": (
        ("tcp:0:interface=127.0.0.1", "--admin-auth", "pam2:x"),
        "'pam2' is no kind of password check",
    ),
    "passwords that all can read": (
        ("tcp:0:interface=127.0.0.1", "--admin-auth", "file:app.wsgi"),
        "--admin-auth: .*app.wsgi: others can read it; expected mode 600",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line_says_why_it_does_not_start(case: str, folder: Path) -> None:
    arguments, said = CASES[case]
    before = sorted(folder.iterdir())
    finished = start(folder, "--app", "plain", "--http", "off", "--admin", *arguments)
    line = complaint(finished)
    assert "--admin" in line
    assert re.search(said, line), line
    assert not (folder / ".jobqueue").exists()
    assert {one.name for one in folder.iterdir()} - {one.name for one in before} <= {"__pycache__"}


def test_with_tls_and_a_password_others_come_in(folder: Path) -> None:
    arguments = ("--app", "app.wsgi", "--admin", TLS, "--admin-auth", "file:passwords",
                 "--admin-operator", "alice")  # fmt: skip
    context = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    with EngineProcess(folder, "--http", "off", *arguments) as one:
        event = one.until(lambda: next((e for e in one.events if "shown at" in e["message"]), None))
        assert event["url"].startswith("https://0.0.0.0:")
        port = int(event["url"].rsplit(":", 1)[1].strip("/"))

        def ask(path: str, user: str = "", method: str = "GET") -> tuple[int, bytes]:
            headers = {"Host": "jobs.example.org"}
            if user:
                headers["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
            connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=30)
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            return answer.status, body

        assert ask("/")[0] == 401
        assert ask("/", "alice:x")[0] == 401
        assert ask("/-/healthz") == (200, b"yes\n")
        assert ask("/metrics", "bob:builder")[0] == 200
        assert ask("/api/v1/jobs", "alice:wonderland")[0] == 200
        assert ask("/api/v1/jobs", "bob:builder", "POST")[0] == 403
        assert one.until(lambda: one.has_said("A login as 'alice' from 127.0.0.1 failed"))
        assert "wonderland" not in str(one.events)
        one.stop()


def test_a_form_is_good_after_a_restart(folder: Path) -> None:
    """And so with another worker: both have the key of the state directory."""
    arguments = ("--app", "app.wsgi", "--admin", "tcp:0:interface=127.0.0.1")
    key = folder / ".jobqueue/key"
    with engine(folder, *arguments) as one:
        one.stop()
    first = key.read_bytes()
    assert (len(first), key.stat().st_mode & 0o777) == (32, 0o600)
    with engine(folder, *arguments) as one:
        one.stop()
    assert key.read_bytes() == first
    key.write_bytes(b"short")
    line = complaint(start(folder, "--app", "plain", "--admin", "tcp:0:interface=127.0.0.1"))
    assert "key is not a key" in line


@pytest.mark.parametrize(("host", "allowed"), [("127.0.0.1", True), ("0.0.0.0", False)])
def test_a_socket_of_systemd_is_judged_by_where_it_listens(
    host: str, allowed: bool, folder: Path
) -> None:
    arguments = ("--app", "app.wsgi", "--http", "off", "--admin", "systemd:domain=INET:index=0")
    with EngineProcess(folder, *arguments, runner=ACTIVATED, environment={HOST: host}) as one:
        one.until(lambda: one.has_said("The engine is up") or one.process.poll() is not None)
        one.stop()
    assert one.has_said("The engine is up") is allowed
    assert one.has_said("can be reached from other machines") is not allowed
