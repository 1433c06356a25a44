"""Celery on Redis with its result backend, ten threads."""

from __future__ import annotations

import os
import threading

from celery import Celery
from redis import Redis

from tests.bench.peers.common import THREADS, count, report, timed, until

url = os.environ["PEER_REDIS"]
app = Celery("tests.bench.peers.celery_redis", broker=url, backend=url)
app.conf.worker_redirect_stdouts = False


@app.task(name="noop")
def noop() -> str:
    return "done"


def add() -> None:
    for _ in range(count()):
        noop.delay()


def run() -> None:
    connection = Redis.from_url(url)
    worker = app.Worker(pool="threads", concurrency=THREADS, loglevel="ERROR", without_gossip=True)
    threading.Thread(target=worker.start, daemon=True).start()
    until(lambda: _results(connection) >= count())


def _results(connection: Redis) -> int:
    return sum(1 for _ in connection.scan_iter("celery-task-meta-*", count=5000))


if __name__ == "__main__":
    report(timed(add), timed(run))
