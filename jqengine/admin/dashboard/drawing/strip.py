"""The outcomes of the latest runs of a job, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from jqengine.admin.dashboard.drawing.svg import element, words

CELL = 5.0
GAP = 1.0
HEIGHT = 16.0

BAR = 11.0
BAR_GAP = 3.0
BAR_HEIGHT = 64.0
_LEAST = 3.0


class Cell(NamedTuple):
    """One run.

    :ivar outcome: ran, running, waiting, failed or skipped.
    :ivar title: what is said of it to who points at it.
    :ivar href: where more is said of it.
    :ivar seconds: how long it took, or ``None``.
    """

    outcome: str
    title: str
    href: str
    seconds: float | None = None


def strip(cells: Sequence[Cell], places: int, summary: str) -> Markup:
    """*cells*, the oldest first, at the right end of *places*.

    The outcome is the height of a cell too, so that it can be told without colour.
    """
    cells = cells[-places:]
    width = places * (CELL + GAP) - GAP
    first = places - len(cells)
    drawn = [
        _cell(cell, (first + place) * (CELL + GAP), CELL, *_SHAPES[cell.outcome])
        for place, cell in enumerate(cells)
    ]
    return _picture("strip", width, HEIGHT, drawn, role="img", aria_label=summary)


def bars(cells: Sequence[Cell]) -> Markup:
    """*cells*, the oldest first, as bars as high as the runs took long; each leads to its run.

    What it says is said in words beside it too, so it is hidden from readers.
    """
    longest = max((cell.seconds or 0.0 for cell in cells), default=0.0) or 1.0
    drawn = []
    for place, cell in enumerate(cells):
        share = (cell.seconds or 0.0) / longest
        height = _LEAST + share * (BAR_HEIGHT - _LEAST - 8)
        bar = _cell(cell, place * (BAR + BAR_GAP), BAR, BAR_HEIGHT - 8 - height, height)
        foot = element(
            "path",
            class_=f"foot {cell.outcome}",
            d=_foot(cell.outcome, place * (BAR + BAR_GAP) + BAR / 2, BAR_HEIGHT - 3),
        )
        drawn.append(element("a", bar, foot, href=cell.href, tabindex="-1"))
    width = max(len(cells), 1) * (BAR + BAR_GAP) - BAR_GAP
    return _picture("bars", width, BAR_HEIGHT, drawn, aria_hidden="true", focusable="false")


_SHAPES = {
    "ran": (4.0, 12.0),
    "running": (4.0, 12.0),
    "waiting": (12.0, 4.0),
    "failed": (0.0, 16.0),
    "skipped": (13.0, 3.0),
}
"""Top and height of a cell."""


def _cell(cell: Cell, x: float, width: float, top: float, height: float) -> Markup:
    return element(
        "rect",
        element("title", words(cell.title)),
        class_=cell.outcome,
        x=x,
        y=top,
        width=width,
        height=height,
    )


def _foot(outcome: str, x: float, y: float) -> str:
    """A cross under what failed, a dash under what was skipped, nothing under the others."""
    if outcome == "failed":
        return f"M{x - 2.5:g} {y - 2.5:g}l5 5m0 -5l-5 5"
    if outcome == "skipped":
        return f"M{x - 2.5:g} {y:g}h5"
    return f"M{x:g} {y:g}"


def _picture(
    kind: str,
    width: float,
    height: float,
    drawn: Sequence[Markup],
    **attributes: str,
) -> Markup:
    return element(
        "svg",
        *(drawn or [Markup("")]),
        class_=kind,
        width=width,
        height=height,
        view_box=f"0 0 {width:g} {height:g}",
        **attributes,
    )
