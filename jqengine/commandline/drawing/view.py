"""What every part of the picture looks at, and the measures they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jqengine.commandline.clockchanges import Hazard
from jqengine.commandline.drawing.axis import Scale, Tick
from jqengine.commandline.drawing.marks import Marks
from jqengine.commandline.firings import Outlook
from jqengine.triggers.localtime import Period, Zone

WIDTH = 1200.0
MARGIN = 28.0
SCHEDULE = 248.0
"""Where the column of schedules begins."""
LEFT, RIGHT = 392.0, 1108.0
"""Where time begins and ends."""
TIMES = WIDTH - MARGIN
"""Where the column of numbers ends."""


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A change of a clock that jobs are read on.

    :ivar change: the period that begins with it.
    """

    zone: Zone
    change: Period

    @property
    def instant(self) -> float:
        """When it is."""
        return float(self.change.start)


@dataclass(frozen=True, slots=True)
class View:
    """All that is to be drawn.

    :ivar zone: of the axis.
    :ivar order: the numbers of the lines that have a row, from top to bottom.
    """

    outlook: Outlook
    zone: Zone
    scale: Scale
    ticks: Sequence[Tick]
    marks: Marks
    met: Sequence[Hazard]
    changes: Sequence[ClockChange]
    order: Sequence[int]
