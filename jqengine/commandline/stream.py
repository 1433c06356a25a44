"""Lines in, answers out: what ``jobqueue when -`` does with its input."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

LONGEST_LINE = 65_536
"""Bytes; what a line has beyond them is read and dropped."""

_CHUNK = 65_536


def chunks_of(descriptor: int) -> Iterator[bytes]:
    """What can be read from a file descriptor, as it comes, until its end.

    A terminal gives a line at a time, a pipe whatever is in it, so whoever
    waits for an answer before it goes on is not kept waiting.
    """
    while chunk := os.read(descriptor, _CHUNK):
        yield chunk


def answered(chunks: Iterator[bytes], answer: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """The answers to all lines in *chunks*, those of one chunk at a time.

    :param answer: is given each line without its end, of at most
        :data:`LONGEST_LINE` bytes and one more, and gives a whole line.
    """
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        rest = rest[: LONGEST_LINE + 1]
        if lines:
            yield b"".join([answer(line[: LONGEST_LINE + 1]) for line in lines])
    if rest:
        yield answer(rest)
