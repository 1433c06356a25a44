"""Hostile texts in jobs and in what they answer: shown, and inert, by the listener itself.

The dashboard's pages have tests of their own, in a browser.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest_twisted
from pytest_twisted import ensureDeferred

from tests.admin.hostile import ALL, PRINTABLE
from tests.admin.test_admin import ATOM, Admin, typed
from tests.system.engine_process import engine

COMMANDS = "\x1b\x07\x08\r\x7f\x9b\u202e"
_NOT_XML = "\x00\x07\x08\x1b\ufdd0"


@pytest_twisted.async_yield_fixture
async def admin() -> AsyncIterator[Admin]:
    one = Admin()
    await one.store.open()
    yield one
    await one.port.stopListening()


@ensureDeferred
async def test_bodies_are_text_and_nothing_else(admin: Admin) -> None:
    for text in ALL:
        run = await admin.run_of(None, text.encode(), typed("text/html; charset=utf-8"))
        answer = await admin.ask(f"/runs/{run.id}/response")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.body.decode() == text


@ensureDeferred
async def test_names_users_and_headers_are_json_and_xml(admin: Admin) -> None:
    for text in PRINTABLE:
        header = text.encode("ascii", "replace").decode()
        run = await admin.run_of(text, b"", (("X-Text", header),), user=text)
        answer = await admin.ask(f"/runs/{run.id}")
        assert answer.headers["content-type"] == "application/json"
        shown = json.loads(answer.body)
        assert (shown["job"]["name"], shown["request"]["user"]) == (text, text)
        assert ["X-Text", header] in shown["attempts"][0]["headers"]
        answer = await admin.ask(f"/jobs/{quote(text, safe='')}/feed.atom")
        feed = ET.fromstring(answer.body)
        assert feed.findtext(f"{ATOM}title") == "".join(
            "\ufffd" if one in _NOT_XML else one for one in text
        )
        assert {element.tag.partition("}")[2] for element in feed.iter()} == {
            "feed", "id", "title", "updated", "author", "name", "entry", "link", "summary",
        }  # fmt: skip


APPLICATION = """
import json, os
TEXTS = json.load(open("texts.json"))
def application(environ, start_response):
    text = TEXTS[int(environ["PATH_INFO"].rsplit("/")[-1])]
    raise ValueError(text)
"""


def test_errors_and_names_command_neither_a_log_nor_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "texts.json").write_text(json.dumps(ALL))
    (tmp_path / "app.wsgi").write_text(APPLICATION)
    lines = [f"@reboot - /{number} --attempts=1\n" for number in range(len(ALL))]
    (tmp_path / "jobs.tab").write_text("".join(lines))
    with engine(tmp_path, "--app", "app.wsgi", "--crontab", "jobs.tab", "--sink", "off") as one:
        failed = lambda: sum("failed: " in message for message in one.messages)  # noqa: E731
        one.until(lambda: failed() >= len(ALL))
        amp = f"unix:{tmp_path}/.jobqueue/amp.sock"
        command = str(Path(sys.executable).with_name("jobqueue"))
        shown = b""
        for words in (["list"], ["tail", "-n", "100"], ["tail", "-n", "100", "--json"]):
            done = subprocess.run(
                [command, *words, "--amp", amp], capture_output=True, timeout=60, check=False,
                env={**os.environ, "COLUMNS": "200"},
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            shown += done.stdout + done.stderr
        one.stop()
    assert b"ValueError" in shown or b"failed" in shown
    text = shown.decode()
    found = [text[max(0, text.index(one) - 60) :][:90] for one in COMMANDS if one in text]
    assert not found
    assert all("level" in event for event in one.events), "each line of the log is a whole event"
    assert "forged" not in one.messages
