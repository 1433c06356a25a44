"""The picture of a preview: a row for each job, and above them what piles up.

One SVG file without scripts, fonts or references to anything outside of it.
Shape and words say what colour says, so that it can be read without colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from jqengine.commandline.clockchanges import Hazard
from jqengine.commandline.drawing.axis import Scale, ticks, weekends
from jqengine.commandline.drawing.band import band
from jqengine.commandline.drawing.flags import flags, poles
from jqengine.commandline.drawing.marks import marks_of
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
    wrapped,
)
from jqengine.commandline.drawing.table import table
from jqengine.commandline.drawing.view import (
    LEFT,
    MARGIN,
    RIGHT,
    TIMES,
    WIDTH,
    ClockChange,
    View,
)
from jqengine.commandline.firings import PILE_UP, Outlook, Together, idle_lines
from jqengine.commandline.titles import counted, title_of
from jqengine.triggers.crontab import CrontabLine
from jqengine.triggers.localtime import zone_named

_MOST_NAMED = 60

_STYLE = """
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
fill:#24292f;font-variant-numeric:tabular-nums}
text.quiet{fill:#626c76}text.warn{fill:#a33b00}.strong{font-weight:600}
.halo{stroke:#fff;stroke-width:3px;stroke-linejoin:round;paint-order:stroke}
.paper{fill:#fff}.veil{fill:#fff;fill-opacity:.86}.weekend{fill:#f6f4ef}.often{fill:#a9c6de}
.grid{stroke:#e1e5e8}.rule{stroke:#eef0f2}.base{stroke:#9aa3ab}
.due{stroke:#1d5b8f;fill:none}
.some{stroke:#86aecf;stroke-width:1.6;fill:none}.pile{stroke:#12395b;stroke-width:1.6;fill:none}
.change{stroke:#c8500a;stroke-dasharray:4 3}.met{fill:#c8500a;stroke:#fff}
"""


def draw(
    outlook: Outlook, together: Iterable[Together], met: Sequence[Hazard], *, title: str
) -> str:
    """An SVG document of all that is due in *outlook*.

    :param met: the meetings of its lines with clock changes.
    :param title: what the crontab is called.
    """
    view = _view(outlook, together, met)
    blocks = [_heading(view, title)]
    top = blocks[-1].bottom
    words_of_flags, hoisted = flags(view, top)
    blocks.append(words_of_flags)
    blocks.append(band(view, blocks[-1].bottom))
    blocks.append(table(view, blocks[-1].bottom + 4))
    lines = poles(hoisted, top, blocks[-1].bottom)
    blocks.append(_legend(view, blocks[-1].bottom + 30))
    blocks.append(_notes(view, blocks[-1].bottom + 8))
    height = number(blocks[-1].bottom + MARGIN)
    return element(
        "svg",
        element("title", words(f"Due times of {title}")),
        element("style", _STYLE),
        element("rect", class_="paper", width=WIDTH, height=float(height)),
        *(part for block in blocks for part in block.behind),
        *lines,
        *(part for block in blocks for part in block.markup),
        xmlns="http://www.w3.org/2000/svg",
        width=WIDTH,
        height=height,
        viewBox=f"0 0 {number(WIDTH)} {height}",
        role="img",
    )


def _view(outlook: Outlook, together: Iterable[Together], met: Sequence[Hazard]) -> View:
    zone = zone_named(outlook.zone)
    scale = Scale(outlook.start, outlook.end, LEFT, RIGHT)
    marks = marks_of(together, scale)
    first = {index: row[0] for index, row in marks.rows.items()}
    number_of = {id(line): index for index, line in enumerate(outlook.lines)}
    for hazard in met:
        first.setdefault(number_of[id(hazard.line)], scale.x(hazard.change.start))
    return View(
        outlook=outlook,
        zone=zone,
        scale=scale,
        ticks=ticks(outlook.start, outlook.end, zone),
        marks=marks,
        met=met,
        changes=_changes(outlook),
        order=sorted(first, key=lambda index: (first[index], index)),
    )


def _changes(outlook: Outlook) -> list[ClockChange]:
    names = sorted({line.definition.schedule.zone for line in outlook.lines})
    found = [
        ClockChange(zone, change)
        for zone in map(zone_named, names)
        for change in zone.transitions(outlook.start, outlook.end)
    ]
    return sorted(found, key=lambda one: one.instant)


def _heading(view: View, title: str) -> Block:
    local, tally = view.zone.local, view.marks.tally
    start, end = local(view.outlook.start), local(view.outlook.end)
    span = f"{_when(start)} to {_when(end)}, {view.outlook.zone}"
    times = tally.times.total()
    facts = f"{counted(len(tally.times), 'job')}, due {counted(times, 'time')}"
    facts = facts if times else "Nothing is due"
    y = MARGIN + 16
    markup = [
        label(MARGIN, y, fitted(title, TIMES - MARGIN, 20), 20, "strong"),
        label(MARGIN, y + 24, f"{facts}, from {span}", 13, "quiet"),
    ]
    for sentence, kinds in _sentences(view):
        y += 20
        markup.append(label(MARGIN, y + 24, sentence, 13, *kinds))
    return Block(markup, y + 40)


def _sentences(view: View) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What a reader of five seconds should know."""
    most = view.marks.tally.most
    if most.is_pile_up:
        when = _when(view.zone.local(most.instant))
        yield f"Busiest: {most.size:,} jobs at once, {when}.", ("strong",)
    if view.met:
        jobs = len({id(one.line) for one in view.met})
        verb = "meets" if jobs == 1 else "meet"
        yield f"{counted(jobs, 'job')} {verb} a clock change.", ("warn", "strong")


def _when(wall: datetime) -> str:
    return f"{wall:%a} {wall.day} {wall:%b %Y %H:%M}"


def _legend(view: View, y: float) -> Block:
    """What the marks mean, of those that there are."""
    markup: list[str] = []
    x = MARGIN

    def entry(mark: str, width: float, said: str) -> None:
        nonlocal x
        markup.extend((mark, label(x + width + 7, y, said, 11, "quiet")))
        x += width + 7 + text_width(said, 11) + 18

    entry(f'<path class="due" stroke-width="2" d="M{number(x + 2)} {number(y - 9)}v11"/>', 4, "due")
    often = element("rect", class_="often", x=x, y=y - 7, width=22, height=7)
    entry(often, 22, "due too often to draw each time")
    if view.marks.tally.pile_ups:
        pile = strokes("pile", ((x + offset, y - 9, 11) for offset in (1, 3, 5)))
        entry(pile, 6, f"{PILE_UP} or more jobs at one instant")
    if weekends(view.scale.start, view.scale.end, view.zone):
        entry(element("rect", class_="weekend", x=x, y=y - 10, width=22, height=13), 22, "weekend")
    if view.changes:
        entry(rule("change", x, y - 4, x + 22, y - 4), 22, "the clock changes")
    if view.met:
        diamond = f"M{number(x + 5)} {number(y - 9)}l5 5l-5 5l-5 -5z"
        entry(element("path", class_="met", d=diamond), 10, "a job meets the change")
    return Block(markup, y)


def _notes(view: View, top: float) -> Block:
    """The jobs without a row."""
    markup, y = [], top
    idle, at_start = idle_lines(view.outlook, view.marks.tally)
    with_row = {id(view.outlook.lines[index]) for index in view.order}
    for said, lines in (
        ("Not due in this time", [line for line in idle if id(line) not in with_row]),
        ("Due when the engine starts", at_start),
    ):
        for row in _listed(said, lines):
            y += 17
            markup.append(label(MARGIN, y, row, 12, "quiet"))
    return Block(markup, y)


def _listed(said: str, lines: Sequence[CrontabLine]) -> list[str]:
    """``Said: a, b, c and 7 more.`` in rows, or nothing if there are no *lines*."""
    if not lines:
        return []
    names = [fitted(title_of(line.definition), 300, 12) for line in lines[:_MOST_NAMED]]
    more = len(lines) - len(names)
    tail = f" and {more:,} more" if more else ""
    return wrapped(f"{said}: {', '.join(names)}{tail}.", TIMES - MARGIN, 12)
