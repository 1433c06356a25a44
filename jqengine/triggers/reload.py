"""Keeps the queue in agreement with the crontabs, at start and on reload."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from twisted.logger import Logger

from jqengine.errors import BadValue, CrontabError, CrontabErrors, StoreUnavailable
from jqengine.interfaces import IClock, IStore, ITriggers
from jqengine.joboptions import OptionValues
from jqengine.plan import CrontabPlan, PlanAuthor
from jqengine.triggers.crontab import Crontab, CrontabReader
from jqengine.triggers.reconcile import plan


class Crontabs:
    """The crontabs of one engine.  For the reactor thread.

    :param paths: the files, as the user named them.
    :param read: reads a whole file; raises ``OSError`` when it cannot.
    :param defaults: job options that hold where a crontab says nothing.
    :param check_sink: raises ``BadValue`` for a URL that names no sink.
    :param new_id: makes the id of a job accepted at an instant.
    """

    _log = Logger()

    def __init__(
        self,
        paths: Sequence[str],
        *,
        read: Callable[[str], bytes],
        defaults: OptionValues,
        triggers: ITriggers,
        store: IStore,
        clock: IClock,
        check_sink: Callable[[str], None],
        new_id: Callable[[float], str],
    ) -> None:
        self._paths = tuple(paths)
        self._read = read
        self._defaults = defaults
        self._triggers = triggers
        self._store = store
        self._clock = clock
        self._check_sink = check_sink
        self._new_id = new_id
        self._node = ""

    def parse(self) -> Crontab:
        """Read the files as they are now.

        :raises CrontabErrors: with everything that is wrong with them.
        """
        reader = CrontabReader(
            defaults=self._defaults,
            read=self._read,
            triggers=self._triggers,
            now=self._clock.now(),
        )
        crontab = reader.parse(self._paths)
        errors = tuple(self._bad_sinks(crontab))
        if errors:
            raise CrontabErrors(errors)
        return crontab

    def _bad_sinks(self, crontab: Crontab) -> Iterator[CrontabError]:
        for line in crontab.lines:
            for sink in line.definition.sinks:
                try:
                    self._check_sink(sink)
                except BadValue as error:
                    yield CrontabError(line.path, line.line, line.column, f"sink: {error}")

    async def start(self, crontab: Crontab, node: str = "") -> CrontabPlan:
        """Bring the queue into agreement with *crontab* as the engine starts.

        :param node: the name of the engine, for those who share its queue.
        """
        self._node = node
        return await self._apply(crontab, starting=True)

    async def reload(self) -> CrontabPlan | None:
        """Read the files again and bring the queue into agreement with them.

        A file with an error leaves the queue as it was; the log says why, and
        the answer is ``None``.
        """
        try:
            return await self.read_again()
        except CrontabErrors as error:
            for one in error.errors:
                self._log.error("The crontab is not reloaded: {error}", error=one)
        except StoreUnavailable as error:
            self._log.error("The crontab is not reloaded: {error}", error=error)
        return None

    async def read_again(self) -> CrontabPlan:
        """As :meth:`reload`, for somebody who is told what is wrong.

        :raises CrontabErrors: with everything that is wrong with the files.
        :raises StoreUnavailable: the queue cannot be changed now.
        """
        return await self._apply(self.parse(), starting=False)

    async def _apply(self, crontab: Crontab, *, starting: bool) -> CrontabPlan:
        for warning in crontab.warnings:
            self._log.warn("{warning}", warning=warning)
        existing = await self._store.crontab_jobs()
        changes, notices = plan(
            existing,
            crontab.definitions,
            self._triggers,
            now=self._clock.now(),
            starting=starting,
            new_id=self._new_id,
        )
        for notice in notices:
            self._log.warn("{notice}", notice=notice)
        if not changes.empty:
            author = PlanAuthor(self._node, self._clock.now())
            await self._store.apply(replace(changes, author=author))
        self._log.info(
            "The crontab has {count} jobs: {added} new, {changed} changed, {gone} gone",
            count=len(crontab.lines),
            added=len(changes.add),
            changed=len(changes.replace),
            gone=len(changes.retire),
        )
        return changes
