"""How long results are kept.  Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from jqengine.errors import BadValue
from jqengine.units import parse_duration, parse_size

_COUNT = re.compile(r"[0-9]{1,12}")
_SIZE = re.compile(r"[0-9.]+ *[kmgt]i?b", re.IGNORECASE)

FOREVER = "forever"


class Usage(NamedTuple):
    """What a store holds.

    :ivar ended: runs that have ended and are kept.
    :ivar size: bytes that all of the store takes.
    """

    ended: int
    size: int


@dataclass(frozen=True, slots=True)
class Retention:
    """Limits on what is kept of runs that have ended; ``None`` is no limit.

    :ivar age: seconds.
    :ivar count: runs.
    :ivar size: bytes of the store.
    """

    age: float | None = None
    count: int | None = None
    size: int | None = None

    @classmethod
    def parse(cls, text: str) -> Retention:
        """Read any of an age, a number and a size, as in ``30d,100000,2GiB``, or ``forever``.

        :raises BadValue: it is anything else.
        """
        if text.strip().lower() == FOREVER:
            return cls()
        limits: dict[str, Any] = {}
        for part in text.split(","):
            name, value = _limit(part.strip(), text)
            if name in limits:
                raise BadValue(f"{text!r} has two limits of one kind")
            limits[name] = value
        return cls(**limits)


def _limit(part: str, text: str) -> tuple[str, float | int]:
    try:
        if _COUNT.fullmatch(part):
            return "count", int(part)
        if _SIZE.fullmatch(part):
            return "size", parse_size(part)
        return "age", parse_duration(part)
    except BadValue:
        raise BadValue(
            f"{text!r} is not how long to keep results; expected something like"
            f" 30d,100000,2GiB or {FOREVER}"
        ) from None
