"""AMP boxes to bytes and back (https://amp-protocol.net/).

A box is a mapping of keys to values.  On the wire each is preceded by its
length in two bytes, big end first, and a length of zero ends the box.  Bytes
come in from whoever can connect, so a :class:`BoxReader` never holds more
than one unfinished box of bounded size.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct

Box = dict[bytes, bytes]

LONGEST_KEY = 255
LONGEST_VALUE = 65_535

MOST_KEYS = 64
"""Keys of one box; the command with the most arguments has about thirty."""

LARGEST_BOX = 192 * 1024
"""Bytes of one box, lengths included: two full values, and room for the others."""

_LENGTH = Struct("!H")
_END = b"\0\0"


class BadBox(ValueError):
    """Bytes that are no AMP box, or a box over the bounds."""


def pack_box(box: Mapping[bytes, bytes]) -> bytes:
    """The bytes of *box*.

    :raises BadBox: a key is empty, or a key or value too long.
    """
    parts: list[bytes] = []
    for key, value in box.items():
        if not 0 < len(key) <= LONGEST_KEY or len(value) > LONGEST_VALUE:
            raise BadBox(f"{key[:40]!r} cannot be sent: {len(key)} and {len(value)} bytes")
        parts += (_LENGTH.pack(len(key)), key, _LENGTH.pack(len(value)), value)
    parts.append(_END)
    return b"".join(parts)


class BoxReader:
    """Takes bytes as they come and gives the boxes that they complete.

    :param largest: bytes of one box at most.
    """

    def __init__(self, largest: int = LARGEST_BOX) -> None:
        self._largest = largest
        self._buffer = bytearray()
        self._box: Box = {}
        self._key: bytes | None = None
        self._size = 0

    @property
    def unfinished(self) -> bool:
        """Whether a box has begun and not ended."""
        return bool(self._buffer or self._box or self._key)

    def feed(self, data: bytes) -> list[Box]:
        """Take *data*; the boxes that are now whole, in order.

        :raises BadBox: the bytes are no box, or one too large.  The reader is
            then of no more use.
        """
        self._buffer += data
        boxes: list[Box] = []
        position = 0
        while True:
            end = self._end_of_string(position)
            if end is None:
                break
            string = bytes(self._buffer[position + 2 : end])
            position = end
            if self._take(string):
                boxes.append(self._box)
                self._box, self._size = {}, 0
        del self._buffer[:position]
        return boxes

    def _end_of_string(self, start: int) -> int | None:
        """Where the string that begins at *start* ends, if all of it is there."""
        if len(self._buffer) < start + 2:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer, start)
        if self._key is None and length > LONGEST_KEY:
            raise BadBox(f"a key of {length} bytes; the longest is {LONGEST_KEY}")
        if self._size + length + 2 > self._largest:
            raise BadBox(f"a box of more than {self._largest} bytes")
        end: int = start + 2 + length
        return end if len(self._buffer) >= end else None

    def _take(self, string: bytes) -> bool:
        """Add one string to the box; whether it ends the box."""
        self._size += len(string) + 2
        if self._key is not None:
            self._box[self._key] = string
            self._key = None
        elif string:
            if len(self._box) >= MOST_KEYS:
                raise BadBox(f"a box of more than {MOST_KEYS} keys")
            self._key = string
        elif self._box:
            return True
        else:
            raise BadBox("an empty box")
        return False
