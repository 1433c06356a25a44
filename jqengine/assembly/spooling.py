"""The spool, where ``--spool`` asks for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jqengine.app.threads import ApplicationThreads
from jqengine.assembly.surroundings import Surroundings
from jqengine.config import Settings
from jqengine.identity import IdFactory
from jqengine.sinks.side import in_threads_of
from jqengine.store.spool import Spool, spooling
from jqengine.store.spoolfiles import SpoolFiles

MOST_SPOOLED = 256 * 1024 * 1024
"""Bytes that a spool may take."""


class Spooling:
    """What becomes of jobs that a store cannot take: they are refused, or wait on the disk.

    :param spool: where they wait, or ``None``.
    """

    def __init__(self, spool: Spool | None) -> None:
        self._spool = spool

    @property
    def count(self) -> int:
        """How many jobs wait."""
        return 0 if self._spool is None else self._spool.count

    def around(self, store: Any) -> Any:
        """*store*, as those see it who add jobs."""
        return store if self._spool is None else spooling(store, self._spool)

    async def open(self) -> None:
        """Look what is there; to be awaited before clients are let in."""
        if self._spool is not None:
            await self._spool.open()

    async def close(self) -> None:
        """Finish what is being written."""
        if self._spool is not None:
            await self._spool.close()


def spooling_of(
    settings: Settings,
    world: Surroundings,
    store: Any,
    new_id: IdFactory,
    threads: ApplicationThreads,
    wake: Callable[[], None],
) -> Spooling:
    """What ``--spool`` asks for.

    :param threads: for files.
    :param wake: called when jobs have come into the store.
    """
    directory = settings.spool_directory
    if directory is None:
        return Spooling(None)
    files = SpoolFiles(directory, new_id, MOST_SPOOLED)
    return Spooling(
        Spool(
            files,
            store,
            reactor=world.reactor,
            clock=world.clock,
            in_thread=in_threads_of(threads, world.reactor),
            wake=wake,
        )
    )
