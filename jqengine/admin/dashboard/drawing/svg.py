"""A little SVG: elements as markup, escaped whatever is in them.

There is no ``style`` attribute and no reference to anything outside, so the
content security policy of the pages holds for the pictures in them.
"""

from __future__ import annotations

import re
from functools import cache

from markupsafe import Markup, escape

# What XML 1.0 has no way to hold (section 2.2).
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def element(name: str, *children: Markup, **attributes: str | float | None) -> Markup:
    """An element; values that are ``None`` are left out.

    An underscore in an attribute's name stands for a hyphen, and one at its
    end for nothing, so that ``class_`` can be written.
    """
    written = "".join(
        f' {_name(key)}="{words(value) if isinstance(value, str) else number(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    # Plain text put together: names are ours, values and children are escaped.
    if not children:
        return Markup(f"<{name}{written}/>")  # noqa: S704
    return Markup(f"<{name}{written}>{''.join(children)}</{name}>")  # noqa: S704


def words(text: str) -> Markup:
    """*text* as markup that shows it."""
    return escape(_NOT_XML.sub("\ufffd", text))


def percent(part: float) -> str:
    """A part of the whole width; so a picture is as wide as the page, its text no smaller."""
    return f"{round(part * 100, 2):g}%"


def number(value: float) -> str:
    """A coordinate, to a hundredth of a pixel."""
    return f"{round(value, 2):g}"


@cache
def _name(key: str) -> str:
    return "viewBox" if key == "view_box" else key.rstrip("_").replace("_", "-")
