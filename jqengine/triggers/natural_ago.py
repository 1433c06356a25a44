"""What is said about an instant that has passed, and about texts too long."""

from __future__ import annotations

from jqengine.errors import BadSchedule, PastInstant

LONGEST_TEXT = 200
"""Characters of a time text, runs of blanks counted as one."""

_LENGTHS = (
    (365.2425 * 86400, "year"),
    (30.436875 * 86400, "month"),
    (86400, "day"),
    (3600, "hour"),
    (60, "minute"),
    (1, "second"),
)


def past_instant(text: str, instant: float, now: float, advice: str = "") -> PastInstant:
    """The refusal of *text* because its *instant* is not after *now*."""
    return PastInstant(text, f"that was {_how_long(now - instant)} ago{advice}")


def refuse_long(text: str) -> None:
    """Refuse a text that no person wrote.

    :raises BadSchedule: it is longer than :data:`LONGEST_TEXT`.
    """
    if len(text) > LONGEST_TEXT and len(" ".join(text.split(None, LONGEST_TEXT))) > LONGEST_TEXT:
        raise BadSchedule(text, f"a time text has at most {LONGEST_TEXT} characters")


def not_understood(text: str, word: str, position: int) -> BadSchedule:
    """The refusal of *text* because of one *word* in it, at *position*."""
    shown = word if len(word) <= 40 else word[:37] + "..."
    return BadSchedule(text, f"{shown!r} is not understood", position)


def _how_long(seconds: float) -> str:
    for length, unit in _LENGTHS:
        count = int(seconds / length)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a second"
