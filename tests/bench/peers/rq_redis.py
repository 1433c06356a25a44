"""RQ with its SimpleWorker, which does not fork."""

from __future__ import annotations

import os

from redis import Redis
from rq import Queue, SimpleWorker

from tests.bench.peers.common import count, report, timed

connection = Redis.from_url(os.environ["PEER_REDIS"])
queue = Queue(connection=connection)


def noop() -> str:
    return "done"


def add() -> None:
    for _ in range(count()):
        queue.enqueue("tests.bench.peers.rq_redis.noop")


def run() -> None:
    SimpleWorker([queue], connection=connection).work(burst=True, logging_level="ERROR")


if __name__ == "__main__":
    report(timed(add), timed(run))
