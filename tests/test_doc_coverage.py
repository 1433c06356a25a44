"""Whatever a user can name is named on a page of the reference."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import click
import pytest

import jqengine.client
import jqengine.remote.client
from jqengine.cli import jobqueue
from jqengine.joboptions import JOB_OPTIONS
from jqengine.sinks.catalogue import installed_factories

DOC = Path(__file__).parent.parent / "doc"


def page(*names: str) -> str:
    return "".join((DOC / "reference" / f"{name}.rst").read_text() for name in names)


def absent(names: Iterable[str], text: str) -> list[str]:
    """Those of *names* that *text* has not as a word of its own."""
    return [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]


@pytest.mark.parametrize(
    ("name", "directive"),
    [
        ("options", "options"),
        ("amp", "amp-commands"),
        ("amp", "amp-errors"),
        ("metrics", "metrics"),
    ],
)
def test_a_page_that_is_made_of_a_table_is_made_of_it(name: str, directive: str) -> None:
    assert re.search(rf"^\.\. {directive}::", page(name), re.MULTILINE)


def test_every_class_of_a_client_is_on_its_page() -> None:
    classes = [f"jqengine.client.{name}" for name in jqengine.client.__all__]
    classes.append("jqengine.remote.client.JobQueueClient")
    shown = re.findall(r"^\.\. autoclass:: (\S+)", page("client"), re.MULTILINE)
    assert [name for name in classes if name not in shown] == []


@pytest.mark.parametrize("owner", [jqengine.client.JobQueue, jqengine.remote.client.JobQueueClient])
def test_what_a_client_has_from_its_parts_is_shown_with_the_rest(owner: type) -> None:
    assert len(owner.__mro__) > 2, "it has parts"
    shown = re.search(
        rf"^\.\. autoclass:: jqengine\S*\.{owner.__name__}\n((?:   :.*\n)*)",
        page("client"),
        re.MULTILINE,
    )
    assert shown is not None
    assert ":inherited-members:" in shown[1]


def test_every_command_of_the_command_line_is_on_its_page() -> None:
    context = click.Context(jobqueue)
    names = jobqueue.list_commands(context)
    assert len(names) > 15
    text = page("command", "engine-commands")
    assert absent((f"jobqueue {name}" for name in names), text) == []


def test_every_option_of_a_job_is_on_the_page_of_the_crontab() -> None:
    assert absent((f"--{name}" for name in JOB_OPTIONS), page("crontab")) == []


def test_every_sink_is_on_its_page() -> None:
    ours = {"stdout", "file", "https", "mailto", "publish"}
    assert ours <= installed_factories().keys()
    assert absent((f"{scheme}:" for scheme in ours), page("sinks")) == []
