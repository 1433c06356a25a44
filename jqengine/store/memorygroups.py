"""Groups in plain Python: what limits there are, and what they allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from jqengine.group import Group, GroupReport, Holds
from jqengine.job import Policy, Run
from jqengine.lifecycle import RunState


class MemoryGroups:
    """The groups of a queue in memory."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}
        self.all_paused = False

    def said(self, policy: Policy) -> None:
        """Let what *policy* says hold for its group."""
        if policy.group is not None:
            self._groups[policy.group] = self._group(policy.group).said(policy)

    def copy(self) -> MemoryGroups:
        """The same groups once more."""
        other = MemoryGroups()
        other._groups, other.all_paused = dict(self._groups), self.all_paused
        return other

    def ensure(self, policy: Policy) -> None:
        """Make the group of a run of *policy* anew, should it have been forgotten."""
        if policy.group is not None and policy.group not in self._groups:
            self.said(policy)

    def set_paused(self, name: str | None, paused: bool) -> bool:
        """Pause or let go a group, or everything; whether that changed anything."""
        if name is None:
            changed, self.all_paused = self.all_paused != paused, paused
            return changed
        group = self._group(name)
        if group.paused == paused:
            return False
        self._groups[name] = Group(
            name, group.concurrency, group.rate, group.tokens, group.refilled, paused
        )
        return True

    def claimable(
        self, ready: Sequence[Run], running: Counter[str], most: int, now: float
    ) -> list[Run]:
        """The first *most* of *ready* that may begin; their tokens are taken.

        :param running: how many runs of each group are under way.
        """
        chosen: list[Run] = []
        for run in ready:
            if self.all_paused or len(chosen) >= most:
                break
            name = run.policy.group
            if name is not None:
                group = self._groups[name] = self._group(name).at(now)
                if not group.room(running[name], 1):
                    continue
                running[name] += 1
                self._groups[name] = group.took(1)
            chosen.append(run)
        return chosen

    def opening(self, waiting: Iterable[Run], running: Counter[str]) -> list[float]:
        """From when on each of *waiting* may begin, for those that may by themselves."""
        instants: list[float] = []
        if self.all_paused:
            return instants
        for run in waiting:
            name = run.policy.group
            opens = 0.0 if name is None else self._group(name).opens(running[name])
            if opens is not None:
                instants.append(max(run.ready, opens))
        return instants

    def holds(self, runs: Sequence[Run], now: float) -> Holds:
        """What is paused, and every group."""
        counts = {
            state: Counter(run.policy.group for run in runs if run.state is state)
            for state in (RunState.RUNNING, RunState.WAITING)
        }
        return Holds(
            self.all_paused,
            tuple(
                GroupReport(
                    group.at(now), counts[RunState.RUNNING][name], counts[RunState.WAITING][name]
                )
                for name, group in sorted(self._groups.items())
            ),
        )

    def forget_idle(self, names: Iterable[str | None], used: set[str | None], now: float) -> None:
        """Forget those of *names* that are not *used*, not paused, and whose bucket is full."""
        for name in names:
            group = self._groups.get(name) if name is not None else None
            if group is not None and name not in used and not group.paused and group.is_full(now):
                del self._groups[group.name]

    def _group(self, name: str) -> Group:
        return self._groups.get(name) or Group(name)
