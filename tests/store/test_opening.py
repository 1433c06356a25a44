"""From a URL to a store, or one line that says why not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jqengine.errors import ConfigurationError
from jqengine.store.opening import store_for

from .values import new_id


def refused(url: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        store_for(url, None, new_id)  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("store ")
    assert "sqlite:////var/lib" in message
    return message


@pytest.mark.parametrize(
    ("url", "because"),
    [
        ("queue.db", "not a URL"),
        ("", "not a URL"),
        ("redis://localhost", "no store of the kind 'redis'"),
        ("sqlite+aiosqlite:///x.db", "no store of the kind 'sqlite+aiosqlite'"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite://host/x.db", "a path and nothing else"),
        ("sqlite:///x.db?mode=ro", "a path and nothing else"),
    ],
)
def test_a_url_that_names_no_store(url: str, because: str) -> None:
    assert because in refused(url)


def test_a_password_is_not_shown() -> None:
    assert "secret" not in refused("mysql://alice:secret@db/jobs")


def test_nothing_is_made_before_the_store_is_opened(tmp_path: Path) -> None:
    store_for(f"sqlite:///{tmp_path}/queue.db", None, new_id)  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == []


def test_nothing_of_postgresql_is_imported_for_another_store() -> None:
    """It would cost every start a fifth of a second."""
    program = (
        "import sys; from jqengine.store.opening import store_for;"
        "store_for('sqlite:////tmp/queue.db', None, None);"
        "print([one for one in sys.modules if 'psycopg' in one or 'dialects.postgresql' in one])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
