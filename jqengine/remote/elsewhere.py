"""Ends of runs in other processes, for those who wait for them here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from jqengine.errors import JobQueueError, StoreUnavailable
from jqengine.remote.waits import Ended, Waits

PAUSE = 0.02
"""Seconds between two looks, so that many ends elsewhere are looked at together."""


class EndsElsewhere:
    """Looks in the store for what others wait for.  For the reactor thread.

    :param find: gives what ended for those who wait for a job, or ``None``;
        raises what they are to be told when nothing will come.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: IReactorTime,
        waits: Waits,
        find: Callable[[str], Awaitable[Ended | None]],
    ) -> None:
        self._reactor = reactor
        self._waits = waits
        self._find = find
        self._looking = False
        self._again = False

    def look(self) -> None:
        """Something has ended elsewhere: see whether somebody waits for it."""
        self._again = True
        if not self._looking and self._waits.jobs:
            self._looking = True
            Deferred.fromCoroutine(self._look())

    async def _look(self) -> None:
        try:
            while self._again:
                self._again = False
                for job_id in self._waits.jobs:
                    await self._settle(job_id)
                await deferLater(self._reactor, PAUSE)
        finally:
            self._looking = False

    async def _settle(self, job_id: str) -> None:
        try:
            ended = await self._find(job_id)
        except StoreUnavailable:
            self._again = True
        except JobQueueError as error:
            self._waits.give_up(job_id, error)
        else:
            if ended is not None:
                self._waits.answer(job_id, ended)
