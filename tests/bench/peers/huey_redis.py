"""Huey on Redis."""

from __future__ import annotations

import os

from huey import RedisHuey

from tests.bench.peers.common import THREADS, count, report, timed, until

huey = RedisHuey(url=os.environ["PEER_REDIS"])


@huey.task()
def noop() -> str:
    return "done"


def add() -> None:
    for _ in range(count()):
        noop()


def run() -> None:
    consumer = huey.create_consumer(workers=THREADS, initial_delay=0.001, periodic=False)
    consumer.start()
    until(lambda: huey.storage.result_store_size() >= count())


if __name__ == "__main__":
    report(timed(add), timed(run))
