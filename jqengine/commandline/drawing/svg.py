"""A little SVG: elements as text, escaped whatever is in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

# What XML 1.0 has no way to hold (section 2.2).
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Block(NamedTuple):
    """A part of a picture.

    :ivar markup: its elements.
    :ivar bottom: where it ends, in pixels from the top of the picture.
    :ivar behind: elements that lie behind those of every block.
    """

    markup: list[str]
    bottom: float
    behind: Sequence[str] = ()


def element(name: str, *children: str, **attributes: str | float) -> str:
    """An element; *children* are markup, values of attributes are not.

    An underscore in an attribute's name stands for a hyphen, and one at its
    end for nothing, so that ``class_`` can be written.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{''.join(children)}</{name}>" if children else f"<{name}{written}/>"


def label(x: float, y: float, said: str, size: float, *kinds: str, anchor: str = "start") -> str:
    """A line of text whose baseline is at *y*.

    :param kinds: its classes.
    :param anchor: which end of it is at *x*.
    """
    given: dict[str, str | float] = {"x": x, "y": y, "font_size": size}
    if kinds:
        given["class_"] = " ".join(kinds)
    if anchor != "start":
        given["text_anchor"] = anchor
    return element("text", words(said), **given)


def rule(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    """A straight line of the class *kind*."""
    return element("line", class_=kind, x1=x1, y1=y1, x2=x2, y2=y2)


def strokes(kind: str, lines: Iterable[tuple[float, float, float]]) -> str:
    """Upright strokes, each given by its x, its top and its height; or nothing."""
    path = "".join(f"M{number(x)} {number(top)}v{number(tall)}" for x, top, tall in lines)
    return element("path", class_=kind, d=path) if path else ""


def words(text: str) -> str:
    """*text* as markup that shows it."""
    return escape(_NOT_XML.sub("\ufffd", text))


def number(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def fitted(text: str, width: float, size: float) -> str:
    """*text*, cut where it would be wider than *width* pixels at a font *size*."""
    if text_width(text, size) <= width:
        return text
    kept, room = "", width - text_width("…", size)
    for character in text:
        room -= text_width(character, size)
        if room < 0:
            break
        kept += character
    return kept.rstrip() + "…"


def wrapped(text: str, width: float, size: float) -> list[str]:
    """*text* in lines of at most *width* pixels, broken at blanks."""
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and text_width(longer, size) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line]


def text_width(text: str, size: float) -> float:
    """About how many pixels *text* takes: a little more than in most fonts."""
    return size * sum(map(_relative_width, text))


def _relative_width(character: str) -> float:
    if character in "iljtf.,:;|!'()[]/ ":
        return 0.36
    if character in "mwMW%@—…":
        return 0.98
    if character >= "\u1100":  # most of what is there is wide
        return 1.05
    return 0.72 if character.isupper() else 0.62


def _value(value: str | float) -> str:
    return words(value) if isinstance(value, str) else number(value)
