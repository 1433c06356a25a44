"""A real browser, and an engine for it to look at.

With ``BROWSER_TESTS=required`` a test fails where there is no browser; else
it is skipped. ``sh .ci/browser`` installs one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.browser import AXE, Browser
from tests.browser.story import Story

REQUIRED = os.environ.get("BROWSER_TESTS") == "required"


def lacking() -> str | None:
    """What a browser test lacks here."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "selenium is not installed"
    if shutil.which("chromedriver") is None or shutil.which("chromium") is None:
        return "there is no chromium with its driver; sh .ci/browser installs them"
    return None if AXE.exists() else "axe-core is not there; sh .ci/browser installs it"


@pytest.fixture(scope="session", autouse=True)
def _there_is_a_browser() -> None:
    lack = lacking()
    if lack is not None and REQUIRED:
        pytest.fail(lack)
    if lack is not None:
        pytest.skip(lack)


@pytest.fixture(scope="session")
def started_browser(_there_is_a_browser: None) -> Iterator[Browser]:
    """One browser for all tests."""
    with Browser() as one:
        yield one


@pytest.fixture
def browser(started_browser: Browser) -> Iterator[Browser]:
    """The browser, which must have had no complaint and asked no other host by the end."""
    started_browser.begin()
    yield started_browser
    started_browser.check()


@pytest.fixture(scope="package")
def story(_there_is_a_browser: None, tmp_path_factory: Any) -> Iterator[Story]:
    """An engine with a past: jobs, runs, failures, a removed job, a dead letter."""
    with Story(Path(tmp_path_factory.mktemp("story"))) as one:
        yield one
