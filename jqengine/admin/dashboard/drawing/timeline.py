"""What ran and what is due, left and right of now.

The picture is as wide as the page: all across it is given in percent, all up and
down in pixels, so that its words are as large on a phone as on a desk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log10
from typing import NamedTuple

from markupsafe import Markup

from jqengine.admin.dashboard.drawing.axis import clock_changes, ticks
from jqengine.admin.dashboard.drawing.svg import element, percent, words
from jqengine.admin.dashboard.words import duration

HEIGHT = 176.0
_BASE = 144.0
_TALLEST = 104.0
_SHORTEST = 6.0
_NOW = 0.5
_NARROWEST = 0.0022
_SLOTS = 100
_STEP = 8.0
_MOST_STACKED = 11
PILE_UP = 5
"""Jobs due at one instant, of which the picture says how many they are."""

_APART = 4
"""Places between two such numbers, so that each can be read."""

_BRIEFEST, _LONGEST = 0.01, 3600.0


class Bar(NamedTuple):
    """A run.

    :ivar began: the instant; *seconds* how long it took, or has taken so far.
    """

    began: float
    seconds: float
    outcome: str
    title: str
    href: str


class Due(NamedTuple):
    """A due time to come."""

    instant: float
    label: str
    href: str


class Stack(NamedTuple):
    """Due times that are one place in the picture.

    :ivar slot: which of the places right of now.
    """

    slot: int
    due: tuple[Due, ...]

    @property
    def at_once(self) -> int:
        """How many there are at one instant, at most."""
        return max(Counter(due.instant for due in self.due).values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All that is to be drawn.

    :ivar now: the instant of the middle line.
    :ivar span: seconds on either side of it.
    :ivar since: the instant of the earliest run that is known, where that is
        later than the left edge, or ``None``.
    :ivar until: likewise for the latest due time that is known.
    """

    now: float
    span: float
    zone: str
    bars: Sequence[Bar]
    due: Sequence[Due]
    since: float | None = None
    until: float | None = None


def draw(timeline: Timeline) -> Markup:
    """The picture.  What it says is said in words beside it too, so it is hidden from readers."""
    return element(
        "svg",
        *_unknown(timeline),
        *_axis(timeline),
        *_changes(timeline),
        *(_bar(timeline, bar) for bar in _failures_last(timeline)),
        *_stacks(stacks(timeline)),
        _line("now", _NOW, 16, _BASE + 8),
        _text("caption", _NOW, 10, "now", "middle"),
        class_="timeline",
        width="100%",
        height=HEIGHT,
        aria_hidden="true",
        focusable="false",
    )


def stacks(timeline: Timeline) -> list[Stack]:
    """The due times, those too near to be told apart together."""
    found: dict[int, list[Due]] = {}
    for due in sorted(timeline.due):
        slot = int((due.instant - timeline.now) / timeline.span * _SLOTS)
        if 0 <= slot < _SLOTS:
            found.setdefault(slot, []).append(due)
    return [Stack(slot, tuple(due)) for slot, due in sorted(found.items())]


def bar_height(seconds: float) -> float:
    """Pixels for a run of so many *seconds*: from 10 ms to an hour, on a logarithmic scale."""
    bounded = min(max(seconds, _BRIEFEST), _LONGEST)
    share = log10(bounded / _BRIEFEST) / log10(_LONGEST / _BRIEFEST)
    return _SHORTEST + share * (_TALLEST - _SHORTEST)


def _x(timeline: Timeline, instant: float) -> float:
    return _NOW + (instant - timeline.now) / timeline.span * (1 - _NOW)


def _failures_last(timeline: Timeline) -> Iterable[Bar]:
    """So that none of them lies behind another bar."""
    start = timeline.now - timeline.span
    shown = [bar for bar in timeline.bars if bar.began + bar.seconds >= start]
    return sorted(shown, key=lambda bar: (bar.outcome == "failed", bar.began))


