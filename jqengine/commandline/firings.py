"""Every due time of a crontab within a stretch of time, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby, repeat, takewhile
from operator import itemgetter
from typing import NamedTuple

from jqengine.errors import ConfigurationError
from jqengine.job import Syntax
from jqengine.triggers.crontab import CrontabLine
from jqengine.triggers.triggers import Triggers

PILE_UP = 5
"""So many jobs due at one instant are called a pile-up."""

MOST = 2_000_000
"""Due times that one look may count; a list of them fills a hundred megabytes."""

JUST_BEFORE = 0.001
"""Seconds.  Due times are after the instant at which a job is accepted, and
what is due at the start of an outlook belongs to it."""


class Outlook(NamedTuple):
    """What is looked at: the lines of a crontab through a stretch of time.

    :ivar zone: in which instants are shown.
    """

    lines: Sequence[CrontabLine]
    start: float
    end: float
    zone: str


class Together(NamedTuple):
    """An instant, and the indexes of all lines that are due at it, in order."""

    instant: float
    numbers: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many that are."""
        return len(self.numbers)

    @property
    def is_pile_up(self) -> bool:
        """Whether they are many."""
        return self.size >= PILE_UP


_NOTHING = Together(0.0, ())


@dataclass(slots=True)
class Tally:
    """What was seen of an outlook so far.

    :ivar times: how often each line was due.
    :ivar most: the first instant at which the most were due together.
    """

    times: Counter[int] = field(default_factory=Counter)
    pile_ups: int = 0
    most: Together = _NOTHING

    def add(self, together: Together) -> None:
        """Count one more instant."""
        self.times.update(together.numbers)
        self.pile_ups += together.is_pile_up
        if together.size > self.most.size:
            self.most = together


def due_together(outlook: Outlook, triggers: Triggers) -> Iterator[Together]:
    """Every instant of the outlook at which something is due, in order.

    The jobs are as an engine accepts them at its start.  ``@reboot`` jobs are
    never due: no engine starts here.

    :raises ConfigurationError: there are more than :data:`MOST` due times.
    """
    seen = 0
    for instant, group in groupby(merge(*_each(outlook, triggers)), itemgetter(0)):
        together = Together(instant, tuple(number for _, number in group))
        seen += together.size
        if seen > MOST:
            raise ConfigurationError(f"more than {MOST:,} due times; ask for fewer days")
        yield together


def _each(outlook: Outlook, triggers: Triggers) -> Iterator[Iterator[tuple[float, int]]]:
    for number, line in enumerate(outlook.lines):
        syntax = line.definition.schedule.syntax
        if not line.never and syntax is not Syntax.REBOOT:
            # Only for cron: what counts from its acceptance would show the difference.
            early = JUST_BEFORE if syntax is Syntax.CRON else 0.0
            due_times = triggers.due_times(line.definition, outlook.start - early)
            found = takewhile(lambda due: due < outlook.end, due_times)
            yield zip(found, repeat(number), strict=False)


def idle_lines(outlook: Outlook, tally: Tally) -> tuple[list[CrontabLine], list[CrontabLine]]:
    """The lines that were not due, and apart from them those of ``@reboot``."""
    idle: list[CrontabLine] = []
    at_start: list[CrontabLine] = []
    for number, line in enumerate(outlook.lines):
        if number not in tally.times:
            is_reboot = line.definition.schedule.syntax is Syntax.REBOOT
            (at_start if is_reboot else idle).append(line)
    return idle, at_start
