"""Durable jobs a second: ours and our neighbours', in one run.

``python -m tests.bench.bench_jobs`` starts each system in a process of its own,
in turn, several rounds, and prints medians and ratios.  A job counts once it
was acknowledged, run, and its result kept.  What is missing on the machine (a
package, redis-server) is left out and said.

The systems do not promise alike.  jqengine and Huey on SQLite have every step
on disk before they go on; Redis is asked to sync its log once a second, as
nearly everybody runs it, so a crash there may lose the last second.  PostgreSQL
has ``fsync`` on, and a server of its own.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import figures
from tests.bench.peers.common import redis_server
from tests.postgres import a_server, binaries

ROOT = Path(__file__).parents[2]
ROUNDS = 3


@dataclass
class System:
    """One system under test."""

    name: str
    module: str
    count: int
    needs: str = "twisted"
    redis: bool = False
    postgres: bool = False
    figures: list[tuple[float, float]] = field(default_factory=list)

    def missing(self) -> str | None:
        """What the machine lacks for it."""
        if importlib.util.find_spec(self.needs) is None:
            return self.needs
        if self.redis and shutil.which("redis-server") is None:
            return "redis-server"
        if self.postgres and binaries() is None:
            return "a server of PostgreSQL"
        return None

    def measure(self) -> None:
        """Add the figures of one round, in jobs a second."""
        if self.redis:
            with redis_server():
                self._measure({})
        elif self.postgres:
            with a_server() as server:
                self._measure({"PEER_POSTGRES": server.url("postgres")})
        else:
            self._measure({})

    def _measure(self, environ: dict[str, str]) -> None:
        finished = subprocess.run(
            [sys.executable, "-m", self.module, str(self.count)],
            cwd=ROOT,
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=True,
        )
        line = next(one for one in finished.stdout.splitlines() if one.startswith('{"count"'))
        said = json.loads(line)
        self.figures.append((said["count"] / said["add"], said["count"] / said["run"]))

    @property
    def medians(self) -> tuple[float, float]:
        """Enqueued and run a second."""
        adds, runs = zip(*self.figures, strict=True)
        return statistics.median(adds), statistics.median(runs)


def systems() -> list[System]:
    peers = "tests.bench.peers."
    return [
        System("jqengine", "tests.bench.jobs_ours", 40_000),
        System("Huey, SQLite with fsync", peers + "huey_sqlite", 4_000, "huey"),
        System("Huey, Redis", peers + "huey_redis", 8_000, "huey", redis=True),
        System("Dramatiq, Redis", peers + "dramatiq_redis", 8_000, "dramatiq", redis=True),
        System("Celery, Redis", peers + "celery_redis", 3_000, "celery", redis=True),
        System("RQ, Redis", peers + "rq_redis", 1_000, "rq", redis=True),
        System(
            "Procrastinate, PostgreSQL",
            peers + "procrastinate_postgres",
            2_000,
            "procrastinate",
            postgres=True,
        ),
    ]


def main() -> None:
    present = []
    for system in systems():
        missing = system.missing()
        if missing:
            print(f"{system.name}: left out, {missing} is not installed")
        else:
            present.append(system)
    for number in range(ROUNDS):
        for system in present:
            system.measure()
            add, run = system.figures[-1]
            print(f"round {number + 1}: {system.name:26}{add:>12,.0f} in{run:>12,.0f} run")
    ours = present[0].medians
    print(f"\nmedians of {ROUNDS} rounds, jobs a second")
    for system in present:
        add, run = system.medians
        print(
            f"  {system.name:26}{add:>12,.0f} enqueued (we: {ours[0] / add:5.1f}x)"
            f"{run:>12,.0f} run (we: {ours[1] / run:5.1f}x)"
        )
    if figures.wanted(sys.argv):
        _write(present)


def _write(present: list[System]) -> None:
    ours = present[0].medians
    figures.write_table(
        "jobs",
        ("system", "enqueued a second", "run a second", "jqengine runs"),
        [
            (
                system.name,
                f"{system.medians[0]:,.0f}",
                f"{system.medians[1]:,.0f}",
                "" if system is present[0] else f"{ours[1] / system.medians[1]:.1f} times as many",
            )
            for system in present
        ],
    )
    bars = [figures.Bar(system.name, system.medians[1]) for system in present]
    figures.write_chart("jobs", "Durable jobs run a second", bars)


if __name__ == "__main__":
    main()
