"""Accepts jobs while the store cannot be reached, and brings them there later.

Off unless it is asked for.  A job that is in the spool is as safe as the disk
beneath it, but nobody sees it until it is in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from zope.interface import alsoProvides, providedBy

from jqengine.errors import JobQueueError, StoreError, StoreUnavailable
from jqengine.interfaces import IClock, IStore
from jqengine.job import Job
from jqengine.store.spoolfiles import Batch, SpoolFiles

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds in which the store must take jobs, before they are spooled instead.

Should it take them after all, their ids keep them from being there twice."""

PAUSE = 1.0
"""Seconds between two tries to reach the store again."""

MOST_AT_ONCE = 2000
"""Jobs of one file, about."""


class InThread(Protocol):
    """Runs a blocking function elsewhere."""

    def __call__(self, function: Callable[[], T]) -> Deferred[T]:
        """What *function* returns."""


class Spool(Service):
    """One process's side of a spool.  For the reactor thread.

    :param in_thread: where files are read and written.
    :param wake: called when jobs have come into the store.
    :ivar count: how many jobs wait, as far as is known.
    """

    _log = Logger()

    def __init__(
        self,
        files: SpoolFiles,
        store: IStore,
        *,
        reactor: IReactorTime,
        clock: IClock,
        in_thread: InThread,
        wake: Callable[[], None],
    ) -> None:
        self._files = files
        self._store = store
        self._reactor = reactor
        self._clock = clock
        self._in_thread = in_thread
        self._wake = wake
        self._waiting: list[tuple[Sequence[Job], StoreUnavailable, Deferred[Sequence[Job]]]] = []
        self._busy: Deferred[None] = succeed(None)
        self._writing = False
        self._forwarding = False
        self._again: IDelayedCall | None = None
        self._away = False
        self.count = 0

    async def open(self) -> None:
        """Look what is there; to be awaited before jobs are accepted.

        :raises StoreError: the spool cannot be used.
        """
        try:
            await self._in_thread(partial(self._files.open, self._clock.now()))
            self.count = await self._in_thread(self._files.count)
        except OSError as error:
            raise StoreError(f"--spool: {self._files.directory}: {error.strerror}") from None
        super().startService()
        if self.count:
            self._log.info("{count} jobs are in the spool", count=self.count)
            self._forward_in(0.0)

    async def close(self) -> None:
        """Finish the file that is being written, and leave the rest for the next start."""
        super().stopService()
        if self._again is not None:
            self._again.cancel()
            self._again = None
        while self._writing or self._forwarding:
            await self._until_done()

    def add(self, jobs: Sequence[Job]) -> Deferred[Sequence[Job]]:
        """As :meth:`IStore.add`, or into the spool when the store cannot be reached."""
        return Deferred.fromCoroutine(self._add(jobs))

    async def stats(self, now: float) -> dict[str, int]:
        """As :meth:`IStore.stats`, with the jobs in the spool."""
        try:
            counts = await self._store.stats(now)
        except StoreUnavailable as error:
            raise StoreUnavailable(f"{error}; {self.count} jobs wait in the spool") from error
        return {**counts, "spooled": self.count}

    async def _add(self, jobs: Sequence[Job]) -> Sequence[Job]:
        error = StoreUnavailable("the store could not be reached a moment ago")
        if not self._away or not all(map(_can_wait, jobs)):
            try:
                return await self._store.add(jobs).addTimeout(PATIENCE, self._reactor)
            except StoreUnavailable as reason:
                error = reason
            except TimedOut:
                error = StoreUnavailable("the store does not answer")
        return await self._into_spool(jobs, error)

    async def _into_spool(self, jobs: Sequence[Job], error: StoreUnavailable) -> Sequence[Job]:
        for job in jobs:
            if not _can_wait(job):
                raise StoreUnavailable(f"{error}; {job.label} {_WHY_NOT}") from error
        if not self._away:
            self._away = True
            self._log.error("Jobs go into the spool: {error}", error=error)
        answer: Deferred[Sequence[Job]] = Deferred()
        self._waiting.append((jobs, error, answer))
        if not self._writing:
            self._writing = True
            Deferred.fromCoroutine(self._write())
        return await answer

    async def _write(self) -> None:
        while self._waiting:
            batch = self._take()
            jobs = [job for some, _, _ in batch for job in some]
            now = self._clock.now()
            try:
                await self._in_thread(partial(self._files.write, jobs, now))
            except (OSError, StoreError) as trouble:
                for _, error, answer in batch:
                    answer.errback(StoreUnavailable(f"{error}; {_sentence(trouble)}"))
            else:
                self.count += len(jobs)
                for some, _, answer in batch:
                    answer.callback(some)
        self._writing = False
        self._forward_in(PAUSE)
        self._done()

    def _take(self) -> list[tuple[Sequence[Job], StoreUnavailable, Deferred[Sequence[Job]]]]:
        """Calls whose jobs go into the next file, at least one."""
        taken, size = [], 0
        while self._waiting and size < MOST_AT_ONCE:
            taken.append(self._waiting.pop(0))
            size += len(taken[-1][0])
        return taken

    def _forward_in(self, seconds: float) -> None:
        if self.running and self._again is None and not self._forwarding:
            self._again = self._reactor.callLater(seconds, self._forward)

    def _forward(self) -> None:
        self._again = None
        self._forwarding = True
        Deferred.fromCoroutine(self._try_to_forward())

    async def _try_to_forward(self) -> None:
        done = False
        try:
            done = await self._forward_all()
        except StoreUnavailable:
            self._log.debug("The store still cannot be reached")
        except Exception:
            self._log.failure("The spool cannot be emptied")
        self._forwarding = False
        if not done:
            self._forward_in(PAUSE)
        self._done()

    async def _forward_all(self) -> bool:
        """Bring everything into the store, oldest first; whether it is all there."""
        with self._files.held() as mine:
            forwarded = 0
            while mine and self.running and (batch := await self._next()) is not None:
                await self._into_store(batch)
                await self._in_thread(partial(self._files.drop, batch.path))
                forwarded += len(batch.jobs)
                self.count = await self._in_thread(self._files.count)
                self._wake()
        if not forwarded:
            await self._store.next_ready().addTimeout(PATIENCE, self._reactor)
        self.count = await self._in_thread(self._files.count)
        if not self.running or self.count or self._writing:
            return False
        if forwarded:
            self._log.info("{count} jobs have come out of the spool", count=forwarded)
        self._away = False
        return True

    async def _next(self) -> Batch | None:
        while True:
            try:
                return await self._in_thread(self._files.oldest)
            except ValueError as error:
                self._log.critical(
                    "Spooled jobs cannot be read and are put aside: {error}", error=error
                )

    async def _into_store(self, batch: Batch) -> None:
        try:
            await self._store.add(batch.jobs).addTimeout(PATIENCE, self._reactor)
        except TimedOut:
            raise StoreUnavailable("the store does not answer") from None
        except StoreUnavailable:
            raise
        except JobQueueError as error:
            aside = await self._in_thread(partial(self._files.refuse, batch.path))
            self._log.critical(
                "The store refuses spooled jobs, which are put aside as {path}: {error}",
                path=str(aside),
                error=error,
            )

    def _until_done(self) -> Deferred[None]:
        self._busy = Deferred()
        return self._busy

    def _done(self) -> None:
        busy, self._busy = self._busy, succeed(None)
        if not busy.called:
            busy.callback(None)


_WHY_NOT = (
    "is not spooled: what becomes of a job with a name or a key, or of a continuation,"
    " only the store can say"
)


def _can_wait(job: Job) -> bool:
    """Whether what becomes of *job* depends on nothing that only the store knows."""
    definition = job.definition
    return (
        definition.name is None
        and definition.policy.key is None
        and definition.request.continuation is None
    )


def _sentence(trouble: Exception) -> str:
    if isinstance(trouble, OSError):
        return f"and the spool cannot be written: {trouble.strerror}"
    return f"and {trouble}"


class _Spooling:
    """A store whose jobs go into a spool when they must."""

    def __init__(self, store: IStore, spool: Spool) -> None:
        self._store = store
        self.add = spool.add
        self._stats = spool.stats

    def stats(self, now: float) -> Deferred[dict[str, int]]:
        """See :meth:`IStore.stats`."""
        return Deferred.fromCoroutine(self._stats(now))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def spooling(store: Any, spool: Spool) -> Any:
    """*store* as it is, but for what goes through *spool*."""
    one = _Spooling(cast(IStore, store), spool)
    alsoProvides(one, providedBy(store))
    return one
