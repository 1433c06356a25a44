"""What has changed between two results, as a unified diff.  Pure, but slow enough for a thread."""

from __future__ import annotations

from difflib import unified_diff
from typing import NamedTuple

MOST_LINES = 4000
MOST_CHARACTERS = 256 * 1024
"""A larger text is not compared: that would take longer than anybody waits."""


class Difference(NamedTuple):
    """A unified diff, each line with its end."""

    text: str


def difference(before: str, after: str) -> Difference | None:
    """What changed, or ``None`` where the texts are too large to compare."""
    old, new = _lines(before), _lines(after)
    if old is None or new is None:
        return None
    diff = unified_diff(old, new, "before", "now", lineterm="")
    return Difference("".join(f"{line}\n" for line in diff))


def _lines(text: str) -> list[str] | None:
    if len(text) > MOST_CHARACTERS:
        return None
    # Not splitlines(), which also ends a line at form feeds and the like.
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    return lines if len(lines) <= MOST_LINES else None
