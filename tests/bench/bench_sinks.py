"""What each sink costs: a whole engine, its jobs' results durable and delivered.

Run it with ``python -m tests.bench.bench_sinks``.  Each sink is measured in a
process of its own, with its receiver in another.  "run" is until every result
is on disk, "delivered" until every sink has taken it; the processor time is the
engine's own, for one result.  The machine sets the figures; the ratios are what
to keep.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater, react
from twisted.web.resource import Resource
from twisted.web.server import Site

from jqengine.clock import SystemClock
from jqengine.config import resolve
from jqengine.engine import Engine, make_engine
from jqengine.identity import IdFactory
from jqengine.job import Definition, Job, Request, Schedule, Syntax
from jqengine.lifecycle import JobState
from tests.bench.jobs_ours import APPLICATION
from tests.sinks.mailserver import MailServerThread

SINKS = {
    "off": 20_000,
    "stdout:": 20_000,
    "file:results": 5_000,
    "publish:/page": 5_000,
    "http": 3_000,
    "mailto": 1_000,
}
"""Each with the number of jobs it is measured with."""


def main() -> None:
    """Print one line for each sink."""
    print(f"{'sink':14}{'jobs/s run':>12}{'delivered/s':>13}{'CPU above off':>16}")
    base = None
    for name, count in SINKS.items():
        with receiver(name) as port:
            run, delivered, spent = measured(url_of(name, port), port, count)
        cost = spent / count * 1e6
        base = cost if base is None else base
        print(f"{name:14}{count / run:>12,.0f}{count / delivered:>13,.0f}{cost - base:>13,.0f} us")


def url_of(name: str, port: int) -> str:
    return {
        "http": f"http://127.0.0.1:{port}/hook#allow-private=yes",
        "mailto": "mailto:alice@example.org",
    }.get(name, name)


@contextmanager
def receiver(name: str) -> Iterator[int]:
    """A process that takes what *name* sends, and the port it listens on."""
    if name not in ("http", "mailto"):
        yield 0
        return
    command = [sys.executable, "-m", __spec__.name, "receive", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.terminate()


def measured(url: str, port: int, count: int) -> tuple[float, float, float]:
    command = [sys.executable, "-m", __spec__.name, "send", url, str(port), str(count)]
    sent = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    run, delivered, spent = json.loads(sent.stdout.splitlines()[-1])
    return run, delivered, spent


def receive(name: str) -> None:
    """Listen until the process is ended."""
    if name == "mailto":
        print(MailServerThread().port, flush=True)
        sys.stdin.read()
        return

    class Taking(Resource):
        def render_POST(self, request: Any) -> bytes:
            return b""

    root = Resource()
    root.putChild(b"hook", Taking())
    port = reactor.listenTCP(0, Site(root), interface="127.0.0.1")
    print(port.getHost().port, flush=True)
    reactor.run()


async def send(url: str, port: int, count: int) -> None:
    """Run *count* jobs whose results go to *url*; print the seconds of both ends,
    and of processor time."""
    reactor.seconds = time.monotonic  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        Path(folder, "noop.py").write_text(APPLICATION)
        os.chdir(folder)
        given = {
            "app": ["noop"],
            "http": ["off"],
            "admin": ["off"],
            "smtp": [f"smtp://127.0.0.1:{port or 25}"],
            "state-dir": [f"{folder}/state"],
        }
        settings = resolve(given, {}, directory=folder, system_zone=lambda: "UTC")
        engine = make_engine(settings, reactor=reactor, clock=SystemClock(), random=random.Random())
        await engine.privilegedStartService()
        await engine.startService()
        print(json.dumps(await both_ends(engine, url, count)))
        await engine.stopService()


async def both_ends(engine: Engine, url: str, count: int) -> tuple[float, float, float]:
    store, new_id, now = engine._store, IdFactory(random.getrandbits), time.time()
    sinks = () if url == "off" else (url,)
    await store.add([a_job(new_id(now), now, sinks) for _ in range(count)])
    began, spent = time.monotonic(), time.process_time()
    engine._jobs.look()  # type: ignore[union-attr]
    while (await store.stats(time.time()))["finished"] < count:
        await deferLater(reactor, 0.02)
    run = time.monotonic() - began
    deliverer = engine._sinks.deliverer
    while deliverer._lanes or deliverer._immediate.under_way:
        await deferLater(reactor, 0.02)
    return run, time.monotonic() - began, time.process_time() - spent


def a_job(job_id: str, now: float, sinks: tuple[str, ...]) -> Job:
    return Job(
        id=job_id,
        definition=Definition(
            identity=None,
            name=None,
            request=Request(target="/noop"),
            schedule=Schedule(syntax=Syntax.NOW, text="", zone="UTC"),
            sinks=sinks,
        ),
        state=JobState.SCHEDULED,
        created=now,
        anchor=now,
        due=now,
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["receive", name]:
            receive(name)
        case ["send", url, port, count]:
            react(lambda _: Deferred.fromCoroutine(send(url, int(port), int(count))))
        case _:
            main()
