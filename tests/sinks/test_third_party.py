"""The sink of the documentation page, in a real engine that was told of it by a plugin alone."""

from __future__ import annotations

import json
from pathlib import Path

from tests.system.engine_process import EngineProcess

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "doc" / "examples" / "append_sink"
APPLICATION = """
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"done"]
"""


def test_the_example_is_as_short_as_the_page_says() -> None:
    code = (EXAMPLE / "append_sink.py").read_text().splitlines()
    assert len([line for line in code if line.strip()]) <= 30


def test_a_job_delivers_to_it(tmp_path: Path) -> None:
    (tmp_path / "app.wsgi").write_text(APPLICATION)
    (tmp_path / "jobs.tab").write_text(
        "@reboot - /x --name=once --sink=append:results.jsonl#label=nightly&on=success\n"
    )
    results = tmp_path / "results.jsonl"
    arguments = ("--app", "app.wsgi", "--crontab", "jobs.tab", "--sink", "off", "--http", "off")
    environment = {"PYTHONPATH": f"{EXAMPLE}:{ROOT}"}
    with EngineProcess(tmp_path, *arguments, environment=environment) as engine:
        engine.until(lambda: results.exists() and results.read_text().endswith("\n"))
    (line,) = results.read_text().splitlines()
    delivery_id, *rest = json.loads(line)
    assert len(delivery_id) == 26
    assert rest == ["nightly", "once", 200]


def test_a_bad_url_of_it_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "app.wsgi").write_text(APPLICATION)
    environment = {"PYTHONPATH": f"{EXAMPLE}:{ROOT}"}
    arguments = ("--app", "app.wsgi", "--sink", "append:", "--http", "off")
    with EngineProcess(tmp_path, *arguments, environment=environment) as engine:
        assert engine.wait() == 1
        assert engine.has_said("append: names no file") or any(
            "append: names no file" in line for line in engine.output
        )
