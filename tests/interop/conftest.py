"""Engines for clients in other languages and processes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.engine_process import EngineProcess

APPLICATION = """
def application(environ, start_response):
    body = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/hello":
        body = b"%s says hello to %s" % (environ["REMOTE_USER"].encode("latin-1"), body)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with an application, whose name leaves room for that of a socket."""
    with tempfile.TemporaryDirectory(prefix="jq") as name:
        folder = Path(name)
        (folder / "echoing.py").write_text(APPLICATION)
        yield folder


def amp_addresses(engine: EngineProcess) -> list[str]:
    """Where an engine takes jobs, once it is up."""
    engine.until(lambda: engine.has_said("The engine is up"))
    lead = "Jobs are taken at "
    return [one.removeprefix(lead) for one in engine.messages if one.startswith(lead)]
