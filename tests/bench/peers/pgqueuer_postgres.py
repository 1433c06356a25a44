"""PgQueuer on PostgreSQL."""

from __future__ import annotations

import asyncio
import os

import psycopg
from pgqueuer import PgQueuer, Queries
from pgqueuer.db import PsycopgDriver
from pgqueuer.models import Job
from pgqueuer.types import QueueExecutionMode

from tests.bench.peers.common import count, report, timed


async def driver() -> PsycopgDriver:
    connection = await psycopg.AsyncConnection.connect(os.environ["PEER_POSTGRES"], autocommit=True)
    return PsycopgDriver(connection)


async def prepare() -> None:
    await Queries(await driver()).install()


async def add() -> None:
    queries = Queries(await driver())
    for start in range(0, count(), 1000):
        many = min(1000, count() - start)
        await queries.enqueue(["noop"] * many, [None] * many, [0] * many)


async def run() -> None:
    worker = PgQueuer(await driver())

    @worker.entrypoint("noop")
    async def noop(_job: Job) -> None:
        return None

    await worker.run(batch_size=100, mode=QueueExecutionMode.drain)


if __name__ == "__main__":
    asyncio.run(prepare())
    report(timed(lambda: asyncio.run(add())), timed(lambda: asyncio.run(run())))
