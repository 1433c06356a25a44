"""The units in ``contrib/systemd``, by systemd's own tools where they are installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jqengine.config import resolve

ROOT = Path(__file__).parent.parent.parent
UNITS = ROOT / "contrib" / "systemd"
MOST_EXPOSED = 20
"""Tenths: what ``systemd-analyze security`` calls OK ends at 49."""

with_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, for a virtual environment that there is."""
    for unit in UNITS.iterdir():
        text = unit.read_text().replace("/srv/app/venv/bin", str(Path(sys.executable).parent))
        (tmp_path / unit.name).write_text(text.replace("/srv/app", str(tmp_path)))
    return tmp_path


def analyze(*arguments: str, within: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], cwd=within, capture_output=True, text=True, timeout=60
    )


@with_systemd
def test_systemd_finds_nothing_to_say_against_the_units(units: Path) -> None:
    names = sorted(f"./{unit.name}" for unit in units.iterdir())
    checked = analyze("verify", *names, within=units)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    (units / "jobqueue.service").write_text("[Service]\nExecStart=/no/such/thing\n")
    assert analyze("verify", "./jobqueue.service", within=units).returncode


@with_systemd
def test_the_service_is_little_exposed(units: Path) -> None:
    limit = f"--threshold={MOST_EXPOSED}"
    checked = analyze("security", "--offline=true", limit, "./jobqueue.service", within=units)
    assert checked.returncode == 0, checked.stdout


def test_the_service_says_options_that_there_are() -> None:
    said = re.findall(r'^Environment="?(JOBQUEUE_\w+)=([^"\n]*)', _text("service"), re.MULTILINE)
    environ = {**dict(said), "JOBQUEUE_APP": "x"}
    settings = resolve({}, environ, None, directory="/srv/app", system_zone=lambda: "UTC")
    assert settings.http == ("systemd:domain=INET:index=0", "systemd:domain=INET6:index=1")
    families = re.findall(r"^ListenStream=(\S+)", _text("socket"), re.MULTILINE)
    assert families == ["0.0.0.0:80", "[::]:80"]


def _text(kind: str) -> str:
    return (UNITS / f"jobqueue.{kind}").read_text()
