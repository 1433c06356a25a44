"""What the client for Twisted programs offers to hold back: one job, a group, or everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar, overload

from jqengine.wire import groups as talks
from jqengine.wire.calls import Talk
from jqengine.wire.groups import GroupView
from jqengine.wire.views import JobView

T = TypeVar("T")


class _Carrying(Protocol):
    """What this part needs of the client it is a part of."""

    async def _hold(self, talk: Talk[T]) -> T: ...

    async def _change(
        self,
        command: str,
        job: str | None,
        name: str | None,
        fields: Mapping[str, object] | None = None,
    ) -> JobView: ...


class Holding:
    """A part of :class:`~jqengine.remote.client.JobQueueClient`."""

    @overload
    async def pause(
        self: _Carrying,
        job: str | None = None,
        *,
        name: str | None = None,
        reason: str | None = None,
    ) -> JobView: ...

    @overload
    async def pause(self: _Carrying, *, group: str) -> GroupView: ...

    async def pause(
        self: _Carrying,
        job: str | None = None,
        *,
        name: str | None = None,
        group: str | None = None,
        reason: str | None = None,
    ) -> JobView | GroupView:
        """Hold a job, for a *reason* that people are told, or a group."""
        if group is not None:
            return await self._hold(talks.change_group("PauseGroup", group))
        return await self._change("Pause", job, name, {"reason": reason})

    @overload
    async def resume(
        self: _Carrying, job: str | None = None, *, name: str | None = None
    ) -> JobView: ...

    @overload
    async def resume(self: _Carrying, *, group: str) -> GroupView: ...

    async def resume(
        self: _Carrying,
        job: str | None = None,
        *,
        name: str | None = None,
        group: str | None = None,
    ) -> JobView | GroupView:
        """Let a paused or removed job go on, or a paused group."""
        if group is not None:
            return await self._hold(talks.change_group("ResumeGroup", group))
        return await self._change("Resume", job, name)

    async def pause_all(self: _Carrying) -> bool:
        """Let nothing begin; whether that is new."""
        return await self._hold(talks.change_all("PauseAll"))

    async def resume_all(self: _Carrying) -> bool:
        """Let runs begin again, but for what is paused by itself; whether that is new."""
        return await self._hold(talks.change_all("ResumeAll"))

    async def groups(self: _Carrying) -> list[GroupView]:
        """The groups there are, by name."""
        return await self._hold(talks.groups())
