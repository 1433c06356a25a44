"""What benchmarks write for the documentation: a table, a chart, and where they come from.

``python -m tests.bench NAME --write`` leaves ``NAME.inc`` and perhaps
``NAME.svg`` in ``doc/explanation/figures``; the performance page includes them.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from jqengine.commandline.drawing.svg import element, label

FOLDER = Path(__file__).parents[2] / "doc" / "explanation" / "figures"
WRITE = "--write"

NAMES, WIDTH, LINE, BAR = 210, 760, 26, 16
"""Pixels: the column of names, the whole width, the height of a row and of its bar."""

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #444 }
.ours { fill: #2a7f62 } .others { fill: #9aa5b1 }
@media (prefers-color-scheme: dark) { text { fill: #ccc } }
"""


class Bar(NamedTuple):
    """One row of a chart; the first is ours."""

    name: str
    value: float


def wanted(arguments: Sequence[str]) -> bool:
    """Whether figures are to be written, and not only printed."""
    return WRITE in arguments


def write_table(name: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Leave a table as reStructuredText, and below it when and where it was made."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in (header, *rows):
        lines += [f"   {'*' if not number else ' '} - {cell}" for number, cell in enumerate(row)]
    FOLDER.mkdir(exist_ok=True)
    text = "\n".join((*lines, "", f"*{origin()}*", ""))
    (FOLDER / f"{name}.inc").write_text(text)
    print(f"written: {FOLDER / name}.inc")


def write_chart(name: str, title: str, bars: Sequence[Bar]) -> None:
    """Leave a chart of horizontal bars."""
    most = max(bar.value for bar in bars)
    room = WIDTH - NAMES - 90
    parts = [element("style", STYLE), element("title", title)]
    for number, bar in enumerate(bars):
        top = number * LINE + 6
        length = max(1.0, round(bar.value / most * room, 1))
        kind = "others" if number else "ours"
        parts += [
            label(NAMES - 8, top + BAR - 3, bar.name, 13, anchor="end"),
            element("rect", class_=kind, x=NAMES, y=top, width=length, height=BAR),
            label(NAMES + length + 6, top + BAR - 3, f"{bar.value:,.0f}", 13),
        ]
    height = len(bars) * LINE + 8
    picture = element(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
    )
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.svg").write_text(picture + "\n")
    print(f"written: {FOLDER / name}.svg")


def origin() -> str:
    """When and where figures were made."""
    day = datetime.now(UTC).strftime("%d %B %Y").lstrip("0")
    load = os.getloadavg()[1]
    return (
        f"{day}: {platform.system()} {platform.machine()}, {os.cpu_count()} processors,"
        f" CPython {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version};"
        f" load of the machine at the end {load:.1f}"
    )
