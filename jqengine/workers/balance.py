"""How many connections each worker has, in memory that all of them share.

Clients that keep their connection would else keep busy whichever worker woke
first when they came.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile

_NUMBER = struct.Struct("q")

AWAY = 2**62
"""In place of the number of a worker that does not accept."""


def make_table(workers: int) -> int:
    """The descriptor of a table for so many workers, none of which accepts yet."""
    with tempfile.TemporaryFile() as file:
        descriptor = os.dup(file.fileno())
    os.write(descriptor, _NUMBER.pack(AWAY) * workers)
    return descriptor


def note_away(descriptor: int, worker: int) -> None:
    """Note that a worker does not accept, or not yet."""
    os.pwrite(descriptor, _NUMBER.pack(AWAY), worker * _NUMBER.size)


class Balance:
    """One worker's connections, and whether it has more than its share.

    The numbers are read without a lock: they say whose turn it is, and if one
    is wrong for a moment nothing breaks.

    :param descriptor: of the table, which this closes.
    :param worker: its place in it.
    """

    def __init__(self, descriptor: int, worker: int) -> None:
        self._table = mmap.mmap(descriptor, 0)
        os.close(descriptor)
        self._place = worker * _NUMBER.size
        self._count = 0
        self._stopped = False

    def accepts(self) -> None:
        """This worker accepts connections from now on."""
        self._write()

    def stops(self) -> None:
        """It accepts no more, though it may still have some."""
        self._stopped = True
        self._write()

    def came(self) -> None:
        """A connection was accepted."""
        self._count += 1
        self._write()

    def went(self) -> None:
        """A connection is closed."""
        self._count -= 1
        self._write()

    @property
    def is_ahead(self) -> bool:
        """Whether another worker has noticeably fewer connections."""
        least: int = min(count for (count,) in _NUMBER.iter_unpack(self._table))
        return self._count > least + self._count // 8

    def close(self) -> None:
        """Let go of the table."""
        self._table.close()

    def _write(self) -> None:
        count = AWAY if self._stopped else self._count
        _NUMBER.pack_into(self._table, self._place, count)
