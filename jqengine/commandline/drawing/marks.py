"""What a picture shows of the due times: no more than can be told apart in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from jqengine.commandline.drawing.axis import Scale
from jqengine.commandline.firings import Tally, Together

STEM = 2.0
"""Pixels that one bar of the band of pile-ups takes."""

_FINEST = 0.5
"""Pixels within which two due times of a job are one mark."""


class Stem(NamedTuple):
    """The most jobs due at one instant within the width of a bar."""

    x: float
    size: int
    instant: float


class Often(NamedTuple):
    """A stretch in which a job is due too often to draw each time."""

    left: float
    right: float


@dataclass(slots=True)
class Marks:
    """All marks of a picture.

    :ivar rows: for each line that is due, by its number, the pixels at which it is.
    :ivar stems: the bars of the band of pile-ups, by their numbers.
    """

    tally: Tally = field(default_factory=Tally)
    rows: dict[int, list[float]] = field(default_factory=dict)
    stems: dict[int, Stem] = field(default_factory=dict)


def marks_of(together: Iterable[Together], scale: Scale) -> Marks:
    """Everything that is due, on *scale*."""
    marks = Marks()
    for one in together:
        marks.tally.add(one)
        x, size = scale.x(one.instant), one.size
        bar = int(x // STEM)
        if bar not in marks.stems or size > marks.stems[bar].size:
            marks.stems[bar] = Stem(bar * STEM + STEM / 2, size, one.instant)
        for row in one.numbers:
            before = marks.rows.setdefault(row, [])
            if not before or x - before[-1] >= _FINEST:
                before.append(x)
    return marks


def told_apart(marks: Iterable[float], least: float) -> tuple[list[float], list[Often]]:
    """Single marks, and stretches of three and more that are nearer than *least* pixels."""
    single: list[float] = []
    often: list[Often] = []
    run: list[float] = []
    for x in (*marks, float("inf")):
        if run and x - run[-1] >= least:
            if len(run) > 2:
                often.append(Often(run[0], run[-1]))
            else:
                single += run
            run = []
        run.append(x)
    return single, often
