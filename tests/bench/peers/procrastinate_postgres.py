"""Procrastinate on PostgreSQL."""

from __future__ import annotations

import asyncio
import os

import procrastinate

from tests.bench.peers.common import THREADS, count, report, timed

app = procrastinate.App(
    connector=procrastinate.PsycopgConnector(conninfo=os.environ["PEER_POSTGRES"])
)


@app.task(queue="bench", pass_context=False)
async def noop() -> str:
    return "done"


async def prepare() -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


async def add() -> None:
    async with app.open_async():
        for start in range(0, count(), 1000):
            await noop.batch_defer_async(*({} for _ in range(min(1000, count() - start))))


async def run() -> None:
    async with app.open_async():
        await app.run_worker_async(
            concurrency=THREADS, wait=False, install_signal_handlers=False, delete_jobs="never"
        )


if __name__ == "__main__":
    asyncio.run(prepare())
    report(timed(lambda: asyncio.run(add())), timed(lambda: asyncio.run(run())))
