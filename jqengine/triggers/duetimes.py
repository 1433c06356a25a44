"""Triggers that need no text: one instant, another's due times moved, a look ahead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from zope.interface import implementer

from jqengine.interfaces import ITrigger
from jqengine.triggers.localtime import rounded

_HAIR = 1e-5
"""Seconds; more than two roundings to the microsecond can be out together."""


@implementer(ITrigger)
@dataclass(frozen=True, slots=True)
class Once:
    """A single due time.

    :ivar instant: when.
    """

    recurring: ClassVar[bool] = False

    instant: float

    def next(self, after: float) -> float | None:
        """The instant, or ``None`` unless it is after *after*."""
        return self.instant if self.instant > after else None


@implementer(ITrigger)
@dataclass(frozen=True, slots=True)
class Delayed:
    """The due times of another trigger, each of them the same time later.

    :ivar trigger: the other.
    :ivar delay: seconds, 0 or more.
    """

    trigger: ITrigger
    delay: float

    @property
    def recurring(self) -> bool:
        """Whether more than one due time can come."""
        return bool(self.trigger.recurring)

    def next(self, after: float) -> float | None:
        """The first due time strictly after the instant *after*.

        It may stem from a time of the other trigger that is not after it.
        """
        for moved in all_after(self.trigger, after - self.delay - _HAIR):
            due = rounded(moved + self.delay)
            if due > after:
                return due
        return None


def all_after(trigger: ITrigger, after: float) -> Iterator[float]:
    """Every due time of *trigger* after the instant *after*, in order, as asked for."""
    due = trigger.next(after)
    while due is not None:
        yield due
        due = trigger.next(due)


def upcoming(trigger: ITrigger, after: float, count: int) -> Iterator[float]:
    """The first *count* due times of *trigger* after the instant *after*, or all if fewer."""
    return islice(all_after(trigger, after), count)
