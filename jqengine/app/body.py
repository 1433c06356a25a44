"""Where the body of a request is kept: in memory while small, else on disk."""

from __future__ import annotations

from io import BytesIO
from tempfile import SpooledTemporaryFile, TemporaryFile
from typing import BinaryIO, cast

IN_MEMORY = 64 * 1024
"""Bytes up to which a body stays in memory."""


def body_file(length: int | None) -> BinaryIO:
    """An empty, seekable file for a body of *length* bytes, or of an unknown length.

    One on disk has no name, and vanishes when it is closed.
    """
    if length is None:
        return cast("BinaryIO", SpooledTemporaryFile(max_size=IN_MEMORY))
    if length > IN_MEMORY:
        return cast("BinaryIO", TemporaryFile())
    return BytesIO()
