"""A few seconds of what :mod:`tests.interop.fuzz` does for a minute by hand."""

from __future__ import annotations

from pathlib import Path

from tests.interop.conftest import amp_addresses
from tests.interop.fuzz import fuzz
from tests.system.engine_process import engine


def test_a_hostile_peer_harms_nobody_and_costs_no_memory(folder: Path) -> None:
    arguments = ("--app", "echoing", "--sink", "off", "--amp", "unix:amp.sock")
    with engine(folder, *arguments) as one:
        path = amp_addresses(one)[0].removeprefix("unix:")
        report = fuzz(one, path, seconds=2, half_open=1000)
        assert one.process.poll() is None
        bugs = [event for event in one.events if event.get("level") in ("error", "critical")]
    assert report.errors == []
    assert report.missing == []
    assert report.accepted > 20
    assert report.slowest < 5
    before, after = report.resident
    assert after < before + 40
    assert bugs == []
