"""How long the pages of the dashboard take with a million runs in history, and what looking costs.

Run it with ``python -m tests.bench.bench_dashboard [RUNS]``.  It makes the database
of ``bench_api``, starts an engine on it, and asks each page a number of times over
one connection.  Goal: 100 ms at p95.  Then it runs jobs, first with nobody looking,
then with fifty pages that listen and one that is looked at again and again.
"""

from __future__ import annotations

import http.client
import re
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from jqengine.client import JobQueue
from tests.bench.bench_api import make
from tests.system.engine_process import EngineProcess

TIMES = 40
LISTENERS = 50
JOBS = 20_000

APPLICATION = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"done"]
"""

_SHOWN_AT = re.compile(r"shown at http://127\.0\.0\.1:(\d+)")


def ask(connection: http.client.HTTPConnection, path: str) -> float:
    """Seconds that a page took."""
    began = time.perf_counter()
    connection.request("GET", path, headers={"Accept": "text/html"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, (path, body[-2000:])
    return time.perf_counter() - began


def pages_of(queue: JobQueue) -> dict[str, str]:
    """Every page, by what it is called."""
    job = queue.job(name="job-1").id
    run = queue.runs(name="job-1", limit=1)[0].id
    failed = queue.runs(state="failed", limit=1)[0].id
    second = queue.jobs_page(limit=40).next or ""
    return {
        "overview": "/",
        "overview, 7 days": "/?span=7d",
        "jobs": "/jobs",
        "jobs, second page": f"/jobs?after={second}",
        "jobs, filtered": "/jobs?q=user%3Aalice+%2Fpath",
        "jobs, due first": "/jobs?q=order%3Adue",
        "job": f"/jobs/{job}",
        "run": f"/runs/{run}",
        "run that failed": f"/runs/{failed}",
        "edit": f"/jobs/{job}/edit",
        "retry changed": f"/runs/{run}/retry",
        "new job": "/jobs/new",
        "needs you": "/needs-you",
        "continuations": "/continuations",
        "sinks": "/sinks",
        "nodes": "/nodes",
        "groups": "/groups",
    }


def rate(queue: JobQueue) -> float:
    """Jobs a second that are run."""
    before = queue.stats()["finished"]
    began = time.perf_counter()
    queue.schedule_many({"target": "/x"} for _ in range(JOBS))
    while queue.stats()["finished"] < before + JOBS:
        time.sleep(0.02)
    return JOBS / (time.perf_counter() - began)


def listen(port: int) -> socket.socket:
    """A page that listens, and reads."""
    one = socket.create_connection(("127.0.0.1", port))
    one.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def read() -> None:
        try:
            while one.recv(65536):
                pass
        except OSError:
            return

    threading.Thread(target=read, daemon=True).start()
    return one


def main(count: int) -> int:
    """Measure, and say how it went."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "app.py").write_text(APPLICATION)
        (folder / ".jobqueue").mkdir()
        began = time.monotonic()
        make(folder / ".jobqueue/jobqueue.db", count)
        print(f"{count:,} runs made in {time.monotonic() - began:.0f} s")
        engine = EngineProcess(
            folder, "--app=app", "--http=off", "--sink=off", "--keep=1000d",
            "--admin", "tcp:0:interface=127.0.0.1", "--timezone=UTC",
        )  # fmt: skip
        with engine, JobQueue(f"unix:{folder}/.jobqueue/amp.sock") as queue:
            engine.until(lambda: engine.has_said("The engine is up"), 60)
            said = next(filter(None, map(_SHOWN_AT.search, engine.messages)))
            return measure(int(said[1]), queue)


def measure(port: int, queue: JobQueue) -> int:
    """The pages, and the jobs with and without onlookers; how many pages were slow."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    slow = 0
    print(f"{'page':20} {'p50':>8} {'p95':>8} {'longest':>8}   ms")
    for name, path in pages_of(queue).items():
        ask(connection, path)
        taken = sorted(ask(connection, path) * 1000 for _ in range(TIMES))
        p95 = taken[int(TIMES * 0.95)]
        slow += p95 > 100
        print(f"{name:20} {taken[TIMES // 2]:8.1f} {p95:8.1f} {taken[-1]:8.1f}")
    print(f"jobs/s, nobody looks: {rate(queue):8,.0f} {rate(queue):8,.0f} {rate(queue):8,.0f}")
    streams = [listen(port) for _ in range(LISTENERS)]
    print(
        f"jobs/s, {LISTENERS} listen: {rate(queue):11,.0f} {rate(queue):8,.0f} {rate(queue):8,.0f}"
    )
    looking = threading.Event()
    threading.Thread(target=keep_looking, args=(port, looking), daemon=True).start()
    print(f"jobs/s, and one looks: {rate(queue):7,.0f} {rate(queue):8,.0f} {rate(queue):8,.0f}")
    looking.set()
    for one in streams:
        one.close()
    return slow


def keep_looking(port: int, until: threading.Event) -> None:
    """Ask for the overview as often as an open page does while much happens."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while not until.is_set():
        until.wait(max(1.0, 10 * ask(connection, "/")))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
