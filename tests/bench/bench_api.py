"""How long the lists of the JSON API take with a million runs in history.

Run it with ``python -m tests.bench.bench_api [RUNS]``.  It makes a database of so
many ended runs (1,000,000 unless said), two thirds of them of twenty jobs with a
name, with a tenth as many deliveries; starts an engine on it; and asks each list a
number of times over one connection, with filters that match much, little and
nothing.  Goal: 100 ms at p95.
"""

from __future__ import annotations

import http.client
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from jqengine.store.sqlite import SqliteDatabase, SqliteFile
from tests.system.engine_process import EngineProcess

TIMES = 25
DAYS = 30

APPLICATION = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"done"]
"""

JOBS = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19)
INSERT INTO jobs (id, accepted_as, identity, name, origin, state, created, anchor, due,
    exhausted, fired, previous_status, reason, schedule, method, target, protocol, headers,
    body, user, policy, priority, sinks)
SELECT printf('%012x', (:now - 40 * 86400) * 1000 + i) || printf('%014x', i),
    'x' || i, 'job-' || i, 'job-' || i, 'client', CASE i WHEN 7 THEN 'removed' ELSE 'scheduled' END,
    :now - 40 * 86400, :now + 3600, CASE i WHEN 7 THEN NULL ELSE :now + 3600 + i END,
    0, 1, 200, '', '{"syntax":"every","text":"1h","zone":"UTC"}', 'GET', '/job/' || i,
    'HTTP/1.0', '[]', x'', NULL, '{}', 0, '["stdout:"]' FROM n
"""

RUNS = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :count - 1)
INSERT INTO runs (id, job_id, state, due, ready, attempt, node, boot, created, name, origin,
    schedule, method, target, protocol, headers, body, user, policy, priority, sinks,
    status, reason, response_headers, response_body, truncated, started, finished)
SELECT printf('%012x', (:start + i * :step) * 1000) || printf('%014x', i),
    CASE WHEN i % 3 THEN (SELECT id FROM jobs WHERE name = 'job-' || (i % 20)) END,
    CASE WHEN i % 25 = 0 THEN 'failed' ELSE 'finished' END,
    :start + i * :step, :start + i * :step, 1, 'node-' || (i % 3), 'boot',
    :start + i * :step, CASE WHEN i % 3 THEN 'job-' || (i % 20) END, 'client',
    CASE WHEN i % 3 THEN NULL ELSE '{"syntax":"now","text":"","zone":"UTC"}' END,
    'GET', '/path/' || (i % 1000), 'HTTP/1.0', '[]', x'',
    CASE WHEN i % 1000 = 0 THEN 'alice' END, '{}', 0, '["stdout:"]',
    CASE WHEN i % 50 = 0 THEN 503 WHEN i % 25 = 0 THEN 404 ELSE 200 END, 'OK',
    '[["Content-Type","text/plain"]]', x'646f6e65', 0,
    :start + i * :step + 0.01, :start + i * :step + 0.02 FROM n
"""

DELIVERIES = """
INSERT INTO deliveries (id, run_id, attempt, job_id, sink, lane, state, ready, tries, reason)
SELECT id, id, 1, job_id, 'https://hooks.example.org/' || (rowid % 5), 'hooks.example.org',
    CASE WHEN rowid % 2000 = 0 THEN 'dead' ELSE 'delivered' END, finished, 1,
    CASE WHEN rowid % 2000 = 0 THEN 'refused' ELSE '' END FROM runs WHERE rowid % 10 = 0
"""

LISTS = (
    "/jobs",
    "/jobs?order=due",
    "/jobs?once=false",
    "/jobs?state=removed",
    "/jobs?name=job-1*&once=false",
    "/jobs?user=alice",
    "/jobs?target=/nowhere",
    "/jobs?limit=1000",
    "/jobs/job-1/runs",
    "/jobs/job-1/runs?state=failed",
    "/jobs/job-1/runs?status=503",
    "/jobs/job-7/runs?user=nobody",
    "/runs",
    "/runs?limit=1000",
    "/runs?state=failed",
    "/runs?state=running",
    "/runs?state=waiting,held",
    "/runs?order=ended",
    "/runs?order=ended&state=failed",
    "/runs?order=ended&status=503",
    "/runs?order=ended&user=alice&status=5xx",
    "/runs?order=ended&state=cancelled,skipped",
    "/runs?since={day}&until={hour}",
    "/runs?name=job-1",
    "/runs?name=job-1*",
    "/runs?target=/path/77*&node=node-1",
    "/runs?user=nobody",
    "/deliveries",
    "/deliveries?state=dead",
    "/deliveries?sink=nowhere",
    "/sinks",
    "/continuations",
    "/groups",
    "/nodes",
    "/stats",
    "/overview",
    "/upcoming",
)


def make(path: Path, count: int) -> None:
    """A database of *count* ended runs."""
    file = SqliteFile(str(path))
    file.create()
    SqliteDatabase(file, writing=True).connect().close()
    now = time.time()
    start = now - DAYS * 86400
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(JOBS, {"now": int(now)})
        step = DAYS * 86400 / count
        connection.execute(RUNS, {"count": count, "start": start, "step": step})
        connection.execute(DELIVERIES)
    connection.close()


def pages(connection: http.client.HTTPConnection, path: str) -> Iterator[float]:
    """Seconds that each answer took: the first page again and again, then one behind the other."""
    for number in range(TIMES):
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        yield time.perf_counter() - began
        assert answer.status == 200, body
        if number >= TIMES // 2 and isinstance(body.get("next"), str):
            path = body["next"]


def main(count: int) -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / ".jobqueue"
        state.mkdir(mode=0o700)
        began = time.perf_counter()
        make(state / "jobqueue.db", count)
        size = (state / "jobqueue.db").stat().st_size / 1e6
        print(f"{count:,} runs made in {time.perf_counter() - began:.0f} s, {size:,.0f} MB")
        (Path(folder) / "served.py").write_text(APPLICATION)
        anywhere = "tcp:0:interface=127.0.0.1"
        arguments = ("--app", "served", "--http", anywhere, "--admin", anywhere)
        with EngineProcess(Path(folder), *arguments, "--keep", "1000d") as engine:
            connection = http.client.HTTPConnection("127.0.0.1", engine.admin_port)
            print(f"{'list':52} {'p50':>8} {'p95':>8} {'most':>8}  ms")
            for path in LISTS:
                _measure(connection, path)
            connection.close()


def _measure(connection: http.client.HTTPConnection, path: str) -> None:
    now = time.time()
    day, hour = (time.strftime("%FT%TZ", time.gmtime(now - ago)) for ago in (86400, 3600))
    taken = sorted(pages(connection, f"/api/v1{path.format(day=day, hour=hour)}"))
    p50, p95, most = taken[len(taken) // 2], taken[int(len(taken) * 0.95) - 1], taken[-1]
    print(f"{path:52} {p50 * 1000:8.1f} {p95 * 1000:8.1f} {most * 1000:8.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
