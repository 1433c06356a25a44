"""The tests that Twisted has for its WSGI resource pass with ours."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

INTERNALS: dict[str, str] = {}
"""Tests of Twisted that we fail, each with the internal it tests."""

LEAST = 0.95


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What trial prints for the suite."""
    directory = tmp_path_factory.mktemp("trial")
    command = [sys.executable, "-m", "twisted.trial", "--reporter=bwverbose"]
    done = subprocess.run(
        [*command, f"--temp-directory={directory}/_trial", "tests.app.twisted_suite"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


def verdicts(output: str) -> dict[str, str]:
    """Each test, as Class.test, with its verdict."""
    return dict(re.findall(r"^\S+\.(\w+\.test_\w+) \.\.\. \[(\w+)\]$", output, re.MULTILINE))


def test_what_fails_is_named_and_little(trial: str) -> None:
    found = verdicts(trial)
    failed = {name for name, verdict in found.items() if verdict != "OK"}
    assert failed == set(INTERNALS), trial
    assert len(failed) <= (1 - LEAST) * len(found)


def test_the_whole_suite_was_run(trial: str) -> None:
    found = verdicts(trial)
    ran = re.search(r"^Ran (\d+) tests", trial, re.MULTILINE)
    assert ran, trial
    assert len(found) == int(ran[1])
    cases = {name.partition(".")[0] for name in found}
    assert {"EnvironTests", "StartResponseTests", "ApplicationTests"} <= cases
    assert len(found) >= 100


def test_it_was_ours_that_was_tested() -> None:
    code = (
        "import tests.app.twisted_suite as ours; from twisted.web.test import test_wsgi;"
        "print(test_wsgi.WSGIResource.__module__, ours.EnvironTests is test_wsgi.EnvironTests)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert shown.stdout == "jqengine.app.resource True\n"
