"""What signals mean to a running engine."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from twisted.internet.interfaces import IReactorFromThreads


class Signals:
    """SIGHUP reads the crontabs again; a second SIGTERM or SIGINT hurries the stop.

    The first of these is the reactor's own: it begins the stop.  Nothing is
    done when the reactor runs in another thread than the main one, which
    cannot receive signals.
    """

    def __init__(
        self,
        reactor: IReactorFromThreads,
        reload: Callable[[], object],
        hurry: Callable[[], object],
    ) -> None:
        self._reactor = reactor
        self._reload = reload
        self._hurry = hurry
        self._before: dict[int, Any] = {}

    def started(self) -> None:
        """The engine is up: SIGHUP means something."""
        self._handle(signal.SIGHUP, self._reload)

    def stopping(self) -> None:
        """The engine stops: another wish to stop is for at once."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self._handle(number, self._hurry)

    def stopped(self) -> None:
        """Leave every signal to whom it was before."""
        while self._before:
            signal.signal(*self._before.popitem())

    def _handle(self, number: int, action: Callable[[], object]) -> None:
        if threading.current_thread() is not threading.main_thread():
            return

        def handler(received: int, frame: FrameType | None) -> None:
            self._reactor.callFromThread(action)

        self._before[number] = signal.signal(number, handler)
