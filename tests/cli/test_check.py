"""``jobqueue check``: a crontab's errors and warnings, and what an application says to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jqengine.commandline.probe import Prober
from jqengine.job import Definition, Request, Schedule, Syntax
from tests.cli.conftest import Run

Write = Callable[[str], str]


def test_a_good_crontab(run: Run, crontab: Write) -> None:
    assert run("check", crontab("@daily - /x\n@every 90s - /y\n")) == (
        0,
        "jobs.tab: 2 jobs, no errors, no warnings\n",
        "",
    )


def test_every_error_with_its_place_and_status_1(run: Run, crontab: Write) -> None:
    outcome = run("check", crontab("61 * * * * - /x a\nSHELL=/bin/sh\n\n@daily - /ok\n@dayly - /"))
    assert (outcome.status, outcome.err) == (1, "")
    assert outcome.lines == [
        "jobs.tab:1:1: error: minute: '61' is out of range; expected 0 to 59",
        "jobs.tab:1:17: error: expected name=value, Header:value, @file or --option=value, not 'a'",
        "jobs.tab:2:1: warning: SHELL is ignored: a job is a request, not a command",
        "jobs.tab:5:1: error: there is no '@dayly'; did you mean @daily?",
        "jobs.tab: 1 job, 3 errors, 1 warning",
    ]


def test_a_sink_that_is_none_is_an_error_of_its_line(run: Run, crontab: Write) -> None:
    outcome = run("check", crontab("@daily - /x --sink=file:ok\n@daily - /y --sink=stdotu:\n"))
    assert outcome.status == 1
    assert outcome.lines == [
        "jobs.tab:2:1: error: sink: no sink is called stdotu:; did you mean stdout:?",
        "jobs.tab: 2 jobs, 1 error, no warnings",
    ]


def test_warnings_leave_the_status_0(run: Run, crontab: Write) -> None:
    text = """
30 2 * * * - /backup
*/10 2 * * * - /often
* * * * * - /follows-the-clock
@at "10:00 Nov 20 2026" - /past
@daily - /ended --until=2026-11-24T11:00
@daily - BREW /pot
"""
    outcome = run("check", crontab(text))
    assert outcome.status == 0
    assert outcome.lines == [
        "jobs.tab:2:1: warning: 02:30 on 28 March 2027 does not exist in Europe/Paris:"
        " due at 03:00 instead",
        "jobs.tab:2:1: warning: 02:30 on 31 October 2027 comes twice in Europe/Paris:"
        " due the first time only",
        "jobs.tab:3:1: warning: 02:00 (and 5 more) on 28 March 2027 does not exist in"
        " Europe/Paris: not due on that day",
        "jobs.tab:3:1: warning: 02:00 (and 5 more) on 31 October 2027 comes twice in"
        " Europe/Paris: due both times",
        "jobs.tab:5:1: warning: the job would never be due: that was 4 days ago",
        "jobs.tab:6:1: warning: the job would never be due: no due time is left for it",
        "jobs.tab:7:1: warning: BREW is an unusual method",
        "jobs.tab: 6 jobs, no errors, 7 warnings",
    ]


def test_several_files_are_one_crontab(run: Run, tmp_path: Path) -> None:
    (tmp_path / "b.tab").write_text("@daily - /x --name=n\n")
    (tmp_path / "a.tab").write_text("@hourly - /y --name=n\n")
    outcome = run("check", "b.tab", "a.tab", "none.tab")
    assert outcome.lines == [
        "a.tab:1:1: error: the name 'n' is taken by b.tab:1",
        "none.tab: error: cannot be read: No such file or directory",
        "b.tab, a.tab, none.tab: 2 jobs, 2 errors, no warnings",
    ]


def test_a_file_too_large_and_a_directory(run: Run, tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(16 * 1024 * 1024 + 1)
    (tmp_path / "dir").mkdir()
    assert run("check", "large", "dir").lines[:2] == [
        "large: error: cannot be read: File too large",
        "dir: error: cannot be read: Is a directory",
    ]


APPLICATION = """
asked = []

