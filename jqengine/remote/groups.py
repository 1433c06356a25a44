"""Groups and pauses, as clients see them: the verbs, and the answers to the commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jqengine.errors import BadValue, NoSuchJob
from jqengine.group import GroupReport, Holds
from jqengine.interfaces import IClock, IQueueControl
from jqengine.joboptions import JOB_OPTIONS
from jqengine.remote.pages import bounded, fitting

DEFAULT_PAGE = 100
MOST_ON_A_PAGE = 1000

Response = dict[str, Any]


class GroupVerbs:
    """What can be asked about groups, whatever it is asked through.  For the reactor thread.

    :param wake: called when there may be something to run.
    """

    def __init__(self, control: IQueueControl, clock: IClock, wake: Callable[[], object]) -> None:
        self._control = control
        self._clock = clock
        self._wake = wake

    async def holds(self) -> Holds:
        """What is paused, and every group."""
        return await self._control.holds(self._clock.now())

    async def pause(self, group: str) -> GroupReport:
        """Let nothing of a group begin, which need not be known yet.

        :raises BadValue: it is no name of a group.
        """
        group = JOB_OPTIONS["group"].read(group)
        await self._control.set_paused(group, True)
        return await self._report(group)

    async def resume(self, group: str) -> GroupReport:
        """Let a group go.

        :raises NoSuchJob: nothing is known of it.
        """
        await self._control.set_paused(group, False)
        self._wake()
        return await self._report(group)

    async def pause_all(self) -> bool:
        """Let nothing begin; whether that is new."""
        return await self._control.set_paused(None, True)

    async def resume_all(self) -> bool:
        """Let everything go that is not paused by itself; whether that is new."""
        changed = await self._control.set_paused(None, False)
        self._wake()
        return changed

    async def _report(self, name: str) -> GroupReport:
        for report in (await self.holds()).reports:
            if report.group.name == name:
                return report
        raise NoSuchJob(f"there is no group {name}")


class GroupDesk:
    """Answers one client.  For the reactor thread."""

    def __init__(self, verbs: GroupVerbs) -> None:
        self._verbs = verbs

    async def page(self, after: str | None, limit: int | None) -> Response:
        """A page of groups."""
        size = DEFAULT_PAGE if limit is None else limit
        if not 1 <= size <= MOST_ON_A_PAGE:
            raise BadValue(f"limit: expected 1 to {MOST_ON_A_PAGE}")
        holds = await self._verbs.holds()
        left = [one for one in holds.reports if one.group.name > (after or "")]
        described, _ = fitting(left[:size], group_as_json)
        more = len(described) < len(left)
        return {
            "groups": described,
            "all_paused": int(holds.all_paused),
            "next": described[-1]["name"] if more else None,
        }

    async def pause(self, group: str) -> Response:
        """Let nothing of a group begin."""
        return {"group": bounded(group_as_json(await self._verbs.pause(group)))}

    async def resume(self, group: str) -> Response:
        """Let a group go."""
        return {"group": bounded(group_as_json(await self._verbs.resume(group)))}

    async def pause_all(self) -> Response:
        """Let nothing begin."""
        return {"changed": int(await self._verbs.pause_all())}

    async def resume_all(self) -> Response:
        """Let everything go."""
        return {"changed": int(await self._verbs.resume_all())}


def group_as_json(report: GroupReport) -> Response:
    """A group in the words of the wire; a limit that it does not have is left out."""
    group = report.group
    said: Response = {
        "name": group.name,
        "paused": group.paused,
        "running": report.running,
        "waiting": report.waiting,
    }
    if group.concurrency is not None:
        said["concurrency"] = group.concurrency
    if group.rate is not None:
        said |= {"rate": str(group.rate), "tokens": round(group.tokens, 3)}
    return said
