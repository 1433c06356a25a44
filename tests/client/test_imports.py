"""The client needs nothing but the standard library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_it_is_imported_where_nothing_is_installed() -> None:
    code = f"import sys; sys.path.append({str(ROOT)!r}); import jqengine.client; print('fine')"
    # -S leaves out site-packages, -I the environment and the working directory.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("fine\n", "")
