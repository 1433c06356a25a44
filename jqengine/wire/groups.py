"""Groups and pauses on the client's side of the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jqengine.wire.asks import ask
from jqengine.wire.calls import Talk, one


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """A group of runs, as it was when the engine was asked.

    :ivar paused: whether nothing of it begins.
    :ivar running: of its runs that are under way.
    :ivar waiting: of its runs that wait, ready or not.
    :ivar concurrency: runs under way at once, at most; ``None`` for no limit.
    :ivar rate: how often an attempt may begin, ``"10/1m"``; ``None`` for no limit.
    :ivar tokens: attempts that may begin now by the rate; ``None`` without one.
    """

    name: str
    paused: bool
    running: int
    waiting: int
    concurrency: int | None
    rate: str | None
    tokens: float | None


def group_view(said: Mapping[str, Any]) -> GroupView:
    """The group that an engine described."""
    return GroupView(
        name=said["name"],
        paused=said["paused"],
        running=said["running"],
        waiting=said["waiting"],
        concurrency=said.get("concurrency"),
        rate=said.get("rate"),
        tokens=said.get("tokens"),
    )


def groups() -> Talk[list[GroupView]]:
    """All groups, by name."""
    found: list[GroupView] = []
    after = None
    while True:
        answer = yield from one(ask("Groups", after=after, limit=1000))
        found += map(group_view, answer.json("groups"))
        after = answer.text("next")
        if after is None:
            return found


def change_group(command: str, group: str) -> Talk[GroupView]:
    """A command that gives the group as it is after it."""
    answer = yield from one(ask(command, group=group))
    return group_view(answer.json("group"))


def change_all(command: str) -> Talk[bool]:
    """A command to everything; whether that changed anything."""
    answer = yield from one(ask(command))
    return bool(answer.number("changed"))
