"""What reading a text costs before the first one: imports and tables."""

from __future__ import annotations

import subprocess
import sys

PROBE = """
import sys
from jqengine.triggers.when import when_trigger
from jqengine.errors import BadSchedule
for text in {texts!r}:
    try:
        when_trigger(text, 1.7e9, "Europe/Paris")
    except BadSchedule:
        pass
print("dateparser" in sys.modules)
"""


def loads_dateparser(*texts: str) -> bool:
    """Whether a new process that reads these has loaded dateparser."""
    probe = [sys.executable, "-c", PROBE.format(texts=texts)]
    return subprocess.run(probe, capture_output=True, text=True, check=True).stdout == "True\n"


def test_dateparser_is_loaded_only_for_a_date_in_an_unusual_order() -> None:
    assert not loads_dateparser(
        "tomorrow", "every friday", "asdf", "noon noon", "feb 30", "99:99", "", "5 5", "jan jan"
    )
    assert loads_dateparser("2027 5 march")