def application(environ, start_response):
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    assert method in ("HEAD", "OPTIONS"), method
    assert environ["HTTP_X_VIA_JOBQUEUE"] == "yes"
    status, headers = {
        "/ok": ("200 OK", []),
        "/post": ("405 Method Not Allowed", [("Allow", "POST")]),
        "/options": ("200 OK", [("Allow", "OPTIONS, GET")]),
        "/moved": ("301 Moved Permanently", [("Location", "/moved/")]),
        "/alice": ("200 OK" if environ.get("REMOTE_USER") == "alice" else "403 Forbidden", []),
        "/gone": ("410 Gone", []),
        "/broken": ("500 Oh Dear", []),
        "/mute": ("501 Not Implemented", []),
    }.get(path, ("404 Not Found", []))
    if path == "/raises":
        raise ValueError("no\\nway")
    start_response(status, headers)
    return [b"x"]
"""


def test_an_application_is_asked_for_every_path(run: Run, crontab: Write, tmp_path: Path) -> None:
    (tmp_path / "asked.wsgi").write_text(APPLICATION)
    lines = """\
@daily - /ok a=1
@daily - POST /ok a=1
@daily - POST /post
@daily - /post
@daily - PUT /options
@daily - /options
@daily - /moved
@daily alice /alice
@daily bob /alice
@daily - /alice
@daily - /gone
@daily - /broken
@daily - POST /mute
@daily - /nowhere
@daily - DELETE /nowhere
@daily - /raises
"""
    outcome = run("check", crontab(lines), "--app", "asked.wsgi")
    assert outcome.status == 1
    assert outcome.lines == [
        "jobs.tab:4:1: error: GET /post is not allowed; the path allows POST",
        "jobs.tab:5:1: error: PUT /options is not allowed; the path allows GET, OPTIONS",
        "jobs.tab:7:1: warning: HEAD /moved redirects to '/moved/', which a job does not follow",
        "jobs.tab:9:1: warning: HEAD /alice refuses bob: 403 Forbidden",
        "jobs.tab:10:1: warning: HEAD /alice refuses a request without a user: 403 Forbidden",
        "jobs.tab:11:1: error: HEAD /gone is gone (410 Gone): it would remove the job at once",
        "jobs.tab:12:1: error: HEAD /broken fails: 500 Oh Dear",
        "jobs.tab:13:1: warning: /mute does not say whether it allows POST",
        "jobs.tab:14:1: error: nothing answers HEAD /nowhere: 404 Not Found",
        "jobs.tab:15:1: error: nothing answers OPTIONS /nowhere: 404 Not Found",
        "jobs.tab:16:1: error: HEAD /raises fails: ValueError: no way",
        "jobs.tab: 16 jobs, 7 errors, 4 warnings",
    ]


def test_an_application_that_cannot_be_loaded_is_one_line(run: Run, crontab: Write) -> None:
    outcome = run("check", crontab("@daily - /x\n"), "--app", "no_such_module")
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.startswith("error: ")
    assert outcome.err.count("\n") == 1


def definition(**request: Any) -> Definition:
    schedule = Schedule(syntax=Syntax.CRON, text="@daily", zone="UTC")
    return Definition(
        identity="x", name=None, request=Request(**request), schedule=schedule, origin="crontab"
    )


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_question_carries_the_jobs_headers_but_no_body_and_is_asked_once(method: str) -> None:
    asked: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        asked.append({**environ, "body": environ["wsgi.input"].read()})
        start_response("200 OK", [])
        return []

    prober = Prober(application, lambda: 0.0)
    job = definition(
        method=method,
        target="/x?a=1",
        headers=(("Host", "a.example"), ("Content-Type", "text/plain")),
        body=b"data",
        user="alice",
    )
    assert prober.doubt(job) is None
    assert prober.doubt(job) is None
    (environ,) = asked
    assert environ["REQUEST_METHOD"] == ("HEAD" if method == "GET" else "OPTIONS")
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/x", "a=1")
    assert (environ["HTTP_HOST"], environ["REMOTE_USER"]) == ("a.example", "alice")
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"], environ["body"]) == ("", "0", b"")
