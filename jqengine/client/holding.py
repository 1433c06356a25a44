"""What a queue offers to hold back: one job, a group, or everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar, overload

from jqengine.client.job import Job
from jqengine.wire import groups as talks
from jqengine.wire.calls import Talk
from jqengine.wire.groups import GroupView

T = TypeVar("T")


class _Carrying(Protocol):
    """What this part needs of the queue it is a part of."""

    def _hold(self, talk: Talk[T]) -> T: ...

    def _change(
        self,
        command: str,
        job: str | Job | None,
        name: str | None,
        fields: Mapping[str, object] | None = None,
    ) -> Job: ...


class Holding:
    """A part of :class:`~jqengine.client.JobQueue`."""

    @overload
    def pause(
        self: _Carrying,
        job: str | Job | None = None,
        *,
        name: str | None = None,
        reason: str | None = None,
    ) -> Job: ...

    @overload
    def pause(self: _Carrying, *, group: str) -> GroupView: ...

    def pause(
        self: _Carrying,
        job: str | Job | None = None,
        *,
        name: str | None = None,
        group: str | None = None,
        reason: str | None = None,
    ) -> Job | GroupView:
        """Hold a job: due times pass without a run until it is resumed.

        Of a *group* instead nothing begins, on any node; due times come, and their
        runs wait as the ``overlap`` of their job says.  What runs goes on.

        :param reason: why a job is held, for people, up to 200 characters.
        """
        if group is not None:
            return self._hold(talks.change_group("PauseGroup", _alone(group, job, name)))
        return self._change("Pause", job, name, {"reason": reason})

    @overload
    def resume(
        self: _Carrying, job: str | Job | None = None, *, name: str | None = None
    ) -> Job: ...

    @overload
    def resume(self: _Carrying, *, group: str) -> GroupView: ...

    def resume(
        self: _Carrying,
        job: str | Job | None = None,
        *,
        name: str | None = None,
        group: str | None = None,
    ) -> Job | GroupView:
        """Let a paused or removed job go on, or a paused group.

        :raises NoSuchJob: nothing is known of it.
        """
        if group is not None:
            return self._hold(talks.change_group("ResumeGroup", _alone(group, job, name)))
        return self._change("Resume", job, name)

    def pause_all(self: _Carrying) -> bool:
        """Let nothing begin, on any node, until :meth:`resume_all`; whether that is new."""
        return self._hold(talks.change_all("PauseAll"))

    def resume_all(self: _Carrying) -> bool:
        """Let runs begin again, but for what is paused by itself; whether that is new."""
        return self._hold(talks.change_all("ResumeAll"))

    def groups(self: _Carrying) -> list[GroupView]:
        """The groups there are, by name, with their limits and what there is of them."""
        return self._hold(talks.groups())


def _alone(group: str, job: object, name: object) -> str:
    if job is not None or name is not None:
        raise TypeError("expected a job or a group, and not both")
    return group
