"""Dramatiq on Redis with results kept."""

from __future__ import annotations

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend
from dramatiq.worker import Worker

from tests.bench.peers.common import THREADS, count, report, timed, until

backend = RedisBackend(url=os.environ["PEER_REDIS"])
broker = RedisBroker(url=os.environ["PEER_REDIS"])
broker.add_middleware(Results(backend=backend))
dramatiq.set_broker(broker)


@dramatiq.actor(store_results=True, max_retries=0)
def noop() -> str:
    return "done"


def add() -> None:
    for _ in range(count()):
        noop.send()


def run() -> None:
    Worker(broker, worker_threads=THREADS).start()
    until(lambda: backend.client.dbsize() >= count() and not broker.do_qsize("default"))


if __name__ == "__main__":
    report(timed(add), timed(run))
