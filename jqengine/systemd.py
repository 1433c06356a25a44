"""What the service manager of this machine is told: sd_notify(3), without a library.

One datagram for each piece of news, to the socket that ``NOTIFY_SOCKET`` names.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, MutableMapping
from typing import Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger


class ServiceManager:
    """Whoever started this process as a service and wants to hear of it, or nobody.

    Nothing here raises or waits: a manager that cannot be told is no reason
    for anything else to fail.  Safe to call from any thread.

    :param address: the path of a datagram socket; with ``@`` at its beginning
        it is a name in Linux's abstract namespace.  ``None`` for nobody.
    :ivar patience: seconds after which it takes this process for dead when it
        has had no :meth:`alive`, or ``None`` if it does not mind.
    """

    _log = Logger()

    def __init__(self, address: str | None = None, patience: float | None = None) -> None:
        self._address = address
        self.patience = patience if address else None
        self._said = False

    @classmethod
    def of(cls, environ: MutableMapping[str, str]) -> ServiceManager:
        """The one that *environ* names.

        Its variables are taken out, so that no process that the application
        starts can speak in the name of this one.
        """
        address = environ.pop("NOTIFY_SOCKET", None)
        pid = environ.pop("WATCHDOG_PID", "")
        patience = environ.pop("WATCHDOG_USEC", "")
        is_meant = pid in ("", str(os.getpid())) and patience.isdecimal() and int(patience) > 0
        return cls(address or None, int(patience) / 1e6 if is_meant else None)

    def ready(self, status: str) -> None:
        """The service is up, or has done what :meth:`reloading` announced."""
        self._tell("READY=1", _status(status))

    def reloading(self) -> None:
        """The configuration is being read again, from now on."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell("RELOADING=1", f"MONOTONIC_USEC={now}", _status("Reading the crontabs again"))

    def stopping(self, status: str, patience: float) -> None:
        """The service ends, which may take *patience* seconds more."""
        longer = f"EXTEND_TIMEOUT_USEC={round(patience * 1e6)}"
        self._tell("STOPPING=1", longer, _status(status))

    def alive(self) -> None:
        """The service does its work."""
        self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaking:
                speaking.setblocking(False)
                speaking.sendto("\n".join(lines).encode(), _in_namespace(self._address))
        except (OSError, ValueError) as error:
            if not self._said:
                why = getattr(error, "strerror", None) or str(error)
                self._log.warn(
                    "The service manager at {address} is not told: {why}",
                    address=self._address,
                    why=why,
                )
            self._said = True


class Heartbeat(Service):
    """Says :meth:`ServiceManager.alive` while that is true.  For the reactor thread.

    It comes from the reactor, which therefore turns.

    :param alive: whether all else does its work, too.
    """

    _log = Logger()

    def __init__(self, manager: ServiceManager, reactor: Any, alive: Callable[[], bool]) -> None:
        self._manager = manager
        self._alive = alive
        self._was_alive = True
        self._beat = LoopingCall(self._look)
        self._beat.clock = reactor

    def startService(self) -> None:
        """Begin, if the manager minds."""
        super().startService()
        if self._manager.patience is not None:
            self._beat.start(self._manager.patience / 2)

    def stopService(self) -> None:
        """Say no more."""
        if self._beat.running:
            self._beat.stop()
        super().stopService()

    def _look(self) -> None:
        alive = self._alive()
        if alive:
            self._manager.alive()
        elif self._was_alive:
            self._log.error("No job has been looked for in a long time; the watchdog is not fed")
        self._was_alive = alive


def _in_namespace(address: str) -> str:
    return "\0" + address[1:] if address.startswith("@") else address


def _status(sentence: str) -> str:
    return f"STATUS={' '.join(sentence.split())}"
