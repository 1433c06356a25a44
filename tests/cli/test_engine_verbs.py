"""The commands that speak to an engine: what they ask, print and end with."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click import unstyle
from click.testing import CliRunner
from rich.cells import cell_len

from jqengine.cli import jobqueue
from jqengine.commandline.engine import waiting_for
from jqengine.commandline.tables import print_table
from tests.cli.conftest import Run
from tests.client.conftest import short_path
from tests.client.fake_engine import NOW, FakeEngine, job_json, result_json, run_json

ID = "01a20b9f08110000cf91dbdc5a"
SYNC = job_json(
    ID,
    name="sync",
    schedule={"syntax": "every", "text": "10 minutes", "tz": "Europe/Paris"},
    policy={"attempts": 3, "remove_on": "never"},
    sinks=["stdout:"],
    headers=[["X-A", "b"]],
    previous_status=200,
)
SAVED = {
    "id": "1" * 32,
    "link": "/form?_k=1",
    "method": "POST",
    "target": "/form\x1b[31m",
    "user": "ada",
    "headers": [["Cookie", "[redacted 1234]"]],
    "reusable": False,
    "created": NOW,
    "expires": "2026-12-01T03:00:00Z",
}
MAIL = {
    "name": "mail",
    "paused": True,
    "running": 2,
    "waiting": 12,
    "concurrency": 3,
    "rate": "10/1m",
    "tokens": 7.5,
}
ENGINE_COMMANDS = (
    "add", "cancel", "continuations", "forget", "list", "pause", "reload", "results", "resume",
    "retry", "run", "show", "stats", "tail", "wait",
)  # fmt: skip

__all__ = ["short_path"]


@pytest.fixture
def engine(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    """An engine that knows the job ``sync``, where ``JOBQUEUE_AMP`` says."""
    engine = FakeEngine(short_path / "amp.sock")
    monkeypatch.setenv("JOBQUEUE_AMP", engine.address)
    job = {"job": SYNC}
    run = {"run": run_json("r1", job=ID, name="sync", state="waiting", attempt=0)}
    engine.answers.update(
        Schedule=lambda said: {**job, "existing": 0},
        Show=lambda said: job if said.get("name") == b"sync" or "job" in said else _nobody(said),
        Cancel=lambda said: job if said["name"] == b"sync" else _nobody(said),
        Pause=lambda said: job,
        Resume=lambda said: job,
        PauseGroup=lambda said: {"group": {**MAIL, "name": said["group"].decode()}},
        ResumeGroup=lambda said: {"group": {**MAIL, "paused": False}},
        PauseAll=lambda said: {"changed": 1},
        ResumeAll=lambda said: {"changed": 0},
        Groups=lambda said: {"groups": [MAIL], "all_paused": 0},
        RunNow=lambda said: run,
        Retry=lambda said: run,
        Jobs=lambda said: {"jobs": [SYNC]},
        Runs=lambda said: {
            "runs": [run_json("r1", job=ID, name="sync", status=503, reason="Bad\x1b[31m",
                              state="failed", started=NOW, finished=NOW)]
        },
        Results=lambda said: {"results": [result_json(size=5)]},
        Body=lambda said: {"data": b"h\xffllo", "size": 5},
        Wait=lambda said: {"run": run_json("r1"), "result": result_json(size=2), "body": b"ok"},
        Stats=lambda said: {"stats": {"due": 1234}},
        Continuations=lambda said: {"continuations": [SAVED]},
        DropContinuation=lambda said: {"count": int(said["id"] == SAVED["id"].encode())},
        ClearContinuations=lambda said: {"count": 1234},
        Reload=lambda said: {"added": 1, "replaced": 0, "retired": 2, "unchanged": 3},
    )  # fmt: skip
    engine.start()
    yield engine
    engine.stop()


def _nobody(said: dict[str, bytes]) -> dict[str, Any]:
    return {"_error": ("NO_SUCH_JOB", "there is no job nobody")}


def test_continuations(run: Run, engine: FakeEngine) -> None:
    outcome = run("continuations")
    assert outcome.status == 0
    assert unstyle(outcome.lines[0]).split() == [
        "ID", "CREATED", "EXPIRES", "USES", "USER", "REQUEST",
    ]  # fmt: skip
    assert outcome.lines[1].startswith("1" * 32)
    assert outcome.lines[1].split()[-4:] == ["one", "ada", "POST", "/form\ufffd[31m"]
    assert engine.calls("Continuations") == [{"limit": b"50"}]
    run("continuations", "--all")
    assert engine.calls("Continuations")[1] == {"limit": b"1000"}


def test_forget(run: Run, engine: FakeEngine) -> None:
    assert run("forget", "1" * 32) == (0, "1 forgotten\n", "")
    assert run("forget", "--all") == (0, "1,234 forgotten\n", "")
    assert run("forget", "1" * 32, "2" * 32) == (
        1,
        "1 forgotten\n",
        f"error: there is no continuation {'2' * 32}\n",
    )
    assert engine.calls("ClearContinuations") == [{}]
    for arguments in ((), ("--all", "1" * 32)):
        assert run("forget", *arguments).status == 2


def test_add(run: Run, engine: FakeEngine) -> None:
    outcome = run(
        "add", "--every", "10 minutes", "--name", "sync", "--attempts=5", "--remove-on", "never",
        "--sink", "off", "--sink=stdout:", "--user", "alice",
        "POST", "/sync", "a=b", "X-A:c", "a=ü",
    )  # fmt: skip
    assert outcome == (0, f"{ID}\n", "due 2026-11-24 04:00:00+0100\n")
    [said] = engine.calls("Schedule")
    said.pop("id")
    assert said == {
        "target": b"/sync", "method": b"POST", "every": b"10 minutes", "name": b"sync",
        "attempts": b"5", "remove-on": b"never", "sinks": b'["off","stdout:"]', "user": b"alice",
        "body": b"a=b&a=%C3%BC",
        "headers": b'[["X-A","c"],["Content-Type","application/x-www-form-urlencoded"]]',
    }  # fmt: skip


def test_add_with_a_body_from_a_file_or_the_line(
    run: Run, engine: FakeEngine, tmp_path: Path
) -> None:
    (tmp_path / "body.bin").write_bytes(b"\xff\x00")
    assert run("add", "PUT", "/x", "@body.bin").status == 0
    assert run("add", "PUT", "/x", "--raw", "text").status == 0
    assert [said["body"] for said in engine.calls("Schedule")] == [b"\xff\x00", b"text"]


def test_add_and_wait(run: Run, engine: FakeEngine) -> None:
    outcome = run("add", "--wait", "/x")
    assert (outcome.status, outcome.out) == (0, f"{ID}\nok")
    assert "200 OK in 0.000 s" in outcome.err


def test_list(run: Run, engine: FakeEngine) -> None:
    outcome = run("list", "--state", "scheduled", "--name", "s*", "--due", "-n", "7")
    assert engine.calls("Jobs") == [
        {"state": b"scheduled", "name": b"s*", "order": b"due", "limit": b"7"}
    ]
    head, row = outcome.lines
    assert head.split() == ["ID", "STATE", "DUE", "LAST", "USER", "NAME", "SCHEDULE", "REQUEST"]
    assert row.split("  ")[0] == ID
    for part in ("scheduled", "2026-11-24 04:00:00+0100", "200", "sync", "@every 10 minutes"):
        assert part in row


def test_show(run: Run, engine: FakeEngine) -> None:
    outcome = run("show", "sync")
    facts = dict(line.split(maxsplit=1) for line in outcome.lines if " " in line)
    assert (facts["name"], facts["remove-on"]) == ("sync", "never")
    assert (facts["header"], facts["sink"]) == ("X-A: b", "stdout:")
    assert "r1" in outcome.lines[-1]
    assert run("show", ID).status == 0
    assert engine.calls("Show")[-1] == {"job": ID.encode()}


def test_results(run: Run, engine: FakeEngine) -> None:
    outcome = run("results", "sync")
    assert engine.calls("Runs")[0] == {"name": b"sync", "limit": b"50"}
    assert "503" in outcome.lines[1]
    assert "\x1b" not in outcome.out
    assert "Bad\N{REPLACEMENT CHARACTER}[31m" in outcome.out
    assert run("results", "--run", "r1").lines[1].split()[:1] == ["1"]
    assert run("results").status == 0
    assert engine.calls("Runs")[-1] == {"limit": b"50"}


def test_the_body_of_a_result_is_printed_byte_by_byte(engine: FakeEngine) -> None:
    done = CliRunner().invoke(jobqueue, ["results", "--run", "r1", "--body"])
    assert done.stdout_bytes == b"h\xffllo"


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_steps_say_how_the_job_is(verb: str, run: Run, engine: FakeEngine) -> None:
    outcome = run(verb, "sync")
    assert outcome == (0, "sync is scheduled, due 2026-11-24 04:00:00+0100\n", "")


def test_a_group_or_everything_is_paused_and_resumed(run: Run, engine: FakeEngine) -> None:
    paused = run("pause", "--group", "mail", "--group", "sms").out
    assert paused == "mail is paused, 2 running, 12 waiting\nsms is paused, 2 running, 12 waiting\n"
    assert run("resume", "--group", "mail").out == "mail goes on, 2 running, 12 waiting\n"
    assert run("pause", "--all").out == "everything is paused\n"
    assert run("resume", "--all").out == "everything was resumed already\n"


@pytest.mark.parametrize("words", [(), ("sync", "--all"), ("--all", "--group", "g")])
def test_what_to_pause_is_said_once(words: tuple[str, ...], run: Run, engine: FakeEngine) -> None:
    outcome = run("pause", *words)
    assert (outcome.status, outcome.err) == (2, "error: expected JOB..., --group GROUP or --all\n")


def test_groups_are_listed_with_their_limits(run: Run, engine: FakeEngine) -> None:
    engine.answers["Stats"] = lambda said: {"stats": {"due": 1, "all_paused": 1}}
    outcome = run("groups")
    assert outcome.out.split()[-7:] == ["mail", "paused", "2", "12", "3", "10/1m", "7.5"]
    assert outcome.err == "everything is paused; jobqueue resume --all lets it go on\n"
    assert run("stats").err == outcome.err


def test_a_failure_of_one_is_nothing_to_the_others(run: Run, engine: FakeEngine) -> None:
    outcome = run("cancel", "nobody", "sync")
    assert (outcome.status, outcome.err) == (1, "error: there is no job nobody\n")
    assert outcome.out.startswith("sync is scheduled")


def test_run_and_retry(run: Run, engine: FakeEngine) -> None:
    assert run("run", "sync").out == "sync: run r1\n"
    assert run("retry", "sync").out == "sync: run r1\n"
    assert run("retry", "--run", "r9").status == 0
    assert engine.calls("Retry") == [{"name": b"sync"}, {"run": b"r9"}]
    waited = run("run", "sync", "--wait")
    assert (waited.status, waited.out) == (0, "sync: run r1\nok")
    assert engine.calls("Wait") == [{"job": ID.encode()}]


def test_stats_and_reload(run: Run, engine: FakeEngine) -> None:
    assert run("stats").out == "due  1,234\n"
    assert run("reload").out == "1 added, 0 replaced, 2 retired, 3 unchanged\n"


def test_wait_and_its_exit_statuses(run: Run, engine: FakeEngine) -> None:
    assert run("wait", "sync").status == 0
    engine.answers["Wait"] = lambda said: {
        "run": run_json("r1"), "result": result_json(status=404, size=0), "body": b"",
    }  # fmt: skip
    assert run("wait", "sync").status == 3
    engine.answers["Wait"] = lambda said: {
        "run": run_json("r1"), "result": result_json(status=0, reason="timeout"), "body": b"",
    }  # fmt: skip
    outcome = run("wait", "sync")
    assert (outcome.status, outcome.err) == (3, "timeout in 0.000 s\n")
    engine.answers["Wait"] = lambda said: {"_error": ("NOT_IN_TIME", "it has not ended")}
    assert run("wait", "sync", "--timeout", "5s") == (4, "", "error: it has not ended\n")
    assert engine.calls("Wait")[-1] == {"name": b"sync", "timeout": b"5.000s"}


def test_tail(run: Run, engine: FakeEngine) -> None:
    assert run("tail", "sync").out == "2026-11-24 03:00:00+0000 sync: failed 503\n"
    assert engine.calls("Runs") == [
        {"name": b"sync", "state": b"finished,failed,skipped", "limit": b"10"}
    ]


def test_tail_follows(run: Run, engine: FakeEngine) -> None:
    about = {"job": ID, "run": "r1", "attempt": 1, "label": "sync"}
    events = [
        ({"event": "began", **about}, b""),
        ({"event": "output", **about}, b"one\ntw\x1bo\n"),
        ({"event": "missed", "count": 3}, b""),
        ({"event": "ended", **about, "state": "waiting", "why": "503", "again": NOW,
          "result": result_json(status=503)}, b""),
    ]  # fmt: skip

    engine.answers["Tail"] = lambda said: {}
    engine.pushes = [json.dumps(event).encode() for event, _ in events], [one for _, one in events]
    outcome = run("tail", "-f", "-n", "0")
    assert outcome.lines == [
        "sync: attempt 1 began",
        "sync | one",
        "sync | tw\N{REPLACEMENT CHARACTER}o",
        "[3 events were missed]",
        "2026-11-24 03:00:00+0000 sync: 503, again at 2026-11-24 03:00:00+0000",
    ]
    assert outcome.err.startswith("error: the connection to the engine was lost")
    assert engine.calls("Tail") == [{"tail": b"1", "output": b"1"}]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cancel",), "error: Missing argument 'JOB'"),
        (("retry",), "error: expected JOB... or --run ID"),
        (("retry", "x", "--run", "y"), "error: expected JOB... or --run ID"),
        (("results", "--body"), "error: --body needs a JOB or --run ID"),
        (("run", "a", "b", "--wait"), "error: --wait is for one JOB"),
        (("add",), "error: Missing argument 'REQUEST...'"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: tuple[str, ...], said: str, run: Run, engine: FakeEngine
) -> None:
    outcome = run(*arguments)
    assert outcome.status == 2
    assert outcome.err.startswith(said)
    assert outcome.err.count("\n") == 1


def test_a_bad_request_is_one_line(run: Run, engine: FakeEngine) -> None:
    assert run("add", "nowhere") == (
        1, "", "error: expected a path beginning with /, not 'nowhere'\n",
    )  # fmt: skip
    assert run("add", "/x", "@missing.txt").err.startswith("error: cannot read the body from")


@pytest.mark.parametrize("command", ENGINE_COMMANDS)
def test_no_engine_is_one_line_that_says_where_it_was_looked_for(command: str, run: Run) -> None:
    alone = ("continuations", "list", "reload", "stats")
    argument = [] if command in alone else ["/x"] if command == "add" else ["x"]
    outcome = run(command, *argument, "--amp", "/nowhere/amp.sock")
    assert outcome.status == 1
    assert outcome.err.startswith("error: no engine answers at /nowhere/amp.sock: No such file")
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "/x"), ("list",), ("show", "sync"), ("results", "sync"), ("results", "--run", "r"),
        ("cancel", "sync"), ("pause", "sync"), ("resume", "sync"), ("run", "sync"),
        ("retry", "sync"), ("stats",), ("reload",), ("wait", "sync"), ("tail", "sync"),
        ("continuations",), ("forget", "1" * 32), ("forget", "--all"), ("groups",),
        ("pause", "--group", "g"), ("resume", "--all"),
    ],
)  # fmt: skip
def test_every_command_prints_json(
    arguments: tuple[str, ...], run: Run, engine: FakeEngine
) -> None:
    outcome = run(*arguments, "--json")
    assert outcome.status == 0
    assert json.loads(outcome.out)


def test_a_table_fits_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [("1", "x" * 200, "end"), ("2", "\N{CJK UNIFIED IDEOGRAPH-4E00}" * 50, "end")]
    print_table(("N", "LONG", "LAST"), rows, flexible="LONG")
    assert "x" * 200 in capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    print_table(("N", "LONG", "LAST"), rows, flexible="LONG")
    lines = unstyle(capsys.readouterr().out).splitlines()
    assert len(lines) == 3
    assert max(map(cell_len, lines)) <= 40
    assert all("end" in line and "…" in line for line in lines[1:])


def test_names_are_completed_from_the_engine(engine: FakeEngine) -> None:
    environment = {
        "_JOBQUEUE_COMPLETE": "bash_complete",
        "COMP_WORDS": f"jobqueue cancel --amp {engine.address} s",
        "COMP_CWORD": "4",
    }
    done = CliRunner().invoke(jobqueue, prog_name="jobqueue", env=environment)
    assert "sync" in done.output
    assert engine.calls("Jobs")[0]["name"] == b"s*"


def test_a_terminal_is_shown_that_something_is_waited_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with waiting_for("sync"):
        pass
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with waiting_for("[b]sync\x1b[31m"):
        pass
    assert "waiting for [b]sync\N{REPLACEMENT CHARACTER}[31m" in unstyle(capsys.readouterr().err)
