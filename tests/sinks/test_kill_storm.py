"""Kill -9 at every point between the end of a run and the end of its delivery."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.sinks.kill_storm import POINTS

ROOT = Path(__file__).parent.parent.parent
ROUNDS = 204


def noted(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()]


def test_every_result_arrives_at_least_once_and_twice_only_with_the_same_id(
    tmp_path: Path,
) -> None:
    storm = subprocess.run(
        [sys.executable, "-m", "tests.sinks.kill_storm", str(tmp_path), str(ROUNDS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert storm.returncode == 0, storm.stderr
    killed = json.loads(storm.stdout)
    assert sum(killed.values()) >= 200, killed
    assert min(killed[point] for point in POINTS) >= 10, killed

    recorded, delivered = noted(tmp_path / "recorded"), noted(tmp_path / "delivered")
    assert len(recorded) > ROUNDS
    id_of = {run_id: delivery_id for delivery_id, _, run_id in recorded}
    ids: dict[str, set[str]] = {}
    for delivery_id, _, run_id in delivered:
        ids.setdefault(run_id, set()).add(delivery_id)
    for run_id, delivery_id in id_of.items():
        assert ids[run_id] == {delivery_id}
    assert all(len(found) == 1 for found in ids.values())
    assert len(delivered) > len(ids), "nothing was delivered twice: nobody was killed in time"

    jobs = {job_id for _, job_id, run_id in delivered if job_id != run_id}
    assert len(jobs) == 1
    recurring = [one for one, job_id, _ in delivered if job_id in jobs]
    first_seen = list(dict.fromkeys(recurring))
    assert first_seen == sorted(first_seen)
