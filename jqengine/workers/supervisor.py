"""The parent: holds what the workers share, and keeps them alive.

It runs neither the application nor the store.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from functools import partial
from random import Random
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import CannotListenError
from twisted.logger import Logger

from jqengine.app.service import not_listening
from jqengine.assembly.clients import clients_of
from jqengine.assembly.serving import endpoint_of, shown
from jqengine.assembly.surroundings import Surroundings
from jqengine.config import OFF, Settings
from jqengine.errors import ConfigurationError
from jqengine.interfaces import IClock
from jqengine.signals import Signals
from jqengine.statedir import StateDirectory, open_state_directory
from jqengine.systemd import Heartbeat, ServiceManager
from jqengine.workers.balance import make_table, note_away
from jqengine.workers.binding import Binder
from jqengine.workers.child import STDERR, Child
from jqengine.workers.keeper import Keeper
from jqengine.workers.orders import FIRST_FREE, Inherited, Orders, Word

STOPPING_ASIDE = 15.0
"""Seconds that a worker may take to end besides the drain time, before it is killed."""

AT_ONCE = 5.0
"""The same, once it was asked to hurry."""


class Supervisor(Service):
    """The service of a parent.  For the reactor thread.

    Its start and stop give Deferreds, as the engine's do.

    :param texts: the settings, as a command line alone would give them.
    :param log_to_parent: whether the logs of workers go through this process.
    """

    _log = Logger()

    def __init__(
        self,
        settings: Settings,
        texts: Mapping[str, Sequence[str]],
        *,
        reactor: Any,
        clock: IClock,
        random: Random,
        manager: ServiceManager,
        log_to_parent: bool,
    ) -> None:
        self.setName("workers")
        self._settings = settings
        self._texts = texts
        self._reactor = reactor
        self._random = random
        self._manager = manager
        self._log_to_parent = log_to_parent
        self._binder = Binder(reactor)
        world = Surroundings(reactor=self._binder.reactor, clock=clock, random=random)
        self._http = [(text, endpoint_of(world, text, "--http")) for text in settings.http]
        admin = () if settings.admin == OFF else (settings.admin,)
        self._admin = [(text, endpoint_of(world, text, "--admin")) for text in admin]
        clients = clients_of(settings, world)
        self._amp = list(zip(clients.texts, clients.endpoints, strict=True))
        self._signals = Signals(reactor, self.reload, self.hurry)
        self._heartbeat = Heartbeat(manager, reactor, lambda: True)
        self._state: StateDirectory | None = None
        self._inboxes: list[tuple[socket.socket, socket.socket]] = []
        self._keepers: list[Keeper] = []
        self._table: int | None = None

    def privilegedStartService(self) -> Deferred[None]:
        """Bind the sockets; ports below 1024 need rights that are dropped afterwards."""
        super().privilegedStartService()
        return Deferred.fromCoroutine(self._bind([*self._http, *self._admin]))

    def startService(self) -> Deferred[None]:
        """Start the workers; fires when all of them are up."""
        super().startService()
        return Deferred.fromCoroutine(self._start())

    def stopService(self) -> Deferred[None]:
        """Let the workers drain, and close everything."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    def reload(self) -> None:
        """Have the crontabs read again, by one worker: they are in the store all share."""
        up = [keeper for keeper in self._keepers if keeper.up]
        if up:
            up[0].tell(Word.RELOAD)
        else:
            self._log.error("The crontabs are not read again: no worker is up")

    def hurry(self) -> None:
        """Wait no more for what is under way; of use while this stops."""
        self._log.warn("Asked twice to stop: stopping at once")
        for keeper in self._keepers:
            keeper.hurry(AT_ONCE)

    async def _bind(self, endpoints: Sequence[tuple[str, Any]]) -> None:
        for text, endpoint in endpoints:
            try:
                await self._binder.bind(text, endpoint)
            except CannotListenError as error:
                raise ConfigurationError(not_listening(error)) from error

    async def _start(self) -> None:
        self._state = open_state_directory(self._settings.state_dir, self._random.getrandbits)
        await self._bind(self._amp)
        count = self._settings.workers
        self._inboxes = [_datagrams() for _ in range(count)]
        self._table = make_table(count)
        self._keepers = [self._keeper(number) for number in range(count)]
        # The first makes the store, and reads the crontabs for all of them.
        first, *others = self._keepers
        await first.start()
        await gatherResults([keeper.start() for keeper in others])
        self._signals.started()
        self._say_where()
        self._manager.ready(f"{count} workers are up")
        self._heartbeat.startService()

    async def _stop(self) -> None:
        patience = self._settings.drain_timeout + STOPPING_ASIDE
        self._manager.stopping("Waiting for what runs", patience)
        self._heartbeat.stopService()
        self._signals.stopping()
        await gatherResults([keeper.stop(patience) for keeper in self._keepers])
        await self._binder.close()
        for pair in self._inboxes:
            for one in pair:
                one.close()
        if self._table is not None:
            os.close(self._table)
        if self._state is not None:
            self._state.close()
        self._signals.stopped()
        self._log.info("The workers have stopped")

    def _keeper(self, number: int) -> Keeper:
        assert self._state is not None
        table = self._table
        assert table is not None
        node = f"{self._state.owner.node}-{number + 1}"

        def start(child: Child, first: bool) -> None:
            self._start_child(child, node, number, first=first and number == 0)

        return Keeper(node, self._reactor, start, partial(note_away, table, number))

    def _start_child(self, child: Child, node: str, number: int, *, first: bool) -> None:
        assert self._table is not None
        descriptors: dict[int, Any] = {0: 0, 1: 1, STDERR: "r" if self._log_to_parent else STDERR}
        sockets = []
        for text, ours, family in self._binder.sockets():
            theirs = _next(descriptors, ours)
            sockets.append(Inherited(text, theirs, family))
        news_in = _next(descriptors, self._inboxes[number][0].fileno())
        news_out = [
            (index, _next(descriptors, pair[1].fileno()))
            for index, pair in enumerate(self._inboxes)
            if index != number
        ]
        orders = Orders(
            node=node,
            texts=self._texts,
            directory=self._settings.directory,
            working_directory=os.getcwd(),
            zone=self._settings.timezone,
            first=first,
            log_to_parent=self._log_to_parent,
            sockets=sockets,
            table=_next(descriptors, self._table),
            number=number,
            news_in=news_in,
            news_out=news_out,
        )
        child.start(self._reactor, orders, descriptors)

    def _say_where(self) -> None:
        for what, endpoints in (
            ("The application is served", self._http),
            ("Results are shown", self._admin),
        ):
            for text, _ in endpoints:
                for address in self._binder.addresses(text):
                    self._log.info("{what} at {url}", what=what, url=shown(address))
        for text, _ in self._amp:
            self._log.info("Jobs are taken at {address}", address=text)
        self._log.info(
            "{count} workers are up, with their state in {directory}",
            count=len(self._keepers),
            directory=self._settings.state_dir,
        )


def _next(descriptors: dict[int, Any], ours: int) -> int:
    """Give *ours* to the child, as the first number that is free there."""
    theirs = max(FIRST_FREE, max(descriptors) + 1)
    descriptors[theirs] = ours
    return theirs


def _datagrams() -> tuple[socket.socket, socket.socket]:
    """Two ends: one to read news from, and one to tell it on."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
