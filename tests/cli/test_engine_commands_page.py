"""The page on the commands to an engine says all that they take."""

from __future__ import annotations

import re
from pathlib import Path

import click

from jqengine.cli import jobqueue
from jqengine.joboptions import JOB_OPTIONS

PAGE = (Path(__file__).parents[2] / "doc/reference/engine-commands.rst").read_text("utf-8")
LOOKERS = {"check", "preview", "when"}
COMMON = {"--amp", "--secret-file", "--json"}


def _usages() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, usage in re.findall(r"^   jobqueue (\w+) ?(.*)$", PAGE, re.M):
        found[name] = f"{found.get(name, '')} {usage}"
    return found


def test_every_command_has_its_usage() -> None:
    context = click.Context(jobqueue)
    assert set(_usages()) == set(jobqueue.list_commands(context)) - LOOKERS


def test_every_option_is_in_it() -> None:
    context = click.Context(jobqueue)
    job_options = {f"--{name}" for name in JOB_OPTIONS}
    for name, usage in _usages().items():
        command = jobqueue.get_command(context, name)
        assert command is not None
        options = {option.opts[-1] for option in command.params if isinstance(option, click.Option)}
        assert options >= COMMON
        own = options - COMMON - (job_options if name == "add" else set())
        said = set(re.findall(r"--[a-z-]+", usage + PAGE if name == "add" else usage))
        assert own <= said, name
