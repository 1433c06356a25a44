"""A quiet line of numbers."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from jqengine.admin.dashboard.drawing.svg import element, number

WIDTH, HEIGHT = 240.0, 32.0
_EDGE = 2.0


def sparkline(values: Sequence[float | None], summary: str) -> Markup:
    """*values*, the oldest first, as a line from 0 to the largest; ``None`` is a gap."""
    largest = max((value for value in values if value is not None), default=0.0) or 1.0
    step = (WIDTH - 2 * _EDGE) / max(len(values) - 1, 1)
    path, drawing = "", False
    for place, value in enumerate(values):
        if value is None:
            drawing = False
            continue
        x = _EDGE + place * step
        y = HEIGHT - _EDGE - value / largest * (HEIGHT - 2 * _EDGE)
        path += f"{'L' if drawing else 'M'}{number(x)} {number(y)}"
        # A point between two gaps would not be seen.
        path += "" if drawing else "h.01"
        drawing = True
    base = element("line", class_="base", x1=0, y1=HEIGHT - 0.5, x2=WIDTH, y2=HEIGHT - 0.5)
    line = element("path", class_="line", d=path) if path else Markup("")
    return element(
        "svg",
        base,
        line,
        class_="sparkline",
        width=WIDTH,
        height=HEIGHT,
        view_box=f"0 0 {WIDTH:g} {HEIGHT:g}",
        role="img",
        aria_label=summary,
    )
