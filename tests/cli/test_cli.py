"""The command itself: help, mistakes, start-up, a reader that goes away."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jqengine.version import VERSION
from tests.cli.conftest import Run

COMMAND = [sys.executable, "-c", "from jqengine.cli import main; main()"]


def test_without_a_command_it_lists_them(run: Run) -> None:
    outcome = run()
    assert outcome.status == 2
    for command in ("check", "preview", "when"):
        assert f"\n  {command} " in outcome.out


@pytest.mark.parametrize("command", [(), ("when",), ("check",), ("preview",)])
def test_help(run: Run, command: tuple[str, ...]) -> None:
    outcome = run(*command, "-h")
    assert outcome.status == 0
    assert outcome.out.startswith("Usage: jobqueue")


def test_version(run: Run) -> None:
    assert run("--version").out == f"jobqueue {VERSION}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("wehn",), "error: No such command 'wehn'"),
        (("when", "--foo", "noon"), "error: No such option '--foo'"),
        (("when",), "error: Missing argument 'TEXT...'"),
        (("when", "--count", "0", "noon"), "error: Invalid value for '--count': 0 is not in"),
        (("check",), "error: Missing argument 'FILE...'"),
        (("preview", "x", "--days", "0"), "error: Invalid value for '--days'"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    outcome = run(*arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith(said)
    assert outcome.err.count("\n") == 1


def test_when_loads_neither_twisted_nor_what_other_commands_need() -> None:
    script = (
        "import sys; from jqengine.cli import status_of; status_of(['when', '--every', '5m']);"
        "print([m for m in sys.modules if m in ('twisted', 'dateparser', 'croniter', 'rich',"
        " 'jqengine.commandline.check')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.splitlines()[-1] == b"[]"


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = [*COMMAND, "when", "--cron", "* * * * *", "--count", "200000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
