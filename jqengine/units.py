"""Durations, sizes and status lists: small texts that users write.

Pure functions; every one raises :class:`~jqengine.errors.BadValue` with a
sentence that quotes the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from jqengine.errors import BadValue

_SECONDS_OF = {
    "ms": 0.001, "msec": 0.001, "millisecond": 0.001,
    "s": 1.0, "sec": 1.0, "second": 1.0,
    "m": 60.0, "min": 60.0, "minute": 60.0,
    "h": 3600.0, "hr": 3600.0, "hour": 3600.0,
    "d": 86400.0, "day": 86400.0,
    "w": 604800.0, "week": 604800.0,
}  # fmt: skip
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.ASCII)
_DURATION_GAP = re.compile(r"(?:\s|,|\band\b)*", re.ASCII)
_LONGEST_DURATION = 100 * 366 * 86400.0

_BYTES_OF = {
    "": 1, "b": 1,
    "k": 1024, "kib": 1024, "kb": 1000,
    "m": 1024**2, "mib": 1024**2, "mb": 1000**2,
    "g": 1024**3, "gib": 1024**3, "gb": 1000**3,
}  # fmt: skip
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.ASCII)

_STATUS_RANGE = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?", re.ASCII)


def parse_duration(text: str) -> float:
    """Seconds in ``90s``, ``15m``, ``1h30m``, ``10 minutes`` or plain ``90``.

    A number without a unit is seconds.  Zero is a duration; a negative one is
    not, nor is one over a century.
    """
    plain = text.strip().lower()
    if re.fullmatch(r"\d+(?:\.\d+)?", plain, re.ASCII):
        return _bounded(float(plain), text)
    total, position = 0.0, 0
    while position < len(plain):
        part = _DURATION_PART.match(plain, position)
        unit = part and _unit_seconds(part[2])
        if not part or not unit:
            raise BadValue(_not_a_duration(text))
        total += float(part[1]) * unit
        gap = _DURATION_GAP.match(plain, part.end())
        position = gap.end() if gap else part.end()
    if not plain:
        raise BadValue(_not_a_duration(text))
    return _bounded(total, text)


def format_duration(seconds: float) -> str:
    """*seconds* in at most two units, the way :func:`parse_duration` reads it."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    if seconds < 10:
        return f"{round(seconds, 1):g}s"
    rest, words = round(seconds), []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count:
            words.append(f"{count}{unit}")
    return "".join(words[:2])


def parse_size(text: str) -> int:
    """Bytes in ``16MiB``, ``64k``, ``1.5 GB`` or plain ``4096``."""
    match = _SIZE.fullmatch(text.strip().lower())
    if not match or match[2] not in _BYTES_OF:
        raise BadValue(f"{text!r} is not a size; expected something like 16MiB or 64k")
    return int(float(match[1]) * _BYTES_OF[match[2]])


def _unit_seconds(word: str) -> float | None:
    return _SECONDS_OF.get(word) or _SECONDS_OF.get(word.removesuffix("s"))


def _bounded(seconds: float, text: str) -> float:
    if seconds > _LONGEST_DURATION:
        raise BadValue(f"{text.strip()!r} is longer than a century")
    return seconds


def _not_a_duration(text: str) -> str:
    shown = text if len(text) <= 60 else text[:57] + "..."
    return f"{shown!r} is not a duration; expected something like 90s, 15m or 1h30m"


@dataclass(frozen=True, slots=True)
class StatusSet:
    """A set of response statuses, as ``0,400-499,503`` writes it.

    :ivar ranges: sorted, disjoint, inclusive pairs of statuses from 0 to 999.
    """

    ranges: tuple[tuple[int, int], ...] = ()
    # One bit for each status: this is asked several times for each job.
    _bits: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        bits = 0
        for low, high in self.ranges:
            bits |= (1 << high + 1) - (1 << low)
        object.__setattr__(self, "_bits", bits)

    @classmethod
    def parse(cls, text: str) -> StatusSet:
        """Read a list such as ``0,400-499,503``, or ``never`` for none.

        :raises BadValue: for anything else, a backward range included.
        """
        if text.strip().lower() == "never":
            return cls()
        pairs = sorted(_status_pair(part.strip(), text) for part in text.split(","))
        merged: list[tuple[int, int]] = []
        for low, high in pairs:
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
            else:
                merged.append((low, high))
        return cls(tuple(merged))

    def __contains__(self, status: int) -> bool:
        return status >= 0 and bool(self._bits >> status & 1)

    def __str__(self) -> str:
        if not self.ranges:
            return "never"
        return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in self.ranges)


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something may begin: a bucket of tokens that refills evenly.

    :ivar count: tokens that the bucket holds; 0 for no limit at all.
    :ivar per: seconds in which an empty bucket fills.
    """

    count: int
    per: float

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read ``10/1m``, ``5/second``, or ``none``.

        :raises BadValue: for anything else.
        """
        plain = text.strip().lower()
        if plain == "none":
            return cls(0, 0.0)
        count, _, per = (part.strip() for part in plain.partition("/"))
        try:
            seconds = parse_duration(f"1{per}" if per[:1].isalpha() else per)
        except BadValue:
            seconds = 0.0
        if not seconds or not re.fullmatch(r"[0-9]{1,7}", count) or not int(count):
            raise BadValue(
                f"{text[:60]!r} is not a rate; expected a number of runs in a time, such as"
                " 10/1m, or none"
            )
        return cls(int(count), seconds)

    def __str__(self) -> str:
        return f"{self.count}/{format_duration(self.per)}" if self.count else "none"


def _status_pair(part: str, text: str) -> tuple[int, int]:
    match = _STATUS_RANGE.fullmatch(part)
    if match:
        low, high = int(match[1]), int(match[2] or match[1])
        if low <= high:
            return low, high
    raise BadValue(
        f"{text!r} is not a list of statuses; expected something like 0,400-499,503 or never"
    )


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait between the attempts of a run.

    :ivar base: seconds before the second attempt, at most.
    :ivar cap: seconds before any attempt, at most.
    :ivar jitter: with full jitter the wait is anything from 0 to the bound;
        without, it is the bound itself.
    """

    base: float = 2.0
    cap: float = 600.0
    jitter: bool = True

    @classmethod
    def parse(cls, text: str) -> Backoff:
        """Read ``2s..10m`` (exponential, full jitter), ``30s`` (fixed) or ``none``."""
        plain = text.strip().lower()
        if plain == "none":
            return cls(0.0, 0.0, jitter=False)
        low, dots, high = plain.partition("..")
        if not dots:
            wait = parse_duration(low)
            return cls(wait, wait, jitter=False)
        base, cap = parse_duration(low), parse_duration(high)
        if not 0 < base <= cap:
            raise BadValue(
                f"{text!r} is not a backoff; expected a short and a longer wait, as in 2s..10m"
            )
        return cls(base, cap)

    def wait(self, attempt: int, fraction: float) -> float:
        """Seconds to wait after *attempt* (1-based) has failed.

        :param fraction: a random number in [0, 1), the source of the jitter.
        """
        bound = min(self.cap, self.base * 2.0 ** min(attempt - 1, 60))
        return bound * fraction if self.jitter else bound

    def __str__(self) -> str:
        if self.jitter:
            return f"{format_duration(self.base)}..{format_duration(self.cap)}"
        return format_duration(self.base) if self.base else "none"
