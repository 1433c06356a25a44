"""Every example of the page on the command prints what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

from jqengine.cli import jobqueue
from tests.cli.conftest import Run

DOC = Path(__file__).parents[2] / "doc" / "reference"
PAGE = (DOC / "command.rst").read_text("utf-8")


class Example(NamedTuple):
    """A command, what it prints, and the crontab shown last before it."""

    crontab: str
    command: str
    printed: str


def examples() -> list[Example]:
    found, crontab = [], ""
    for kind, body in re.findall(
        r"^\.\. code-block:: (text|console)\n\n((?:(?: {3}.*)?\n)+)", PAGE, re.M
    ):
        text = re.sub(r"^ {3}", "", body, flags=re.M).rstrip("\n") + "\n"
        if kind == "text":
            crontab = text
        else:
            command, printed = text.split("\n", 1)
            found.append(Example(crontab, command.removeprefix("$ jobqueue "), printed))
    return found


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.command)
def test_an_example(run: Run, tmp_path: Path, example: Example) -> None:
    (tmp_path / "jobs.tab").write_text(example.crontab)
    outcome = run(*shlex.split(example.command))
    assert outcome.out + outcome.err == example.printed


def test_the_picture_of_the_page_is_what_its_command_draws(run: Run, tmp_path: Path) -> None:
    (example,) = [example for example in examples() if "--svg" in example.command]
    (tmp_path / "jobs.tab").write_text(example.crontab)
    run(*shlex.split(example.command))
    drawn = (tmp_path / "preview.svg").read_text("utf-8")
    assert drawn == (DOC / "preview.svg").read_text("utf-8")


def test_there_are_examples_of_every_command() -> None:
    assert {example.command.split()[0] for example in examples()} == {"check", "preview", "when"}


def test_every_option_of_every_command_is_in_its_usage() -> None:
    usages = dict(re.findall(r"^   jobqueue (\w+) (.*)$", PAGE, re.M))
    context = jobqueue.make_context("jobqueue", ["when"])
    for name in usages:
        command = jobqueue.get_command(context, name)
        assert command
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert parameter.opts[0] in usages[name]
