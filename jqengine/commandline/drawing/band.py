"""The band of pile-ups: how many jobs are due at one instant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jqengine.commandline.drawing.marks import Stem
from jqengine.commandline.drawing.svg import Block, label, rule, strokes, text_width
from jqengine.commandline.drawing.view import LEFT, MARGIN, RIGHT, SCHEDULE, TIMES, View
from jqengine.commandline.firings import PILE_UP

_HEIGHT = 76.0
_HEADROOM = 22.0
_LABELS = 6
_SIZE = 11.0
_DAYS_WITH_TIMES = 13


def band(view: View, top: float) -> Block:
    """Upright bars, dark where they are pile-ups; the largest say how large and when."""
    stems = list(view.marks.stems.values())
    most = max((stem.size for stem in stems), default=1)
    base = top + _HEADROOM + _HEIGHT
    unit = _HEIGHT / max(most, PILE_UP)

    def bars(kind: str, chosen: list[Stem]) -> str:
        return strokes(kind, ((one.x, base - one.size * unit, one.size * unit) for one in chosen))

    markup = [
        label(MARGIN, base - 2, "All jobs", 13, "strong"),
        label(SCHEDULE, base - 2, "due at one instant", 11, "quiet"),
        label(TIMES, base - 2, f"{view.marks.tally.times.total():,}", 11, "quiet", anchor="end"),
        *_levels(max(most, PILE_UP), base, unit),
        bars("some", [stem for stem in stems if stem.size < PILE_UP]),
        bars("pile", [stem for stem in stems if stem.size >= PILE_UP]),
        rule("base", LEFT, base, RIGHT, base),
        *_largest(view, stems, base, unit),
    ]
    return Block(markup, base)


def _levels(most: int, base: float, unit: float) -> Iterator[str]:
    """Lines at two or three round numbers."""
    step = next(one for one in _round_numbers() if most <= one * 3.9)
    for size in range(step, most + 1, step):
        y = base - size * unit
        yield rule("rule", LEFT, y, RIGHT, y)
        yield label(LEFT - 8, y + 4, f"{size:,}", _SIZE, "quiet", anchor="end")


def _round_numbers() -> Iterator[int]:
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10


def _largest(view: View, stems: list[Stem], base: float, unit: float) -> Iterator[str]:
    """The size and time of the largest pile-ups, as far as there is room."""
    taken: list[_Span] = []
    days = (view.scale.end - view.scale.start) / 86400
    for stem in sorted(stems, key=lambda stem: (-stem.size, stem.x)):
        if stem.size < max(PILE_UP, view.marks.tally.most.size / 3) or len(taken) == _LABELS:
            return
        when = f" at {view.zone.local(stem.instant):%H:%M}" if days < _DAYS_WITH_TIMES else ""
        said = f"{stem.size:,}{when}"
        span = _free_span(stem, text_width(said, _SIZE) * 1.08, stems, taken)
        if span:
            taken.append(span)
            y = base - stem.size * unit - 5
            yield label(span.x, y, said, _SIZE, "halo", "strong", anchor=span.anchor)


class _Span(NamedTuple):
    """Where a label is: between *left* and *right*, held at *x* by its *anchor*."""

    left: float
    right: float
    x: float
    anchor: str


def _free_span(stem: Stem, width: float, stems: list[Stem], taken: list[_Span]) -> _Span | None:
    """Room for a label over a bar, or to its right or left, where nothing crosses it."""
    x, half = stem.x, width / 2
    for span in (
        _Span(x - half, x + half, x, "middle"),
        _Span(x + 5, x + 5 + width, x + 5, "start"),
        _Span(x - 5 - width, x - 5, x - 5, "end"),
    ):
        if (
            span.left >= LEFT
            and span.right <= RIGHT
            and all(span.right + 8 < one.left or one.right + 8 < span.left for one in taken)
            and all(one.size <= stem.size for one in stems if span.left < one.x < span.right)
        ):
            return span
    return None
