"""A short storm, and that its audit would say what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.storm.audit import violations
from tests.storm.storm import Storm


@pytest.mark.parametrize(("kills", "nodes"), [(9, 1), (5, 2)])
def test_no_kill_breaks_a_promise(tmp_path: Path, kills: int, nodes: int) -> None:
    with Storm(tmp_path, 1, nodes) as storm:
        storm.blow(kills)
        evidence = storm.settle()
    assert storm.kills >= kills
    assert len(evidence.acknowledged) > 0
    assert violations(evidence) == []

    lost = evidence._replace(acknowledged=[*evidence.acknowledged, "never accepted"])
    assert violations(lost) == ["never accepted: was acknowledged and is not in the store"]
    assert violations(evidence._replace(book=[*evidence.book, *evidence.book]))
    assert violations(evidence._replace(horizon=evidence.horizon + 1e6))
