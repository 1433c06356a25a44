"""Seeds keep every promise, say the same whenever they are played, and find bugs."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.simulation.plants import PLANTS

PROCESSES = str(os.cpu_count() or 1)
SEEDS = int(os.environ.get("SIMULATION_SEEDS", "1000"))

ENOUGH = 300
"""Seeds within which a bug that is there is found."""


def simulate(*arguments: str, hash_seed: str = "random") -> subprocess.CompletedProcess[str]:
    """The command, in a process whose log nobody keeps."""
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", *arguments],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(("store", "seeds"), [("memory", SEEDS), ("sqlite", SEEDS // 20)])
def test_no_seed_breaks_a_promise(store: str, seeds: int) -> None:
    played = simulate("--seeds", f"1-{seeds}", "--store", store, "--processes", PROCESSES)
    assert played.returncode == 0, played.stdout + played.stderr


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_a_seed_is_the_same_whenever_it_is_played(store: str) -> None:
    arguments = ("--seeds", "1-15", "--store", store, "--digests")
    one, other = (simulate(*arguments, hash_seed=seed).stdout for seed in ("1", "2"))
    digests = re.findall("seed .*: .*", one)
    assert len(digests) == 15
    assert re.findall("seed .*: .*", other) == digests


@pytest.mark.parametrize("plant", PLANTS)
def test_a_bug_is_found(plant: str) -> None:
    played = simulate("--seeds", f"1-{ENOUGH}", "--plant", plant, "--stop")
    assert "breaks promises" in played.stdout, played.stdout + played.stderr


def test_a_failing_seed_is_shown_with_what_led_to_it() -> None:
    found = simulate("--seeds", f"1-{ENOUGH}", "--plant", "claims_not_fenced", "--stop").stdout
    [seed] = re.findall(r"seed (\d+) breaks", found)
    played = simulate("--seed", seed, "--plant", "claims_not_fenced")
    assert played.returncode == 1
    subject = re.findall(r"^  ([0-9a-f]{26}): a result of attempt", played.stdout, re.M)[0]
    trace = [line for line in played.stdout.splitlines() if re.match(r" *\d+\.\d{3}  ", line)]
    assert any("claim(" in line and subject in line for line in trace)
    assert any("BEGAN" in line and subject in line for line in trace)
