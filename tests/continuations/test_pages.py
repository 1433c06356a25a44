"""The examples of the pages on continuations, on success and on tests do what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from jqengine.eager import eager

ROOT = Path(__file__).parents[2]
HOWTO = ROOT / "doc/howto"

_BLOCK = re.compile(
    r"^\.\. code-block:: python\n(?:   :caption: (\S+)\n)?\n((?:(?: {3}.*)?\n)+)", re.M
)


def blocks(page: str) -> list[tuple[str, str]]:
    """The captions and texts of the Python blocks of a page."""
    text = (HOWTO / page).read_text("utf-8")
    return [(name, re.sub(r"^ {3}", "", body, flags=re.M)) for name, body in _BLOCK.findall(text)]


def module_of(page: str) -> Any:
    """All blocks of a page as one module."""
    module: Any = ModuleType("page")
    exec("\n".join(body for _, body in blocks(page)), vars(module))
    return module


def test_the_page_on_continuations() -> None:
    page = module_of("continuations.rst")
    with eager(page.app, session_cookie="session") as engine:
        browser = page.app.test_client()
        browser.post("/trip", data={"to": "Bergen"})
        said = browser.post("/trip", data={"confirm": "yes", "seat": "window"}).text
        assert said.startswith("will be booked in an hour")
        assert engine.advance("59m") == []
        [booked] = engine.advance("1m")
        assert booked.text == "booked Bergen, seat window"
        assert browser.post("/trip/book").status_code == 403
        log_in_in_between(page, browser)
        count(page)
        session_id = browser.get_cookie("session").value
        page.remind(session_id, "the milk")
        [reminded] = engine.advance("2 days")
        assert reminded.text == "ada, remember the milk"


def log_in_in_between(page: Any, browser: Any) -> None:
    data = {"title": "Milk", "file": (BytesIO(b"12345"), "x.png")}
    assert browser.post("/notes", data=data).headers["Location"] == "/login"
    resumed = browser.post("/login", data={"name": "ada"}, follow_redirects=True)
    assert resumed.text == "ada has kept 5 bytes: Milk"


def count(page: Any) -> None:
    browser = page.app.test_client()
    one, other = (browser.get("/counter").text for _ in range(2))
    for _ in range(2):
        one, other = browser.get(links(one)[0]).text, browser.get(links(other)[1]).text
    assert (one.split()[0], other.split()[0]) == ("2", "-2")
    again = [browser.get(links(one)[0]).text.split()[0] for _ in range(2)]
    assert again == ["3", "3"]


def links(page: str) -> list[str]:
    return re.findall('href="(.+?)"', page)


def test_the_middleware_for_django_lets_resumed_requests_pass() -> None:
    middleware = module_of("continuations.rst").ResumedRequestMiddleware

    class Request:
        def __init__(self, **meta: Any) -> None:
            self.META = meta

    passed = middleware(lambda request: vars(request).get("csrf_processing_done", False))
    assert passed(Request()) is False
    assert passed(Request(**{"jobqueue.continuation": {}})) is True


def test_the_page_on_success() -> None:
    page = module_of("jobs-on-success.rst")
    with eager(page.app, now="2026-11-24T03:00:00Z") as engine:
        browser = page.app.test_client()
        assert browser.post("/orders", data={"card": "stolen"}).status_code == 402
        assert engine.jobs == []
        assert browser.post("/orders", data={"card": "good"}).status_code == 201
        texts = [ran.text for ran in engine.advance("14 days")]
        assert texts == ["ada: order 7", "How was order 7?"]
        engine.queue.schedule("/import/1", method="POST")
        assert [ran.text for ran in engine.run_due()] == ["page 1", "page 2", "page 3"]


@pytest.mark.parametrize("name", ["test_shop.py", "test_links.py"])
def test_the_page_on_tests(name: str, tmp_path: Path) -> None:
    for caption, body in blocks("test-your-application.rst"):
        (tmp_path / caption).write_text(body)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_the_example_for_django_is_one(tmp_path: Path) -> None:
    [body] = [body for name, body in blocks("test-your-application.rst") if name == "tests.py"]
    compile(body, "tests.py", "exec")
    assert "self.enterContext(eager(application))" in body
