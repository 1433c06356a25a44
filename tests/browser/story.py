"""An engine with something to look at: an application, a crontab, and a sink that is down."""

from __future__ import annotations

import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from jqengine.client import JobQueue
from tests.system.engine_process import EngineProcess

_SHOWN_AT = re.compile(r"shown at http://127\.0\.0\.1:(\d+)")

APPLICATION = """
import time


def application(environ, start_response):
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read().decode()
    status = "200 OK"
    if path == "/report" and "fmt=pdf" in body or path == "/broken":
        status = "500 Internal Server Error"
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    if path == "/report":
        return slowly(environ, status)
    time.sleep(0.02)
    return [f"{environ['REQUEST_METHOD']} {path}: {status}\\n".encode()]


def slowly(environ, status):
    for number in range(1, 9):
        yield f"page {number} of 8\\n".encode()
        time.sleep(0.4)
    yield b"No such format: pdf\\n" if status.startswith("500") else b"Written.\\n"
"""

CRONTAB = """
*/5 * * * *  -      /queue/poll --name=poll
0 3 * * 1-5  alice  POST /reports/nightly fmt=html Accept:text/html --name=nightly
0 * * * *    -      /cache/warm --name=cache-warm
0 * * * *    -      /stock --name=stock-levels
0 * * * *    -      /prices --name=prices
0 * * * *    -      /feeds --name=feeds
0 * * * *    -      /search --name=search-index
@every 1h    bob    /digest --name=digest
@every 1h    dave   /broken --name=totals --attempts=1
"""


class Story:
    """The engine, and the sink.

    :ivar takes: whether the sink takes results.
    """

    def __init__(self, folder: Path) -> None:
        self.takes = False
        self._sink = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._serving = threading.Thread(target=self._sink.serve_forever, args=(0.05,), daemon=True)
        self._folder = folder
        (folder / "shop.py").write_text(APPLICATION)
        (folder / "jobs.tab").write_text(CRONTAB)
        self.queue = JobQueue(f"unix:{folder}/.jobqueue/amp.sock")

    def __enter__(self) -> Self:
        self._serving.start()
        self.engine = EngineProcess(
            self._folder,
            "--app=shop:application", "--crontab=jobs.tab", "--sink=off", "--timezone=UTC",
            "--http=tcp:0:interface=127.0.0.1", "--admin", "tcp:0:interface=127.0.0.1",
        )  # fmt: skip
        try:
            self.engine.until(lambda: self.engine.has_said("The engine is up"))
            self._make_a_past()
        except BaseException:
            self.engine.process.kill()
            self.engine.wait()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.queue.close()
        try:
            self.engine.stop()
            assert self.engine.has_said("The engine has stopped")
        finally:
            if self.engine.process.poll() is None:
                self.engine.process.kill()
            self._sink.shutdown()
            self._sink.server_close()
            self._serving.join()

    @property
    def url(self) -> str:
        """Where the dashboard is."""
        said = next(filter(None, map(_SHOWN_AT.search, self.engine.messages)))
        return f"http://127.0.0.1:{said[1]}"

    @property
    def sink(self) -> str:
        """The URL of the sink."""
        return f"http://127.0.0.1:{self._sink.server_address[1]}/hook#allow-private=yes"

    def job_page(self, name: str) -> str:
        """The page of a job."""
        return f"{self.url}/jobs/{self.queue.job(name=name).id}"

    def run_page(self, name: str) -> str:
        """The page of the latest run of a job."""
        return f"{self.url}/runs/{self.queue.runs(name=name, limit=1)[0].id}"

    def run(self, name: str, times: int = 1) -> None:
        """Run a job, and wait for the end."""
        for _ in range(times):
            self.queue.run_now(name=name)
        deadline = time.monotonic() + 20
        while self.queue.runs(name=name, state="waiting,running"):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def kill_a_letter(self, name: str) -> None:
        """Let a result of a job be given up by the sink, which answers that it is gone."""
        self.queue.schedule("/ok", every="365d", name=name, sinks=[self.sink])
        self.run(name)
        deadline = time.monotonic() + 20
        while not self.queue.deliveries(state="dead").items:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def _make_a_past(self) -> None:
        for name, times in (("poll", 30), ("cache-warm", 12), ("stock-levels", 5), ("totals", 1)):
            self.run(name, times)
        self.kill_a_letter("orders")
        self.queue.pause(name="digest")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        story = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200 if story.takes else 410)
                self.end_headers()

            def log_message(self, *said: object) -> None:
                """Not on the terminal."""

        return Handler
