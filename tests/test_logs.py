"""The log: text for a terminal, one JSON object a line for anything else."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.logger import ILogObserver, Logger, LogLevel
from twisted.python.failure import Failure

from jqengine import logs
from jqengine.errors import ConfigurationError
from jqengine.logs import WHOLE_LINE, json_line, observer_to, twistd_observer, writes_to_stderr

ROOT = Path(__file__).parent.parent


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def event(format_: str, **fields: object) -> dict[str, Any]:
    """An event as a Logger makes it, at a fixed instant."""
    events: list[dict[str, Any]] = []
    Logger("jqengine.test", observer=events.append).info(format_, **fields)  # type: ignore[arg-type]
    return {**events[0], "log_time": 1_000_000_000.25}


def test_a_line_has_the_message_and_the_fields_of_its_event() -> None:
    line = json_line(event("{job} ended with {status}", job="nightly", status=200, why=None))
    assert line is not None
    assert line.endswith("\n")
    assert list(json.loads(line).items()) == [
        ("time", "2001-09-09T01:46:40.250+00:00"),
        ("level", "info"),
        ("logger", "jqengine.test"),
        ("message", "nightly ended with 200"),
        ("job", "nightly"),
        ("status", 200),
    ]


def test_a_line_is_one_line_and_valid_json_whatever_is_in_it() -> None:
    line = json_line(
        event("{a}", a="two\nlines \u2028 \x00", b=float("nan"), c=object(), time="never")
    )
    assert line is not None
    assert line.count("\n") == 1
    parsed = json.loads(line, parse_constant=pytest.fail)
    assert parsed["a"] == "two\nlines \u2028 \x00"
    assert not {"b", "c"} & parsed.keys(), "what JSON cannot hold is in the message alone"
    assert parsed["time"] == "2001-09-09T01:46:40.250+00:00", "a field never forges ours"


def test_a_failure_brings_its_traceback() -> None:
    try:
        raise ZeroDivisionError("oops")
    except ZeroDivisionError:
        line = json_line(event("broken", log_failure=Failure()))
    assert line is not None
    assert "ZeroDivisionError: oops" in json.loads(line)["traceback"]


def test_an_event_that_says_nothing_gives_no_line() -> None:
    assert json_line({"log_time": 0.0}) is None


def test_a_terminal_gets_text_and_anything_else_json() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        observer_to(stream)(event("hello"))
    assert terminal.getvalue().endswith("[jqengine.test#info] hello\n")
    assert json.loads(pipe.getvalue())["message"] == "hello"


def test_no_event_commands_a_terminal() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        observer_to(stream)(event("\x1b[2J \x9b31m \u202e end"))
    assert terminal.getvalue().endswith("\ufffd[2J \ufffd31m \ufffd end\n")
    assert json.loads(pipe.getvalue())["message"] == "\x1b[2J \x9b31m \u202e end"
    assert "\x9b" not in pipe.getvalue()


def test_the_journal_gets_the_level_of_each_line(tmp_path: Path) -> None:
    levels = (("info", 6), ("warn", 4), ("error", 3), ("critical", 2))
    with open(tmp_path / "journal", "w+", encoding="utf-8") as journal:
        status = os.fstat(journal.fileno())
        observer = observer_to(journal, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        for name, _ in levels:
            observer({**event("hello"), "log_level": LogLevel.lookupByName(name)})
        journal.seek(0)
        lines = [re.fullmatch(r"<(\d)>(.*)\n", line) for line in journal]
    assert [(json.loads(line[2])["level"], int(line[1])) for line in lines if line] == [*levels]


@pytest.mark.parametrize("said", [None, "", "1:1", "nonsense"])
def test_what_is_not_the_journals_gets_none(said: str | None, tmp_path: Path) -> None:
    environ = {} if said is None else {"JOURNAL_STREAM": said}
    with open(tmp_path / "file", "w+", encoding="utf-8") as file:
        for stream in (file, io.StringIO()):
            observer_to(stream, environ)(event("hello"))
            stream.seek(0)
            assert json.loads(stream.read())["message"] == "hello"


def test_debug_events_are_left_out() -> None:
    stream = io.StringIO()
    observer_to(stream)({**event("detail"), "log_level": LogLevel.debug})
    assert stream.getvalue() == ""


TWISTD = {"nodaemon": True, "logfile": None, "logger": None, "syslog": False}


def test_in_the_foreground_the_log_leaves_standard_output_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    _observe(TWISTD)
    assert (out.getvalue(), "hello" in err.getvalue()) == ("", True)
    assert writes_to_stderr(TWISTD)


def test_a_dash_is_standard_output_for_those_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    options = {**TWISTD, "logfile": "-"}
    _observe(options)
    assert "hello" in sys.stdout.getvalue()  # type: ignore[attr-defined]
    assert not writes_to_stderr(options)


@pytest.mark.parametrize(
    "chosen",
    [{"logger": "my.observer"}, {"syslog": True}, {"logfile": "-", "nodaemon": False}],
)
def test_what_the_user_chose_otherwise_stays(chosen: dict[str, Any]) -> None:
    assert twistd_observer({**TWISTD, **chosen}, None) is None
    assert not writes_to_stderr({**TWISTD, **chosen})


@pytest.mark.parametrize(
    ("options", "name"),
    [({"logfile": "my.log"}, "my.log"), ({"nodaemon": False}, "twistd.log")],
)
def test_a_log_file_gets_json_and_is_rotated_by_a_signal(
    options: dict[str, Any], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers: dict[int, Any] = {}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    _observe({**TWISTD, **options})
    assert json.loads((tmp_path / name).read_text())["message"] == "hello"
    handlers[signal.SIGUSR1]()
    assert (tmp_path / f"{name}.1").exists()


def test_log_files_are_bounded_in_size_and_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LARGEST_LOG_FILE", 100)
    monkeypatch.setattr(logs, "MOST_LOG_FILES", 3)
    reactor = SimpleNamespace(callFromThread=lambda function: function())
    observer = twistd_observer({**TWISTD, "logfile": str(tmp_path / "my.log")}, reactor)
    assert observer is not None
    for number in range(20):
        observer(event("{number}", number=number))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["my.log", "my.log.1", "my.log.2", "my.log.3"]
    kept = "".join((tmp_path / name).read_text() for name in reversed(names))
    numbers = [json.loads(line)["number"] for line in kept.splitlines()]
    assert numbers == [*range(numbers[0], 20)]


def test_a_log_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    name = str(tmp_path / "none" / "log")
    with pytest.raises(ConfigurationError, match=r"^--logfile: cannot write .*/none/log: No such"):
        twistd_observer({**TWISTD, "logfile": name}, None)


def test_every_documented_field_is_one_that_lines_have() -> None:
    page = (ROOT / "doc" / "howto" / "logging.rst").read_text()
    documented = set(re.findall(r"^   \* - ``(\w+)``$", page, re.MULTILINE))
    said = {field for path in (ROOT / "jqengine").rglob("*.py") for field in fields_in(path)}
    always = {"time", "level", "logger", "message", "traceback"}
    assert always < documented <= always | said


LOGGING = {"debug", "info", "warn", "error", "critical", "failure"}


def fields_in(path: Path) -> Iterator[str]:
    """The names that the events of a module have for their fields."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            whose, _, method = ast.unparse(node.func).rpartition(".")
            if method == "log" or (method in LOGGING and whose.endswith("log")):
                yield from (keyword.arg for keyword in node.keywords if keyword.arg)


def _observe(options: dict[str, Any]) -> None:
    reactor = SimpleNamespace(callFromThread=lambda function: function())
    observer = twistd_observer(options, reactor)
    assert observer is not None
    assert ILogObserver.providedBy(observer)
    observer(event("hello"))


@pytest.mark.parametrize("instant", [0.0, 1.9999996, 1764000000.999, 1764000000.0005, -0.25])
def test_times_are_those_of_datetime(instant: float) -> None:
    line = json.loads(json_line({**event("hello"), "log_time": instant}) or "")
    said = datetime.fromtimestamp(instant, UTC).isoformat(timespec="milliseconds")
    assert line["time"] == said


def test_a_whole_line_is_its_own_message() -> None:
    line = json.loads(json_line(event(WHOLE_LINE, log_line="{100%} of it")) or "")
    assert line["message"] == "{100%} of it"
    assert "log_line" not in line
