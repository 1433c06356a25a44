"""A PostgreSQL store with millions of rows, and beside a transaction that stays open.

``python -m tests.bench.bench_postgres_size [--held SECONDS]``: first what a turn
of the dispatcher costs in an empty store and in one with 1,000,000 finished and
1,000,000 pending runs; then a queue at full speed before, while and after
somebody leaves a transaction open, which keeps PostgreSQL from tidying up.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from functools import partial
from typing import Any

from jqengine.identity import IdFactory
from jqengine.job import Owner
from jqengine.store import claiming, firing, intake, recording
from jqengine.store.postgres import PostgresPlace
from jqengine.store.transacting import Transactions
from tests.bench.bench_postgres import SERVER
from tests.bench.jobs_ours import a_job
from tests.postgres import Databases, a_server, connect, rows
from tests.store.values import an_end

MANY = 1_000_000
AT_ONCE = 100
OWNER = Owner("node", "boot")
new_id = IdFactory(random.getrandbits)

_FILL = """
INSERT INTO runs (id, state, due, ready, attempt, created, origin, schedule, method, target,
                  protocol, headers, body, policy, priority, sinks, status, reason,
                  response_headers, response_body, truncated, started, finished)
SELECT '{prefix}' || lpad(n::text, 22, '0'), '{state}', {due} + n / 100.0, {due} + n / 100.0,
       {attempt}, {due}, 'client', '{{"syntax":"now","zone":"UTC"}}', 'GET', '/noop', 'HTTP/1.0',
       '[]', '', '{{}}', 0, '[]', {result}
FROM generate_series(1, {many}) AS n
"""
_RESULT = "200, 'OK', '[]', 'done', false, {due}, {due} + n / 100.0"
_NO_RESULT = "NULL, NULL, NULL, NULL, NULL, NULL, NULL"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--held", type=float, default=60.0)
    options = parser.parse_args()
    with a_server(**SERVER) as server:
        databases = Databases(server.url("postgres"))
        url = databases.make()
        writer = Transactions(PostgresPlace(url).database(writing=True), None)
        print(f"empty store:            {costs(writer)}", flush=True)
        fill(url)
        print(f"2 x {MANY:,} rows: {costs(writer)}", flush=True)
        writer.close()
        beside_an_open_transaction(databases.make(), options.held)


def costs(writer: Transactions) -> str:
    """What 100 jobs cost, in milliseconds."""
    adds, turns, records = [], [], []
    for _ in range(50):
        adds.append(timed(add, writer)[0])
        took, runs = timed(turn, writer)
        turns.append(took)
        records.append(timed(record, writer, runs)[0])
    parts = (("add", adds), ("claim", turns), ("record", records))
    return ", ".join(f"{name} {statistics.median(took) * 1000:.2f} ms" for name, took in parts)


def timed(step: Any, *arguments: Any) -> tuple[float, Any]:
    """Seconds that *step* takes, and its answer."""
    began = time.perf_counter()
    answer = step(*arguments)
    return time.perf_counter() - began, answer


def add(writer: Transactions) -> None:
    """Add 100 jobs that are due."""
    now = time.time()
    writer.perform([partial(intake.add, new=[a_job(new_id(now), now) for _ in range(AT_ONCE)])])


def turn(writer: Transactions) -> Any:
    """What a dispatcher asks; the runs it is given."""
    now = time.time()
    due = partial(firing.due_jobs, now=now, limit=500)
    claim = partial(claiming.claim, owner=OWNER, now=now, limit=AT_ONCE, lease=60.0)
    return writer.perform([due, claim, claiming.next_ready])[1]


def record(writer: Transactions, runs: Any) -> None:
    """Record the ends of *runs*."""
    assert len(runs) == AT_ONCE
    ends = [an_end(run, owner=OWNER) for run in runs]
    writer.perform([partial(recording.record, outcomes=ends)])


def fill(url: str) -> None:
    """Put a million of each into the store."""
    past, future = time.time() - 1e6, time.time() + 1e5
    with connect(url) as connection:
        for prefix, state, due, attempt, result in (
            ("00", "finished", past, 1, _RESULT.format(due=past)),
            ("7f", "waiting", future, 0, _NO_RESULT),
        ):
            said = {"prefix": prefix, "state": state, "due": due, "attempt": attempt}
            connection.execute(_FILL.format(**said, result=result, many=MANY))
        connection.execute("VACUUM ANALYZE runs")


def beside_an_open_transaction(url: str, seconds: float) -> None:
    """Run at full speed, with and without somebody who leaves a transaction open."""
    writer = Transactions(PostgresPlace(url).database(writing=True), None)
    show("before", url, writer, min(seconds, 20.0))
    with connect(url) as holder:
        holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT pg_current_xact_id()")
        last = time.monotonic() + seconds
        while time.monotonic() < last:
            show("beside it", url, writer, seconds / 4)
        holder.execute("COMMIT")
    show("after it", url, writer, min(seconds, 20.0))
    writer.close()


def show(when: str, url: str, writer: Transactions, seconds: float) -> None:
    """Run for so long, and say how fast it went and how many dead rows there are."""
    began, count = time.monotonic(), 0
    while time.monotonic() < began + seconds:
        add(writer)
        record(writer, turn(writer))
        count += AT_ONCE
    [(dead,)] = rows(url, "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'runs'")
    rate = count / (time.monotonic() - began)
    print(f"{when:<10} {rate:>8,.0f} jobs/s, {dead:>9,} dead rows", flush=True)


if __name__ == "__main__":
    main()
