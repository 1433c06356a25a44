"""Groups of runs that share limits, and what the limits allow.  Pure.

A group lets only so many of its runs be under way at once, and begin no faster
than a bucket of tokens refills: each attempt takes one, and the bucket holds a
few so that a burst can begin together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, floor
from typing import NamedTuple

from jqengine.job import Policy
from jqengine.units import Rate

SET_BACK = 60.0
"""Seconds by which the clock must be behind the last refill to have been set back.

A little behind it is whenever two nodes ask in another order than they looked
at the clock, and then no time must be counted twice.
"""

ALL_PAUSED = "all_paused"
"""What is among the counts of a queue, as 1, while nothing at all may begin."""

_DUST = 1e-9
"""Of a token: what adding up parts of it leaves."""


@dataclass(frozen=True, slots=True)
class Group:
    """The limits of a group, and how far they are used up.

    :ivar concurrency: runs under way at once, at most, or ``None``.
    :ivar rate: how often an attempt may begin, or ``None``.
    :ivar tokens: what was in the bucket
    :ivar refilled: at this instant.
    :ivar paused: whether nothing of it may begin.
    """

    name: str
    concurrency: int | None = None
    rate: Rate | None = None
    tokens: float = 0.0
    refilled: float = 0.0
    paused: bool = False

    def said(self, policy: Policy) -> Group:
        """This group with the limits that *policy* says, where it says any."""
        changed = self
        if policy.concurrency is not None:
            changed = replace(changed, concurrency=policy.concurrency or None)
        if policy.rate is not None and policy.rate != (self.rate or Rate(0, 0.0)):
            changed = changed._with_rate(policy.rate if policy.rate.count else None)
        return changed

    def _with_rate(self, rate: Rate | None) -> Group:
        """With another bucket: a first one is full, a later one keeps what is left."""
        if rate is None:
            return replace(self, rate=None, tokens=0.0, refilled=0.0)
        left = float(rate.count) if self.rate is None else min(self.tokens, float(rate.count))
        return replace(self, rate=rate, tokens=left)

    def at(self, now: float) -> Group:
        """This group with what the bucket holds at *now*."""
        if self.rate is None:
            return self
        behind = self.refilled - now
        if 0 < behind <= SET_BACK:
            return self
        gained = max(-behind, 0.0) * self.rate.count / self.rate.per
        return replace(self, tokens=min(self.tokens + gained, float(self.rate.count)), refilled=now)

    def room(self, running: int, most: int) -> int:
        """How many of its runs may begin, at most *most*, while *running* are under way."""
        if self.paused:
            return 0
        if self.concurrency is not None:
            most = min(most, self.concurrency - running)
        if self.rate is not None:
            most = min(most, floor(self.tokens + _DUST))
        return max(most, 0)

    def took(self, count: int) -> Group:
        """This group after *count* of its runs began."""
        return self if self.rate is None else replace(self, tokens=self.tokens - count)

    def opens(self, running: int) -> float | None:
        """From when on one more may begin; 0 for any time.

        ``None`` when no time helps, but only an end of one that is under way,
        or somebody who lets the group go.
        """
        if self.paused or (self.concurrency is not None and running >= self.concurrency):
            return None
        missing = 1.0 - self.tokens
        if self.rate is None or missing <= _DUST:
            return 0.0
        # Later by a microsecond, so that it is surely there then.
        instant = self.refilled + missing * self.rate.per / self.rate.count
        return ceil(instant * 1e6) / 1e6 + 1e-6

    def is_full(self, now: float) -> bool:
        """Whether its bucket, if it has one, is surely full."""
        return self.rate is None or self.refilled + self.rate.per <= now


class GroupReport(NamedTuple):
    """A group as people see it.

    :ivar group: at the instant of the question.
    :ivar running: of its runs that are under way.
    :ivar waiting: of its runs that wait, ready or not.
    """

    group: Group
    running: int
    waiting: int


class Holds(NamedTuple):
    """What is paused, and every group with what there is of it.

    :ivar all_paused: whether nothing at all may begin.
    :ivar reports: by name.
    """

    all_paused: bool
    reports: tuple[GroupReport, ...]
