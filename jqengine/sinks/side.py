"""The parts that bring results to sinks, put together."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.resource import IResource

from jqengine.interfaces import IClock, IDeliveryStore
from jqengine.job import Owner
from jqengine.news import Topic
from jqengine.redaction import Redactor
from jqengine.sinks.catalogue import Catalogue, installed_factories
from jqengine.sinks.deliverer import Deliverer, Tried
from jqengine.sinks.pages import Pages, PublishedOr
from jqengine.sinktools import InThread, SinkTools
from jqengine.smtpurl import SMTPServer

T = TypeVar("T")


class Threads(Protocol):
    """What is needed of a thread pool."""

    def callInThread(self, function: Callable[..., object], /, *arguments: object) -> object:
        """Call *function* in some thread, soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkSettings:
    """What the user says about all sinks.

    :ivar directory: where relative file names start.
    :ivar environ: the environment, for secrets.
    :ivar drain_timeout: seconds that stopping waits for deliveries under way.
    :ivar redact: names whose values are hidden, besides the usual.
    """

    directory: str
    state_dir: str
    environ: Mapping[str, str]
    smtp: SMTPServer
    drain_timeout: float
    redact: tuple[str, ...] = ()


class SinkSide:
    """Checks sinks, delivers to them, and serves what is published.

    For the reactor thread.  It starts with an open store, after which results
    may be handed to :attr:`deliverer`, and stops before the store does.

    :param threads: for what blocks in sinks.
    :param tried: told of each try of a delivery.
    """

    deliverer: Deliverer

    def __init__(
        self,
        settings: SinkSettings,
        *,
        reactor: Any,
        clock: IClock,
        random: Random,
        store: IDeliveryStore,
        new_id: Callable[[float], str],
        threads: Threads,
        tried: Tried | None = None,
    ) -> None:
        self._settings = settings
        self._tried = tried
        self._reactor = reactor
        self._clock = clock
        self._random = random
        self._store = store
        self._new_id = new_id
        self._pages = Pages(store)
        self._catalogue = Catalogue(installed_factories(), self._tools(threads))
        self.check = self._catalogue.check
        # Until the state directory is open: whoever shares that has its key.
        self.redactor = Redactor(random.randbytes(32), settings.redact)

    def root(self, application: IResource) -> IResource:
        """What the public HTTP port serves: pages, and else *application*."""
        return PublishedOr(self._pages, application)

    async def start(self, owner: Owner) -> None:
        """Take up what was published, and begin to deliver."""
        await self._pages.load()
        self.deliverer = Deliverer(
            reactor=self._reactor,
            clock=self._clock,
            store=self._store,
            catalogue=self._catalogue,
            redactor=self.redactor,
            owner=owner,
            new_id=self._new_id,
            random=self._random.random,
            drain_timeout=self._settings.drain_timeout,
            tried=self._tried,
        )
        self.deliverer.startService()

    def stop(self) -> Deferred[None]:
        """Wait for what is under way, and give back the rest."""
        return self.deliverer.stopService()

    def heard(self, topics: frozenset[Topic]) -> None:
        """Take news of what others have changed in the store."""
        if Topic.PUBLISHED in topics:
            self._pages.reload()

    async def told(self) -> None:
        """Wait a little for sinks that are told at once; no more results come."""
        await self.deliverer.told()

    def _tools(self, threads: Threads) -> SinkTools:
        settings = self._settings
        return SinkTools(
            reactor=self._reactor,
            clock=self._clock,
            in_thread=in_threads_of(threads, self._reactor),
            stdout=sys.stdout.buffer,
            directory=settings.directory,
            state_dir=settings.state_dir,
            environ=settings.environ,
            hostname=host_name(socket.gethostname()),
            smtp=settings.smtp,
            publications=self._pages,
        )


def host_name(text: str) -> str:
    """*text* as it may stand in a mail address; ``localhost`` where it may not."""
    return text if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}", text) else "localhost"


def in_threads_of(threads: Threads, reactor: Any) -> InThread:
    """A way to run functions in *threads* and have their answers in *reactor*."""

    def in_thread(function: Callable[[], T]) -> Deferred[T]:
        answer: Deferred[T] = Deferred()

        def work() -> None:
            try:
                result = function()
            except BaseException:
                reactor.callFromThread(answer.errback, Failure())
            else:
                reactor.callFromThread(answer.callback, result)

        threads.callInThread(work)
        return answer

    return in_thread
