"""What a time text means, for the form in which it is typed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

SYNTAXES = (
    ("when", "in plain English"),
    ("at", "as at(1) reads it"),
    ("cron", "as a crontab has it"),
    ("every", "every so often"),
    ("after", "after a while"),
    ("now", "now"),
)
"""The named time syntaxes, the one that is offered first."""

EXAMPLES = {
    "when": "For example: next friday 5pm, in 20 minutes, every weekday at 9.",
    "at": "For example: 1530, noon tomorrow, now + 2 hours.",
    "cron": "For example: 0 3 * * 1-5 for weekdays at three.",
    "every": "For example: 90s, 10 minutes.",
    "after": "For example: 90s, 2h30m.",
    "now": "It is due as soon as it is in the queue.",
}


class Means(NamedTuple):
    """What is shown below the text: instants, or what is wrong, or else *words*."""

    instants: Sequence[datetime] = ()
    error: str = ""
    words: str = ""


def known_syntax(text: str) -> str:
    """*text* if it names a syntax, else the first."""
    return text if text in EXAMPLES else SYNTAXES[0][0]
