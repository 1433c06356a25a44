"""``jobqueue preview``: everything that a crontab will do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from operator import itemgetter
from pathlib import Path

import click

from jqengine.clock import SystemClock
from jqengine.commandline.clockchanges import Hazard, hazards
from jqengine.commandline.drawing.timeline import draw
from jqengine.commandline.files import crontab_reader
from jqengine.commandline.firings import (
    JUST_BEFORE,
    PILE_UP,
    Outlook,
    Tally,
    Together,
    due_together,
    idle_lines,
)
from jqengine.commandline.instants import iso, read_instant, zone_option
from jqengine.commandline.titles import counted, request_of, title_of
from jqengine.errors import ConfigurationError
from jqengine.triggers.crontab import Crontab, CrontabLine
from jqengine.triggers.localtime import add_days, zone_named
from jqengine.triggers.triggers import Triggers


@click.command("preview")
@click.option("--start", metavar="ISO", help="Where to begin, in ISO 8601; now by default.")
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    default=1,
    metavar="N",
    help="How far to look; 1 by default.",
)
@click.option("--svg", metavar="OUT", help="Draw a timeline into this file instead.")
@zone_option
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
def command(
    start: str | None, days: int, svg: str | None, zone: str, files: tuple[str, ...]
) -> None:
    """Print every due time of the jobs in the crontab FILE, in order.

    Jobs that are due at one instant with many others, and jobs that a clock
    change skips, moves or repeats, are marked.
    """
    begin = SystemClock().now() // 1 if start is None else read_instant(start, zone)
    end = add_days(begin, days, zone_named(zone))
    triggers = Triggers()
    crontab = crontab_reader(zone, begin - JUST_BEFORE, triggers).parse(files)
    outlook = Outlook(crontab.lines, begin, end, _shown_zone(crontab, zone))
    met = hazards([line for line in crontab.lines if not line.never], begin, end, triggers)
    together = due_together(outlook, triggers)
    if svg is None:
        for line in _listing(outlook, together, met):
            click.echo(line)
    else:
        _write(svg, draw(outlook, together, met, title=", ".join(files)))


def _shown_zone(crontab: Crontab, zone: str) -> str:
    """The zone of all jobs if it is one and the same, else *zone*."""
    zones = {line.definition.schedule.zone for line in crontab.lines}
    return zones.pop() if len(zones) == 1 else zone


def _write(name: str, text: str) -> None:
    try:
        Path(name).write_text(text, "utf-8")
    except OSError as error:
        raise ConfigurationError(f"{name}: cannot be written: {error.strerror}") from None


def _listing(
    outlook: Outlook, together: Iterable[Together], met: Sequence[Hazard]
) -> Iterator[str]:
    tally = Tally()
    due = _due_lines(outlook, _counted(together, tally), met)
    for _, line in merge(due, sorted(_skipped_lines(outlook, met)), key=itemgetter(0)):
        yield line
    yield from _summary(outlook, tally)


def _counted(together: Iterable[Together], tally: Tally) -> Iterator[Together]:
    for one in together:
        tally.add(one)
        yield one


def _due_lines(
    outlook: Outlook, together: Iterable[Together], met: Sequence[Hazard]
) -> Iterator[tuple[float, str]]:
    titles = [_title(line) for line in outlook.lines]
    briefs = {(id(one.line), due): one.brief for one in met for due in one.due}
    for one in together:
        when = _when(outlook, one.instant)
        pile = f"{one.size} at once" if one.is_pile_up else ""
        for number in one.numbers:
            brief = briefs.get((id(outlook.lines[number]), one.instant), "")
            notes = "; ".join(filter(None, (pile, brief)))
            yield one.instant, f"{when}  {titles[number]}" + (f"  ({notes})" if notes else "")
            pile = ""


def _skipped_lines(outlook: Outlook, met: Iterable[Hazard]) -> Iterator[tuple[float, str]]:
    for one in met:
        if not one.due:
            instant = float(one.change.start)
            yield instant, f"{_when(outlook, instant)}  {_title(one.line)}  ({one.brief})"


def _when(outlook: Outlook, instant: float) -> str:
    return f"{iso(instant, outlook.zone)} {zone_named(outlook.zone).local(instant):%a}"


def _title(line: CrontabLine) -> str:
    definition = line.definition
    request = f"  {request_of(definition)}" if definition.name else ""
    return title_of(definition) + request


def _summary(outlook: Outlook, tally: Tally) -> Iterator[str]:
    """What to know of all of it, as sentences after an empty line."""
    start, end = iso(outlook.start, outlook.zone), iso(outlook.end, outlook.zone)
    jobs, times = counted(len(tally.times), "job"), counted(tally.times.total(), "time")
    due = f"{jobs} due {times}" if tally.times else "Nothing is due"
    yield ""
    yield f"{due} from {start} to {end}."
    if tally.pile_ups:
        piles, size = counted(tally.pile_ups, "pile-up"), tally.most.size
        largest = iso(tally.most.instant, outlook.zone)
        yield f"{piles} of {PILE_UP} jobs or more at once; the largest of {size:,}, at {largest}."
    for said, lines in zip(
        ("Not due in this time", "Due when the engine starts"),
        idle_lines(outlook, tally),
        strict=True,
    ):
        if lines:
            yield f"{said}: {', '.join(title_of(line.definition) for line in lines)}."
