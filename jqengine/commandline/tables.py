"""Tables that fit the terminal, and instants as people read them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jqengine.commandline.engine import printable

WIDE = 100_000
"""Columns of what is no terminal: nothing is cut off there."""

GAP = 2
"""Columns between two columns of a table."""

NARROWEST = 8
"""What is left of a column that is cut."""

_STYLES = {
    "running": "cyan",
    "waiting": "cyan",
    "finished": "green",
    "failed": "red",
    "removed": "red",
    "cancelled": "yellow",
    "paused": "yellow",
    "skipped": "yellow",
}


def print_table(
    heads: Sequence[str], rows: Sequence[Sequence[object]], flexible: str | None = None
) -> None:
    """Print *rows*; on a terminal too narrow for them the column *flexible* is cut.

    :param heads: the names of the columns.
    """
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(heads, *_texts(cells), strict=True)]
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for head, width in zip(heads, widths, strict=True):
        room = console.width - sum(widths) + width - GAP * len(heads)
        table.add_column(
            head,
            no_wrap=True,
            overflow="ellipsis",
            width=max(min(width, room), NARROWEST) if head == flexible else width,
        )
    for row in cells:
        table.add_row(*row)
    console.print(table)


def _texts(cells: Sequence[Sequence[Text]]) -> Sequence[Sequence[str]]:
    return [[cell.plain for cell in row] for row in cells]


def print_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Print names with their values, one a line; what is nothing is left out."""
    shown = [(name, value) for name, value in facts if value not in (None, "")]
    width = max((len(name) for name, _ in shown), default=0)
    console = Console(highlight=False, soft_wrap=True)
    for name, value in shown:
        console.print(Text(f"{name:<{width}}  ").append_text(_cell(value)))


def moment(instant: datetime | None, zone: str | None = None) -> str:
    """*instant* to the second, in *zone* or that of the system; empty if there is none."""
    if instant is None:
        return ""
    local = instant.astimezone(ZoneInfo(zone) if zone else None)
    return f"{local:%Y-%m-%d %H:%M:%S%z}"


def _cell(value: object) -> Text:
    text = "" if value is None else printable(str(value))
    return Text(text, style=_STYLES.get(text, ""))
