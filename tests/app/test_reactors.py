"""HTTP and jobs work on the reactors that people use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BODY = sum(len(str(number) + "\n") * 1000 for number in range(1000))


@pytest.mark.parametrize(
    ("name", "reactor"),
    [("epoll", "EPollReactor"), ("asyncio", "AsyncioSelectorReactor")],
)
def test_http_and_jobs_work_on(name: str, reactor: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.app.server_script", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"{reactor} ['/one', '/two', {BODY}]",
        "[('run-1', 200, b'/1')]",
    ]
    assert done.returncode == 0
