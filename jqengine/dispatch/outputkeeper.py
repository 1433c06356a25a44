"""Once a second: put what long runs have said so far on disk."""

from __future__ import annotations

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from jqengine.errors import StoreUnavailable
from jqengine.interfaces import IOutputStore
from jqengine.request.outputs import Output, OutputKey, Outputs

INTERVAL = 1.0


class OutputKeeper(Service):
    """Stores the output of runs as it comes, so that it outlives the process.

    A run that ends within a second is never looked at: its result says all.
    For the reactor thread.
    """

    _log = Logger()

    def __init__(self, *, reactor: IReactorTime, store: IOutputStore, outputs: Outputs) -> None:
        self._store = store
        self._outputs = outputs
        self._stored: dict[OutputKey, int] = {}
        self._looking = LoopingCall(self._look)
        self._looking.clock = reactor

    def startService(self) -> None:
        """Begin to look."""
        super().startService()
        self._looking.start(INTERVAL, now=False)

    def stopService(self) -> None:
        """Look no more."""
        super().stopService()
        if self._looking.running:
            self._looking.stop()

    async def _look(self) -> None:
        known, self._stored = self._stored, {}
        for key, output in self._outputs.under_way():
            if key not in known:
                self._stored[key] = 0
                continue
            try:
                self._stored[key] = await self._keep(key, output, known[key])
            except StoreUnavailable as error:
                self._stored[key] = known[key]
                self._log.warn("The output of {run} waits: {error}", run=key.run_id, error=error)

    async def _keep(self, key: OutputKey, output: Output, start: int) -> int:
        pieces = output.pieces(start)
        if pieces:
            await self._store.keep_output(key.run_id, key.attempt, start, b"".join(pieces))
        return start + len(pieces)
