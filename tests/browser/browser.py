"""Chromium, headless, driven as a person would."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

AXE = Path(__file__).parent.parent.parent / ".axe/node_modules/axe-core/axe.min.js"
PATIENCE = 15.0
SERIOUS = ("serious", "critical")

T = TypeVar("T")


class Browser:
    """A browser with one window."""

    def __init__(self) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self._site = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.driver.quit()

    def begin(self) -> None:
        """Forget what was logged before."""
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get_log("performance")

    def check(self) -> None:
        """There was no error on the console, and no request to another host."""
        complaints = [entry["message"] for entry in self.driver.get_log("browser")]
        assert complaints == []
        others = {host for host in map(_host, self._requests()) if host} - {self._site}
        assert others == set()

    def look(self, *, width: int, scheme: str) -> None:
        """How wide the window is, and whether the person likes it light or dark."""
        self._tell("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme},
        ])  # fmt: skip
        self._tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def open(self, url: str) -> None:
        """Go to a page."""
        self._site = urlsplit(url).netloc
        self.driver.get(url)

    def find(self, selector: str) -> Any:
        """The first element like that, once there is one."""
        return self.until(lambda: self.all(selector))[0]

    def all(self, selector: str) -> list[Any]:
        """The elements like that, now."""
        found: list[Any] = self.driver.find_elements("css selector", selector)
        return found

    def text(self, selector: str = "main") -> str:
        """What can be read in an element, now."""
        said: str = self.script(
            "const one = document.querySelector(arguments[0]); return one ? one.innerText : ''",
            selector,
        )
        return said

    def press(self, words: str, within: str = "body") -> None:
        """Press the button, or follow the link, that says *words*."""
        path = f".//*[self::button or self::a][normalize-space()='{words}']"
        inside = self.find(within)
        self.until(lambda: inside.find_elements("xpath", path))[0].click()

    def keys(self, keys: str) -> None:
        """Type *keys* wherever the focus is."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(keys).perform()

    def write(self, selector: str, text: str) -> None:
        """Type *text* into a field in place of what is there."""
        field = self.find(selector)
        field.clear()
        field.send_keys(text)

    def sees(self, text: str, selector: str = "main") -> None:
        """Wait until *text* can be read."""
        try:
            self.until(lambda: text in self.text(selector))
        except AssertionError:
            raise AssertionError(f"{text!r} is not in {self.text(selector)!r}") from None

    def until(self, reached: Callable[[], T]) -> T:
        """Wait until *reached* gives something true."""
        deadline = time.monotonic() + PATIENCE
        while not (found := reached()):
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not happen on {self.driver.current_url}")
            time.sleep(0.05)
        return found

    def script(self, text: str, *arguments: Any) -> Any:
        """Run a script in the page."""
        return self.driver.execute_script(text, *arguments)

    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.script("return document.documentElement.scrollWidth - innerWidth"))

    def faults(self) -> list[str]:
        """Serious faults of accessibility that axe-core finds on the page."""
        self.script(AXE.read_text())
        found = self.driver.execute_async_script(
            "const done = arguments[0];"
            "axe.run(document, {resultTypes: ['violations']}).then(r => done(r.violations))"
        )
        return [
            f"{fault['id']}: {node['html'][:200]}"
            for fault in found
            if fault["impact"] in SERIOUS
            for node in fault["nodes"]
        ]

    def picture(self, path: Path) -> None:
        """Write a PNG of the whole page."""
        size = self._tell("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self._tell("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def block(self, *patterns: str) -> None:
        """Let requests to addresses like *patterns* fail, and all others pass."""
        self._tell("Network.enable")
        self._tell("Network.setBlockedURLs", urls=list(patterns))

    def first_paint(self) -> float:
        """Milliseconds from the request of this page to its first paint."""
        script = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime || 0"
        return self.until(lambda: float(self.script(script)))

    def _tell(self, command: str, **said: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, said)

    def _requests(self) -> list[str]:
        events = [
            json.loads(one["message"])["message"] for one in self.driver.get_log("performance")
        ]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]


def _host(url: str) -> str:
    return urlsplit(url).netloc
