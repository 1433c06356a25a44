"""Ids that sort by the time they were made.

Keys that arrive in order keep every index of the store append-only, which is
worth a factor of two in durable inserts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

ID_LENGTH = 26


class IdFactory:
    """Makes ids: 48 bits of milliseconds, 16 of counter, 40 of this process.

    An id is 26 lower-case hexadecimal digits.  Ids made by one factory are
    strictly increasing, even when the clock steps back; two factories differ
    by their random part.  Safe to call from any thread.

    :param random_bits: like ``random.getrandbits``.
    """

    def __init__(self, random_bits: Callable[[int], int]) -> None:
        self._suffix = f"{random_bits(40):010x}"
        self._last = 0
        self._lock = threading.Lock()

    def __call__(self, now: float) -> str:
        """A new id, for the instant *now* (seconds since the epoch, UTC)."""
        with self._lock:
            self._last = max(self._last + 1, int(now * 1000) << 16)
            return f"{self._last:016x}{self._suffix}"
