"""The pictures of the documentation: ``python -m tests.browser.pictures``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.browser.browser import Browser
from tests.browser.story import Story

FOLDER = Path(__file__).parent.parent.parent / "doc/howto"


def main() -> None:
    """Write them anew."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Story(Path(folder)) as story,
        Browser() as browser,
    ):
        browser.look(width=1000, scheme="light")
        browser.open(f"{story.url}/")
        browser.picture(FOLDER / "dashboard-overview.png")
        browser.open(story.run_page("totals"))
        browser.picture(FOLDER / "dashboard-run.png")


if __name__ == "__main__":
    main()
