"""Huey on SQLite with fsync: the neighbour that needs as little installed as we do."""

from __future__ import annotations

import tempfile

from huey import SqliteHuey

from tests.bench.peers.common import THREADS, count, report, timed, until

folder = tempfile.TemporaryDirectory()
huey = SqliteHuey(filename=f"{folder.name}/huey.db", fsync=True)


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
