"""The rows of the picture: one for each job that is due, under a time axis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from jqengine.commandline.clockchanges import Hazard
from jqengine.commandline.drawing.axis import weekends
from jqengine.commandline.drawing.marks import told_apart
from jqengine.commandline.drawing.svg import (
    Block,
    element,
    fitted,
    label,
    number,
    rule,
    strokes,
    text_width,
    words,
)
from jqengine.commandline.drawing.view import LEFT, MARGIN, RIGHT, SCHEDULE, TIMES, View
from jqengine.commandline.titles import request_of, schedule_of, title_of
from jqengine.triggers.crontab import CrontabLine

_AXIS_AGAIN = 48
"""Rows after which, at the latest, a long table says its axis again."""
_AXIS = 38.0
_AXIS_SIZE = 11.0


class _Measure(NamedTuple):
    """How large a row and what is in it are, in a table of at most so many rows."""

    rows: float
    height: float
    title: float
    note: float
    stroke: float
    nearest: float


_MEASURES = (
    _Measure(16, 30, 13.5, 12, 2.2, 4.5),
    _Measure(60, 20, 12, 11, 2, 4),
    _Measure(float("inf"), 14, 10, 9, 1.6, 3.2),
)


def table(view: View, top: float) -> Block:
    """All rows, in groups with an axis above each and one below the last."""
    measure = next(one for one in _MEASURES if len(view.order) <= one.rows)
    met: dict[int, list[Hazard]] = {}
    for hazard in view.met:
        met.setdefault(id(hazard.line), []).append(hazard)
    behind: list[str] = []
    front: list[str] = []
    y = top
    for group in _groups(view.order):
        heading = _axis(view, y)
        y = heading.bottom
        bottom = y + measure.height * len(group)
        behind += _background(view, y, bottom)
        front += heading.markup
        for index in group:
            front += _row(view, index, y, measure, met)
            y += measure.height
    return Block(front, y, behind)


def _groups(order: Sequence[int]) -> Iterator[Sequence[int]]:
    """*order* in groups as equal as can be, none so large that its axis is out of sight."""
    size = -(-len(order) // max(-(-len(order) // _AXIS_AGAIN), 1))
    for first in range(0, len(order), size or 1):
        yield order[first : first + size]


def _axis(view: View, top: float) -> Block:
    base = top + _AXIS
    markup = [
        rule("base", MARGIN, base, TIMES, base),
        label(MARGIN, base - 7, "Job", _AXIS_SIZE, "quiet"),
        label(SCHEDULE, base - 7, "Schedule", _AXIS_SIZE, "quiet"),
        label(TIMES, base - 7, "Times", _AXIS_SIZE, "quiet", anchor="end"),
    ]
    for tick in view.ticks:
        x = view.scale.x(tick.instant)
        markup.append(rule("base", x, base - 4, x, base))
        half = text_width(tick.label, _AXIS_SIZE) / 2
        middle = min(max(x, LEFT + half), RIGHT - half)
        markup.append(
            label(middle, base - 7, tick.label, _AXIS_SIZE, "quiet", "halo", anchor="middle")
        )
    markup += _above(view, base - 22)
    return Block(markup, base)


def _above(view: View, y: float) -> Iterator[str]:
    """Days, months or years over the divisions that begin them, as far as there is room."""
    free = LEFT
    for tick in view.ticks:
        x = max(view.scale.x(tick.instant), free)
        width = text_width(tick.above, _AXIS_SIZE)
        if tick.above and x - view.scale.x(tick.instant) < 40 and x + width <= TIMES:
            yield label(x, y, tick.above, _AXIS_SIZE, "strong", "halo")
            free = x + width + 14


def _background(view: View, top: float, bottom: float) -> Iterator[str]:
    for start, end in weekends(view.scale.start, view.scale.end, view.zone):
        left, right = view.scale.x(start), view.scale.x(end)
        yield element(
            "rect", class_="weekend", x=left, y=top, width=right - left, height=bottom - top
        )
    for tick in view.ticks:
        x = view.scale.x(tick.instant)
        yield rule("grid", x, top, x, bottom)


def _row(
    view: View, index: int, top: float, measure: _Measure, met: Mapping[int, Sequence[Hazard]]
) -> list[str]:
    line = view.outlook.lines[index]
    definition = line.definition
    baseline = top + measure.height / 2 + measure.title * 0.36
    room = SCHEDULE - MARGIN - 14
    title = fitted(title_of(definition), room, measure.title)
    schedule = fitted(schedule_of(definition), LEFT - SCHEDULE - 14, measure.note)
    times = f"{view.marks.tally.times[index]:,}"
    return [
        element(
            "g",
            element("title", words(_whole(line))),
            label(MARGIN, baseline, title, measure.title),
            label(SCHEDULE, baseline, schedule, measure.note, "quiet"),
            *_marks(view, index, top, measure),
            label(TIMES, baseline, times, measure.note, "quiet", anchor="end"),
        ),
        rule("rule", MARGIN, top + measure.height, TIMES, top + measure.height),
        *_all_met(view, met.get(id(line), ()), top, measure),
    ]


def _marks(view: View, index: int, top: float, measure: _Measure) -> list[str]:
    single, often = told_apart(view.marks.rows.get(index, ()), measure.nearest)
    tall = measure.height * 0.56
    start = top + (measure.height - tall) / 2
    stretches = [
        element(
            "rect",
            class_="often",
            x=one.left - 1,
            y=start + tall * 0.2,
            width=one.right - one.left + 2,
            height=tall * 0.6,
        )
        for one in often
    ]
    path = strokes("due", ((x, start, tall) for x in single))
    return [*stretches, path.replace("<path", f'<path stroke-width="{measure.stroke}"', 1)]


def _all_met(view: View, met: Sequence[Hazard], top: float, measure: _Measure) -> Iterator[str]:
    """A diamond at each clock change and, where there is room, what it does."""
    taken = [LEFT, *(view.scale.x(one.change.start) for one in met), TIMES]
    said_until = LEFT
    for place, hazard in enumerate(met, 1):
        x, y = taken[place], top + measure.height / 2
        half = min(measure.height * 0.26, 6)
        width = text_width(hazard.brief, measure.note)
        after, before = x + half + 5, x - half - 5 - width
        if after + width < taken[place + 1] - half:
            yield from _said(hazard.brief, after, y, width, measure)
            said_until = after + width
        elif before > max(said_until, taken[place - 1]) + half:
            yield from _said(hazard.brief, before, y, width, measure)
        diamond = f"M{number(x)} {number(y - half)}l{number(half)} {number(half)}"
        diamond += f"l{number(-half)} {number(half)}l{number(-half)} {number(-half)}z"
        tip = element("title", words(str(hazard)))
        yield element("path", tip, class_="met", d=diamond)


def _said(
    said: str, left: float, middle: float, width: float, measure: _Measure
) -> tuple[str, str]:
    """Words over the marks of a row, on paper of their own."""
    tall = measure.note * 1.25
    paper = element(
        "rect", class_="veil", x=left - 2, y=middle - tall / 2, width=width + 4, height=tall
    )
    return paper, label(left, middle + measure.note * 0.36, said, measure.note, "warn")


def _whole(line: CrontabLine) -> str:
    definition = line.definition
    user = definition.request.user or "no user"
    return "\n".join(
        (
            title_of(definition),
            f"{schedule_of(definition)} ({definition.schedule.zone})",
            f"{request_of(definition)}, {user}",
            f"{line.path}:{line.line}",
        )
    )
