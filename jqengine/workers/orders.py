"""What a parent hands to a worker, and what it says to it afterwards.

One JSON object a line, over a pipe: settings can hold passwords, which have no
place on a command line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NamedTuple

CONTROL = 3
"""The descriptor from which a worker reads its orders.  Its end is the end of the parent."""

REPORT = 4
"""The descriptor on which a worker says how it is."""

FIRST_FREE = 5
"""The first of those that are different for each worker."""


class Word(StrEnum):
    """What a parent says to a worker that is up."""

    RELOAD = "reload"
    STOP = "stop"
    HURRY = "hurry"


class Inherited(NamedTuple):
    """A listening socket, as a worker finds it.

    :ivar text: the endpoint that it came of, as the user wrote it.
    :ivar family: of addresses, as the :mod:`socket` module numbers it.
    """

    text: str
    descriptor: int
    family: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """All that a worker is told before it starts.

    :ivar node: its name.
    :ivar texts: its settings, as a command line alone would give them.
    :ivar directory: from which the names of files in them are read.
    :ivar working_directory: where the parent runs by now.
    :ivar zone: the system's time zone.
    :ivar first: whether it is the one that reads the crontabs as it starts.
    :ivar log_to_parent: whether its log goes through the parent.
    :ivar sockets: the listening sockets.
    :ivar table: the descriptor of the table of connections.
    :ivar number: this worker's place in it.
    :ivar news_in: the descriptor on which it hears of changes.
    :ivar news_out: those on which it tells the others, each with that worker's number.
    """

    node: str
    texts: Mapping[str, Sequence[str]]
    directory: str
    working_directory: str
    zone: str
    first: bool
    log_to_parent: bool
    sockets: Sequence[Inherited]
    table: int
    number: int
    news_in: int
    news_out: Sequence[tuple[int, int]]

    def as_line(self) -> bytes:
        """For the pipe."""
        return as_line(asdict(self))

    @classmethod
    def from_line(cls, line: bytes) -> Orders:
        """From the pipe."""
        values = json.loads(line)
        values["news_out"] = [(number, descriptor) for number, descriptor in values["news_out"]]
        values["sockets"] = [Inherited(*one) for one in values["sockets"]]
        return cls(**values)


def as_line(said: Mapping[str, Any]) -> bytes:
    """Something to say, for a pipe."""
    return json.dumps(said).encode() + b"\n"


LONGEST_SILENCE = 30.0
"""Seconds; a worker that does its work says so twice in this time."""
