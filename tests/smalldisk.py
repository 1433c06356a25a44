"""A disk that a test can fill to the brim."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, size: int) -> Iterator[Path]:
    """A file system of *size* bytes at *place*; where none can be mounted, the test is skipped."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path, leave: int = 0) -> Path:
    """Take all room but *leave* bytes; the file that takes it."""
    filler = place / "filler"
    with open(filler, "wb") as file:
        if leave:
            disk = os.statvfs(place)
            file.write(bytes(disk.f_bavail * disk.f_frsize - leave))
            return filler
        try:
            while True:
                os.write(file.fileno(), bytes(4096))
        except OSError:
            return filler