def _bar(timeline: Timeline, bar: Bar) -> Markup:
    left = max(_x(timeline, bar.began), 0.0)
    right = min(_x(timeline, bar.began + bar.seconds), _NOW)
    width = max(right - left, _NARROWEST)
    left = min(left, _NOW - width)
    height = 3.0 if bar.outcome == "skipped" else bar_height(bar.seconds)
    shape = element(
        "rect",
        element("title", words(bar.title)),
        class_=bar.outcome,
        x=percent(left),
        y=_BASE - height,
        width=percent(width),
        height=height,
    )
    parts = [shape]
    if bar.outcome == "failed":
        parts.append(
            _text("cross failed", left + width / 2, _BASE - height - 4, "\u00d7", "middle")
        )
    return element("a", *parts, href=bar.href, tabindex="-1")


def _stacks(found: Sequence[Stack]) -> Iterable[Markup]:
    yield from map(_stack, found)
    for stack in labelled(found):
        x = _NOW + (stack.slot + 0.5) / _SLOTS * (1 - _NOW)
        top = _BASE - min(len(stack.due), _MOST_STACKED) * _STEP - 4
        yield _text("count", x, top, str(stack.at_once), "middle" if x < 0.98 else "end")


def labelled(found: Sequence[Stack]) -> list[Stack]:
    """The pile-ups whose number is written, the largest first, none too near another."""
    chosen: list[Stack] = []
    for stack in sorted(found, key=lambda stack: -stack.at_once):
        if stack.at_once < PILE_UP:
            break
        if all(abs(stack.slot - other.slot) >= _APART for other in chosen):
            chosen.append(stack)
    return chosen


def _stack(stack: Stack) -> Markup:
    count = len(stack.due)
    left = _NOW + stack.slot / _SLOTS * (1 - _NOW) + 0.0005
    names = [due.label for due in stack.due]
    more = f" and {count - 12} more" if count > 12 else ""
    title = element("title", words(", ".join(names[:12]) + more))
    high = min(count, _MOST_STACKED)
    blocks = [
        element(
            "rect",
            class_="due pile" if stack.at_once >= PILE_UP else "due",
            x=percent(left),
            y=_BASE - (level + 1) * _STEP + 1,
            width=percent((1 - _NOW) / _SLOTS - 0.001),
            height=_STEP - 1.5,
        )
        for level in range(high)
    ]
    href = stack.due[0].href if count == 1 else "/jobs?q=order%3Adue"
    return element("a", title, *blocks, href=href, tabindex="-1")


def _unknown(timeline: Timeline) -> Iterable[Markup]:
    """A veil over what the picture does not know."""
    for edge, left, right in (
        (timeline.since, 0.0, None),
        (timeline.until, None, 1.0),
    ):
        if edge is None:
            continue
        x = min(max(_x(timeline, edge), 0.0), 1.0)
        begin, end = (left, x) if left is not None else (x, right or 1.0)
        if end - begin > 0.005:
            yield element(
                "rect",
                element("title", words("Not everything is drawn here: it would be too much.")),
                class_="unknown",
                x=percent(begin),
                y=24,
                width=percent(end - begin),
                height=_BASE - 24,
            )


def _axis(timeline: Timeline) -> Iterable[Markup]:
    yield element("line", class_="base", x1="0%", y1=_BASE, x2="100%", y2=_BASE)
    start, end = timeline.now - timeline.span, timeline.now + timeline.span
    for place, tick in enumerate(ticks(start, end, timeline.zone)):
        x = _x(timeline, tick.instant)
        if not 0.02 < x < 0.98:
            continue
        yield _line("tick", x, _BASE, _BASE + 5)
        yield _text("odd" if place % 2 else "even", x, _BASE + 20, tick.label, "middle")


def _changes(timeline: Timeline) -> Iterable[Markup]:
    start, end = timeline.now - timeline.span, timeline.now + timeline.span
    for change in clock_changes(start, end, timeline.zone):
        x = _x(timeline, change.instant)
        way = "forward" if change.seconds > 0 else "back"
        said = f"clock {way} {duration(abs(change.seconds))}"
        yield _line("change", x, 30, _BASE)
        yield _text("caption", x, 26, said, "start" if x < 0.8 else "end")


def _line(kind: str, x: float, top: float, bottom: float) -> Markup:
    return element("line", class_=kind, x1=percent(x), y1=top, x2=percent(x), y2=bottom)


def _text(kind: str, x: float, y: float, said: str, anchor: str) -> Markup:
    return element("text", words(said), class_=kind, x=percent(x), y=y, text_anchor=anchor)
