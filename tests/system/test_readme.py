"""The first command of the README, as a newcomer copies it."""

from __future__ import annotations

import re
import shlex
import signal
import time
from pathlib import Path

from tests.system.engine_process import EngineProcess

ROOT = Path(__file__).parent.parent.parent
SOON = 10.0


def test_the_demo_serves_and_fires_jobs_within_ten_seconds(tmp_path: Path) -> None:
    (command,) = re.findall(
        r"^    .* \.venv/bin/twistd -n jobqueue (.*)$", (ROOT / "README.rst").read_text(), re.M
    )
    # A port and a folder of the test's own; the rest is to the letter.
    own = ("--http", "tcp:0:interface=127.0.0.1", "--state-dir", str(tmp_path))
    begun = time.monotonic()
    with EngineProcess(ROOT, *shlex.split(command), *own) as demo:
        status, page = demo.ask("/")
        assert (status, b"A job is a request with a time on it" in page) == (200, True)
        for shown in ("GET /heartbeat: 200 OK", "GET /flaky: 200 OK", "GET /coupon (coupon): 200"):
            demo.until(lambda shown=shown: any(shown in line for line in demo.output), SOON)
        assert time.monotonic() - begun < SOON
        assert b"/coupon" in demo.ask("/")[1]
        assert demo.stop(signal.SIGTERM) in (0, -signal.SIGTERM)
