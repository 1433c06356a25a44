"""Crontabs read from disk for a command that needs no engine."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from jqengine.triggers.crontab import CrontabReader
from jqengine.triggers.triggers import Triggers

_LARGEST = 16 * 1024 * 1024


def read_file(name: str) -> bytes:
    """The whole of a file of at most 16 MiB.

    :raises OSError: it cannot be read, or is larger.
    """
    with Path(name).open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), name)
    return data


def crontab_reader(zone: str, now: float, triggers: Triggers) -> CrontabReader:
    """Reads crontabs from disk with the defaults of an engine in *zone*."""
    return CrontabReader(defaults={"tz": zone}, read=read_file, triggers=triggers, now=now)
