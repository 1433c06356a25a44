"""Everything that the reference page of the crontab shows is as it says."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from jqengine.errors import CrontabErrors
from jqengine.job import Request
from jqengine.joboptions import JOB_OPTIONS
from jqengine.triggers.crontab import Crontab, CrontabReader
from jqengine.triggers.crontabvariables import _ALIASES, _IGNORED, _MAIL
from jqengine.triggers.triggers import Triggers

PAGE = (Path(__file__).parents[2] / "doc/reference/crontab.rst").read_text("utf-8")
NOW = 1795514820.0


def read(text: str) -> Crontab:
    files = {"jobs.tab": text.encode(), "data.csv": b"a,b"}

    def read(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(2, "No such file or directory", name)
        return files[name]

    reader = CrontabReader(
        defaults={"tz": "UTC", "sink": ("stdout:",)}, read=read, triggers=Triggers(), now=NOW
    )
    return reader.parse(["jobs.tab"])


def blocks(kind: str) -> list[str]:
    """The code blocks of a kind, without their indentation."""
    found = re.findall(rf"^\.\. code-block:: {kind}\n\n((?:(?: {{4}}.*)?\n)+)", PAGE, re.M)
    return [re.sub(r"^ {4}", "", block, flags=re.M) for block in found]


def table(title: str) -> list[list[str]]:
    """The rows of a csv-table, without the marks of literals."""
    (body,) = re.findall(rf"^\.\. csv-table:: {title}\n(?:   :.*\n)+\n((?:   .*\n)+)", PAGE, re.M)
    rows = csv.reader((line.strip() for line in body.splitlines()), skipinitialspace=True)
    return [[cell.replace("``", "") if n else cell.strip("`") for n, cell in enumerate(row)]
            for row in rows]  # fmt: skip


@pytest.mark.parametrize("text", blocks("text"))
def test_every_crontab_of_the_page_is_good(text: str) -> None:
    crontab = read(text)
    assert crontab.lines
    assert crontab.warnings == ()
    assert not any(line.never for line in crontab.lines)


def test_the_page_shows_both_crontabs() -> None:
    assert len(blocks("text")) == 2


def test_the_second_crontab_sends_results_where_the_page_says() -> None:
    sinks = [one.sinks for one in read(blocks("text")[1]).definitions]
    mail = "mailto:ops@example.org,dba@example.org"
    assert sinks == [
        ("stdout:", mail), ("stdout:", mail, "file:reports"), ("stdout:",), (),
    ]  # fmt: skip


def shown(request: Request) -> str:
    headers = [f"{name}: {value}" for name, value in request.headers]
    return " ".join([*headers, request.body.decode()]).rstrip()


@pytest.mark.parametrize("row", table("What is sent"), ids=lambda row: row[0])
def test_what_is_sent(row: list[str]) -> None:
    words, target, sent = row
    request = read(f"@daily - {words}\n").definitions[0].request
    assert f"{request.method} {request.target}" == target
    assert shown(request) == sent


@pytest.mark.parametrize("row", table("Errors"), ids=lambda row: row[0])
def test_errors(row: list[str]) -> None:
    line, column, sentence = row
    with pytest.raises(CrontabErrors) as caught:
        read(f"{line}\n")
    (error,) = caught.value.errors
    assert (error.column, error.message) == (int(column), sentence)


def test_every_option_is_there_with_its_default() -> None:
    rows = re.findall(r"^   \* - ``--([a-z-]+)=(\S+)``\n     -(?: ``(\S+)``)?$", PAGE, re.M)
    assert rows == [(one.name, one.form, one.default) for one in JOB_OPTIONS.values()]


def test_every_variable_is_there() -> None:
    for name in (*_ALIASES, *_MAIL, *_IGNORED, "JOBQUEUE_ATTEMPTS"):
        assert f"``{name}``" in PAGE
