"""The JSON API of a real engine: its reference page, and what a fuzzer makes of its document."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jqengine.admin.api.keys import Keys
from jqengine.admin.api.operations import Operation, operations

from .engine_process import EngineProcess

PAGE = Path(__file__).parent.parent.parent / "doc" / "reference" / "json-api.rst"

APPLICATION = """
def application(environ, start_response):
    environ["wsgi.input"].read()
    status = "410 Gone" if environ["PATH_INFO"] == "/gone" else "200 OK"
    start_response(status, [("Content-Type", "text/plain")])
    return [b"done"]
"""

BUDGET = int(os.environ.get("FUZZ_SECONDS", "10"))
"""Seconds that the fuzzer has; more of them find more."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineProcess]:
    """An engine with an admin listener."""
    (tmp_path / "served.py").write_text(APPLICATION)
    anywhere = "tcp:0:interface=127.0.0.1"
    with EngineProcess(
        tmp_path, "--app", "served", "--http", anywhere, "--admin", anywhere
    ) as running:
        yield running
        running.stop()


def examples() -> list[tuple[str, str]]:
    """The commands of the page, each with what is shown of its answer."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"\.\. code-block:: console\n\n((?:   .*\n|\n)+)", PAGE.read_text()):
        for line in (line[3:] for line in block.split("\n")):
            if line.startswith("$ "):
                found.append((line[2:], ""))
            elif line.strip():
                command, shown = found[-1]
                found[-1] = (command, f"{shown}{line}\n")
    return found


def said(command: str) -> tuple[str, str] | None:
    """The method and the path that a command asks for, if it is one of the API."""
    place = re.search(r"\$API(/[^\"'?\s|)]*)", command)
    if place is None:
        return None
    method = re.search(r"-X (\w+)", command)
    has_body = " -d " in command and " -G " not in command
    return method[1] if method else "POST" if has_body else "GET", place[1]


def answering_to(method: str, path: str) -> str | None:
    """The name of the operation that answers: the first whose pattern matches."""
    matching = [one for one in table() if one.pattern.fullmatch(path)]
    return next((one.name for one in matching if one.method == method), None)


def table() -> tuple[Operation, ...]:
    return operations(Keys(lambda: 0.0))


def test_the_page_shows_every_operation() -> None:
    asked = [one for one in (said(command) for command, _ in examples()) if one is not None]
    answering = [one for one in (answering_to(*one) for one in asked) if one is not None]
    assert set(answering) == {one.name for one in table()}


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_commands_of_the_page(engine: EngineProcess, tmp_path: Path) -> None:
    script = ["set -u", "JSON='Content-Type: application/json'"]
    for number, (command, _) in enumerate(examples()):
        # Not in a subshell: some of them set variables.
        script.append(f"echo '#{number}'\n{command}\ncode=$?; echo; echo \"!$code\"")
    done = subprocess.run(
        ["sh", "-c", "\n".join(script)],
        env={**os.environ, "API": f"http://127.0.0.1:{engine.admin_port}/api/v1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    answers = re.findall(r"^#(\d+)\n(.*?)\n!(\d+)$", done.stdout, re.DOTALL | re.MULTILINE)
    assert len(answers) == len(examples()), done.stdout[-2000:] + done.stderr
    for (command, shown), (_, answer, status) in zip(examples(), answers, strict=True):
        assert status == "0", f"{command}\n{answer}"
        if shown.startswith("{"):
            assert_holds(json.loads(answer), json.loads(shown), command)
        else:
            assert shown.strip() in answer


def assert_holds(answer: Any, shown: Any, command: str) -> None:
    """Make sure that *answer* has all that is *shown*."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert name in answer, f"{command}: no {name}"
            assert_holds(answer[name], value, command)
    elif isinstance(shown, list):
        assert len(answer) == len(shown), command
        for one, wanted in zip(answer, shown, strict=True):
            assert_holds(one, wanted, command)
    elif shown != "":
        assert answer == shown, command


def test_a_fuzzer_finds_no_error_and_nothing_undocumented(
    engine: EngineProcess, tmp_path: Path
) -> None:
    """The same for longer: ``FUZZ_SECONDS=300 pytest tests/system/test_api.py``."""
    script = Path(sys.executable).with_name("st")
    document = f"http://127.0.0.1:{engine.admin_port}/api/v1/openapi.json"
    done = subprocess.run(
        [
            script, "run", document, "--no-color", "--max-time", str(BUDGET),
            "--continue-on-failure", "--max-examples", "20", "--report-dir", str(tmp_path),
            # That a text is a time, a zone or a sink is beyond a schema, and a job that was
            # taken back is still there to be looked at.
            "--exclude-checks", "positive_data_acceptance,use_after_free",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=BUDGET + 60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    assert not [event for event in engine.events if "Traceback" in str(event)]


def test_a_dead_letter_is_seen_and_tried_again(engine: EngineProcess) -> None:
    gone = f"http://127.0.0.1:{engine.port}/gone#allow-private=yes"
    job = json.dumps({"target": "/x", "sinks": [gone]}).encode()
    port, kind = engine.admin_port, {"Content-Type": "application/json"}
    status, answer = engine.ask("/api/v1/jobs", "POST", job, port=port, **kind)
    assert status == 201, answer

    def overview() -> Any:
        said = json.loads(engine.ask("/api/v1/overview", port=port)[1])
        return said if said["dead_count"] else None

    said = engine.until(overview)
    [sink] = said["failing"]
    assert (said["all_well"], sink["dead"], bool(sink["failed"])) == (False, 1, True)
    assert sink["reason"]
    [dead] = said["dead"]
    assert (dead["state"], dead["tries"], dead["sink"]) == ("dead", 1, sink["sink"])
    path = f"/api/v1/deliveries/{dead['id']}/redrive"
    assert json.loads(engine.ask(path, "POST", port=port)[1]) == {"count": 1}
    engine.until(lambda: (found := overview()) and found["dead"][0]["ready"] > dead["ready"])
    path = f"/api/v1/deliveries/{dead['id']}"
    assert json.loads(engine.ask(path, "DELETE", port=port)[1]) == {"count": 1}
    said = json.loads(engine.ask("/api/v1/overview", port=port)[1])
    # Nothing has arrived there yet.
    assert (said["dead_count"], len(said["failing"]), said["all_well"]) == (0, 1, False)
