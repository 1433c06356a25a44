"""Back-pressure: an application's thread waits for a client that reads slowly."""

from __future__ import annotations

import threading

ON_THE_WAY = 256 * 1024
"""Bytes of one response that may be between its thread and the transport."""

PIECE = 64 * 1024
"""Longer chunks travel in pieces of so many bytes, to be counted as they go."""


class Flow:
    """Counts one response's bytes between the application's thread and the transport.

    The thread calls :meth:`sent` and waits in it; the reactor thread calls
    everything else.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._on_the_way = 0
        self._paused = False
        self._closed = False

    def sent(self, size: int) -> None:
        """Count *size* bytes as on their way, and wait while there are too many.

        Returns at once when the flow is closed.
        """
        with self._changed:
            self._on_the_way += size
            while not self._closed and (self._paused or self._on_the_way > ON_THE_WAY):
                self._changed.wait()

    def arrived(self, size: int) -> None:
        """Count *size* bytes as handed to the transport."""
        with self._changed:
            self._on_the_way -= size
            self._changed.notify()

    def pause(self) -> None:
        """The transport's own buffer is full."""
        self._paused = True

    def resume(self) -> None:
        """The transport's own buffer is empty."""
        with self._changed:
            self._paused = False
            self._changed.notify()

    def close(self) -> None:
        """The client is gone: nobody need wait any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
