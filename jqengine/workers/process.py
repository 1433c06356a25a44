"""A worker: one engine, on sockets that its parent has bound."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from random import SystemRandom
from types import FrameType
from typing import Any, BinaryIO

from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.internet.fdesc import setNonBlocking
from twisted.internet.task import deferLater
from twisted.logger import Logger, globalLogBeginner
from twisted.python.failure import Failure

from jqengine.assembly.surroundings import Worker
from jqengine.clock import SystemClock
from jqengine.config import Settings, resolve
from jqengine.engine import Engine, make_engine
from jqengine.errors import JobQueueError, StateDirectoryInUse
from jqengine.redaction import Redactor
from jqengine.remote.assembly import Remote
from jqengine.statedir import StateDirectory, open_worker_directory
from jqengine.systemd import ServiceManager
from jqengine.workers.balance import Balance
from jqengine.workers.channel import WorkersChannel, socket_of
from jqengine.workers.inheriting import Sockets
from jqengine.workers.orders import CONTROL, LONGEST_SILENCE, REPORT, Orders, Word, as_line
from jqengine.workers.relay import Relay
from jqengine.workers.voice import worker_observer

_log = Logger()

LOCK_PAUSE = 0.1
"""Seconds between two tries to take the place of an earlier worker."""


def run(reactor: Any) -> int:
    """Be a worker until the parent says otherwise; the exit status."""
    with open(CONTROL, "rb", buffering=0, closefd=False) as control:
        orders = Orders.from_line(_first_line(control))
    for descriptor in (CONTROL, REPORT):
        os.set_inheritable(descriptor, False)
    globalLogBeginner.beginLoggingTo(
        [worker_observer(sys.stderr, orders.node, orders.log_to_parent)], redirectStandardIO=False
    )
    worker = WorkerProcess(reactor, orders)
    reactor.callWhenRunning(worker.start)
    reactor.addSystemEventTrigger("before", "shutdown", worker.stop)
    reactor.run()
    return worker.status


def _first_line(control: BinaryIO) -> bytes:
    """The orders, and no byte of what follows them."""
    line = bytearray()
    while not line.endswith(b"\n"):
        one = control.read(1)
        if not one:
            raise SystemExit("a worker is started by its parent alone")
        line += one
    return bytes(line)


class WorkerProcess:
    """The life of a worker.  For the reactor thread.

    :ivar status: with which the process is to end.
    """

    def __init__(self, reactor: Any, orders: Orders) -> None:
        self.status = 0
        self._reactor = reactor
        self._orders = orders
        self._engine: Engine | None = None
        self._stopping = False
        self._control = _Control(reactor, self._told, self._abandoned)

    def start(self) -> None:
        """Start the engine, and report how that went."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        self._control.startReading()
        Deferred.fromCoroutine(self._start()).addErrback(self._failed)

    def stop(self) -> Deferred[None] | None:
        """Stop the engine; fires when it has drained."""
        self._stopping = True
        return None if self._engine is None else self._engine.stopService()

    async def _start(self) -> None:
        settings = _settings_of(self._orders)
        state = await self._state(settings)
        if self._stopping:
            return
        self._engine = engine = _engine_of(settings, self._orders, self._reactor, state)
        os.chdir(self._orders.working_directory)
        await engine.privilegedStartService()
        await engine.startService()
        _report(up=True)

    async def _state(self, settings: Settings) -> StateDirectory:
        """This worker's part of the state directory, once an earlier one has let go of it."""
        said = False
        while True:
            try:
                return open_worker_directory(
                    settings.state_dir, self._orders.node, SystemRandom().getrandbits
                )
            except StateDirectoryInUse as error:
                if not said:
                    _log.warn("Waiting for an earlier worker to end: {why}", why=error)
                said = True
                await deferLater(self._reactor, LOCK_PAUSE)

    def _failed(self, failure: Failure) -> None:
        self.status = 1
        if failure.check(JobQueueError):
            why = " ".join(str(failure.value).split())
        else:
            _log.failure("The worker cannot start", failure)
            why = f"the engine cannot start: {failure.getErrorMessage()}"
        _report(failed=why)
        self._end()

    def _told(self, word: Word) -> None:
        if word is Word.STOP:
            self._end()
        elif word is Word.RELOAD and self._engine is not None:
            self._engine.reload()
        elif word is Word.HURRY and self._engine is not None:
            self._engine.hurry()

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        # Not the reactor's own handler: the parent may have said so, too.
        self._reactor.callFromThread(self._end)

    def _abandoned(self) -> None:
        if not self._stopping:
            _log.error("The parent is gone: finishing what runs, and ending")
        self._end()

    def _end(self) -> None:
        if not self._stopping:
            self._stopping = True
            with suppress(ReactorNotRunning):
                self._reactor.stop()


def _settings_of(orders: Orders) -> Settings:
    return resolve(orders.texts, {}, directory=orders.directory, system_zone=lambda: orders.zone)


def _engine_of(settings: Settings, orders: Orders, reactor: Any, state: StateDirectory) -> Engine:
    others = {number: socket_of(descriptor) for number, descriptor in orders.news_out}
    channel = WorkersChannel(reactor, socket_of(orders.news_in), others)
    relay = Relay(orders.number, tuple(others), channel.send)
    balance = Balance(orders.table, orders.number)

    def join(remote: Remote, redactor: Redactor) -> None:
        channel.attend(relay.received)
        relay.join(remote.hub, remote.live, redactor)

    worker = Worker(
        state=state,
        endpoint=Sockets(reactor, orders.sockets, balance).endpoint,
        channel=channel,
        first=orders.first,
        join=join,
    )
    return make_engine(
        settings,
        reactor=reactor,
        clock=SystemClock(),
        random=SystemRandom(),
        manager=_Parent(),
        worker=worker,
    )


class _Parent(ServiceManager):
    """The parent, which wants to hear that this worker does its work.

    As a manager of services, of which the engine knows how to tell them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.patience = LONGEST_SILENCE

    def alive(self) -> None:
        """The engine does its work."""
        _report(alive=True)


def _report(**facts: object) -> None:
    with suppress(BrokenPipeError):
        os.write(REPORT, as_line(facts))


class _Control(FileDescriptor):
    """Reads what the parent says, and notices when it is gone."""

    def __init__(
        self, reactor: Any, told: Callable[[Word], None], abandoned: Callable[[], None]
    ) -> None:
        super().__init__(reactor)
        self._told = told
        self._abandoned = abandoned
        self._text = b""

    def fileno(self) -> int:
        """The pipe's."""
        return CONTROL

    def startReading(self) -> None:
        """Begin to listen to the parent."""
        setNonBlocking(CONTROL)
        super().startReading()

    def doRead(self) -> None:
        """Take what is there."""
        try:
            data = os.read(CONTROL, 4096)
        except OSError as error:
            if error.errno == errno.EAGAIN:
                return
            data = b""
        if not data:
            self.stopReading()
            self._abandoned()
        *lines, self._text = (self._text + data).split(b"\n")
        for line in lines:
            self._told(Word(line.decode()))

    def connectionLost(self, reason: Failure) -> None:
        """The reactor noticed it first."""
        self.stopReading()
        self._abandoned()
