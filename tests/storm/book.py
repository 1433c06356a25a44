"""The side file: what the application and the storm note, a line each.

Every line goes to the file in one write with ``O_APPEND``, so that lines of
several processes never mix and one that was written survives its writer.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

BEGAN, ENDED, DYING, DEAD = "began", "ended", "dying", "dead"


class Line(NamedTuple):
    """One thing that happened.

    :ivar at: seconds of this machine's monotonic clock, the same for all processes.
    :ivar process: an id of the process that no other has.
    :ivar execution: of the application; empty for what is no call of it.
    :ivar where: a process dies, if it does so by itself.
    """

    what: str
    at: float
    process: str
    run: str = ""
    attempt: int = 0
    execution: str = ""
    where: str = ""


class Book:
    """For writing, from any thread."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(
        self,
        what: str,
        process: str,
        run: str = "",
        attempt: int = 0,
        execution: str = "",
        where: str = "",
    ) -> None:
        """Write a line."""
        line = Line(what, time.monotonic(), process, run, attempt, execution, where)
        os.write(self._file, json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        """Write no more."""
        os.close(self._file)


def lines(path: Path) -> Iterator[Line]:
    """Everything that was written, in order."""
    for text in path.read_text().splitlines():
        yield Line(*json.loads(text))
