"""The page on cron= and every= is true: each of its examples is run."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from jqengine.errors import BadSchedule
from jqengine.triggers.cron import CronTrigger, parse_cron
from jqengine.triggers.cronsyntax import read_cron
from jqengine.triggers.duetimes import upcoming
from jqengine.triggers.every import EveryTrigger, parse_every

_PAGE = Path(__file__).parents[2] / "doc" / "reference" / "cron.rst"
_TABLE = re.compile(r"^\.\. csv-table:: (.+)\n((?:   .*\n|\n)+)", re.MULTILINE)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d [0-9:]+[+-]\d\d:\d\d")
_TITLE = re.compile(rf"(\S+), (?:asked|accepted) at ({_INSTANT.pattern})")


class _Row(NamedTuple):
    title: str
    header: str
    cells: list[str]


def _rows() -> Iterator[_Row]:
    for title, body in _TABLE.findall(_PAGE.read_text(encoding="utf-8")):
        options, _, lines = body.partition("\n\n")
        header = re.search(r':header: "(\w+)"', options)
        assert header
        for cells in csv.reader(lines.split("\n"), skipinitialspace=True):
            if cells:
                yield _Row(title, header[1], [_plain(cell) for cell in cells])


def _plain(cell: str) -> str:
    return cell.replace("``", "").replace("\\*", "*")


_ROWS = list(_rows())
_REFUSED = [row for row in _ROWS if row.title == "Refused"]
_WORKED = [row for row in _ROWS if row.title != "Refused"]


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _trigger(row: _Row, zone: str, start: float) -> CronTrigger | EveryTrigger:
    if row.header == "interval":
        interval = parse_every(row.cells[0])
        return EveryTrigger(interval, start + interval)
    return parse_cron(row.cells[0], zone)


def test_the_page_has_examples() -> None:
    assert len(_WORKED) > 30
    assert len(_REFUSED) > 10


@pytest.mark.parametrize("row", _WORKED, ids=lambda row: f"{row.title}: {row.cells[0]}")
def test_due_times(row: _Row) -> None:
    title = _TITLE.fullmatch(row.title)
    assert title
    zone, start = title[1], _epoch(title[2])
    expected = _INSTANT.findall(" ".join(row.cells))
    found = list(upcoming(_trigger(row, zone, start), start, len(expected)))
    assert len(expected) > 0
    assert found == [_epoch(one) for one in expected]


@pytest.mark.parametrize(
    "row",
    [row for row in _WORKED if row.cells[1] in ("wildcard", "fixed-time")],
    ids=lambda row: row.cells[0],
)
def test_kinds(row: _Row) -> None:
    assert read_cron(row.cells[0]).wildcard == (row.cells[1] == "wildcard")


@pytest.mark.parametrize("row", _REFUSED, ids=lambda row: row.cells[0])
def test_refusals(row: _Row) -> None:
    read = parse_every if row.header == "interval" else read_cron
    with pytest.raises(BadSchedule) as caught:
        read(row.cells[0])
    assert str(caught.value) == row.cells[1]


@pytest.mark.parametrize(
    ("nickname", "expression"),
    re.findall(
        r"``(@\w+)``(?: and\s``@\w+``)? (?:is|are) ``([^`]+)``", _PAGE.read_text(encoding="utf-8")
    ),
)
def test_nicknames(nickname: str, expression: str) -> None:
    assert read_cron(nickname) == read_cron(expression)
