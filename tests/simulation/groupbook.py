"""The bookkeeper's idea of groups: how many of their runs may be under way, and how fast.

What the newest accepted job says holds.  Crontabs of a simulation name no
groups, so only what clients ask for counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from jqengine.job import Duplicate, Job, Policy
from tests.simulation.history import Effect, Moment
from tests.simulation.runbook import RunBook

SET_BACK = 60.0
"""Seconds behind the last refill at which the clock has been set back."""

DUST = 1e-3
"""Of a token: what rounding leaves."""


@dataclass
class Bucket:
    """Tokens, as they should be."""

    count: int
    per: float
    level: float
    filled: float = 0.0

    def take(self, now: float, tokens: int) -> float:
        """What is left of it at *now* after that; below zero it was empty."""
        if now >= self.filled or self.filled - now > SET_BACK:
            gained = max(0.0, now - self.filled) * self.count / self.per
            self.level = min(float(self.count), self.level + gained)
            self.filled = now
        self.level -= tokens
        return self.level


class GroupBook:
    """What the limits of groups and pauses say of each claim."""

    def __init__(self, runs: RunBook) -> None:
        self._runs = runs
        self._seen: set[str] = set()
        self._most: dict[str, int] = {}
        self._buckets: dict[str, Bucket] = {}
        self._paused: set[str | None] = set()

    def read(self, event: Effect) -> Iterator[str]:
        """Book an effect, after the runs are booked; what is wrong with it."""
        if event.call == "add":
            for asked, answer in zip(event.said["jobs"], event.answer, strict=True):
                if self._is_accepted(asked, answer):
                    self._say(asked.definition.policy)
                self._seen.add(asked.id)
        elif event.call == "set_paused":
            held = self._paused.add if event.said["paused"] else self._paused.discard
            held(event.said["group"])
        elif event.call == "claim":
            if event.when.wall - event.said["now"] > SET_BACK / 2:
                self.clock_was_set(event.when)
            yield from self._book_claim(event)

    def clock_was_set(self, when: Moment) -> None:
        """Allow for what buckets have gained by a clock that was set, or read long ago."""
        for bucket in self._buckets.values():
            bucket.level, bucket.filled = float(bucket.count), when.wall

    def _is_accepted(self, asked: Job, answer: Job) -> bool:
        """Whether *asked* was taken now, and not only answered for."""
        said = asked.definition
        if said.policy.group is None or asked.id in self._seen:
            return False
        own = asked.id == answer.id or (
            said.identity is not None and said.identity == answer.definition.identity
        )
        return own or said.policy.duplicate is not Duplicate.FIRST

    def _say(self, policy: Policy) -> None:
        group = policy.group
        assert group is not None
        if policy.concurrency is not None:
            self._most[group] = policy.concurrency or 1_000_000
        if policy.rate is not None and not policy.rate.count:
            self._buckets.pop(group, None)
        elif policy.rate is not None:
            count, per = policy.rate.count, policy.rate.per
            known = self._buckets.get(group)
            if known is None or (known.count, known.per) != (count, per):
                # How much of another bucket is left is not looked at closely.
                self._buckets[group] = Bucket(count, per, float(count))

    def _book_claim(self, event: Effect) -> Iterator[str]:
        begun = Counter(run.policy.group for run in event.answer)
        if event.answer and None in self._paused:
            yield f"{event.answer[0].id}: claimed while everything is paused"
        under_way = self._runs.under_way()
        for group, count in begun.items():
            if group is None:
                continue
            run_id = next(run.id for run in event.answer if run.policy.group == group)
            if group in self._paused:
                yield f"{run_id}: claimed while its group {group} is paused"
            if under_way[group] > self._most.get(group, 1_000_000):
                yield f"{run_id}: {under_way[group]} runs of {group} are under way at once"
            bucket = self._buckets.get(group)
            if bucket is not None and bucket.take(event.said["now"], count) < -DUST:
                yield f"{run_id}: {count} of {group} begin, and its bucket is empty"
