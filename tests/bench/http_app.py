"""The application of the HTTP benchmark."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

PIECE = b"x" * (64 * 1024)
GIGABYTE = 1024 * 1024 * 1024


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """A greeting, or at ``/gigabyte`` a gigabyte in pieces of 64 KiB."""
    if environ["PATH_INFO"] == "/gigabyte":
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return (PIECE for _ in range(GIGABYTE // len(PIECE)))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "12")])
    return [b"Hello world\n"]
