"""The command, run within the test, in a directory of its own and at a time of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from jqengine.cli import status_of
from jqengine.clock import SystemClock

NOW = 1795514820.0
"""2026-11-24 10:07 UTC."""


class Outcome(NamedTuple):
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JOBQUEUE_TIMEZONE", "Europe/Paris")
    monkeypatch.setattr(SystemClock, "now", lambda self: NOW)

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        status = status_of(arguments)
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture
def crontab(tmp_path: Path) -> Callable[[str], str]:
    """Writes a crontab and gives its name, ``jobs.tab``."""

    def write(text: str) -> str:
        (tmp_path / "jobs.tab").write_text(text, "utf-8")
        return "jobs.tab"

    return write
