"""Clients who schedule jobs and change their minds, over any node that answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from jqengine.errors import JobQueueError
from jqengine.identity import IdFactory
from jqengine.job import Job
from jqengine.remote.verbs import Verbs
from tests.simulation.crontabs import OPTIONS, SINKS

_OWN = {name: values for name, values in OPTIONS.items() if name != "jitter"}


class Client:
    """Somebody who asks.

    :param paths: of the application, to be asked for.
    :param acknowledged: told the id of each job that an engine has accepted.
    :param said: told what was asked, for readers of a trace.
    """

    def __init__(
        self,
        random: Random,
        paths: Sequence[str],
        acknowledged: Callable[[str], None],
        said: Callable[[str], None],
    ) -> None:
        self._random = random
        self._paths = paths
        self._new_id = IdFactory(random.getrandbits)
        self._acknowledged = acknowledged
        self._said = said
        self._known: list[str] = []
        self._unanswered: list[Mapping[str, Any]] = []

    def ask(self, verbs: Verbs, now: float) -> None:
        """Ask for something."""
        ask = self._random.choice(
            (self._schedule, self._schedule, self._schedule, self._again, self._steer, self._steer)
        )
        asking = Deferred.fromCoroutine(ask(verbs, now))
        asking.addErrback(self._refused)

    async def _schedule(self, verbs: Verbs, now: float) -> None:
        saids = [self._submission(now) for _ in range(self._random.choice((1, 1, 1, 5)))]
        await self._submit(verbs, saids)

    async def _again(self, verbs: Verbs, now: float) -> None:
        """Repeat what was not answered, as a client does whose connection broke."""
        if self._unanswered:
            await self._submit(verbs, [self._random.choice(self._unanswered)])

    async def _submit(self, verbs: Verbs, saids: list[Mapping[str, Any]]) -> None:
        self._said(f"asks for {saids}")
        self._unanswered += saids
        for said, answer in zip(saids, await verbs.schedule_many(saids), strict=True):
            if said in self._unanswered:
                self._unanswered.remove(said)
            if not isinstance(answer, JobQueueError):
                job, _ = answer
                self._known.append(job.id)
                self._acknowledged(job.id)

    async def _steer(self, verbs: Verbs, now: float) -> None:
        """Do something to a job, of the crontab or not."""
        job = await self._some_job(verbs)
        if job is None:
            return
        verb = self._random.choice(
            ("cancel", "pause", "pause", "resume", "resume", "run_now", "retry", "reschedule")
        )
        self._said(f"{verb} {job.id} ({job.label})")
        if verb == "run_now":
            await verbs.run_now(job, self._new_id(now))
        elif verb == "retry":
            await verbs.retry((await verbs.latest_run(job)).id)
        elif verb == "reschedule":
            await verbs.reschedule(job, self._time())
        else:
            await getattr(verbs, verb)(job)

    async def _some_job(self, verbs: Verbs) -> Job | None:
        if self._known and self._random.random() < 0.6:
            return await verbs.find(self._random.choice(self._known), None)
        return await verbs.find(None, f"line-{self._random.randint(0, 5)}")

    def _submission(self, now: float) -> Mapping[str, Any]:
        random = self._random
        said: dict[str, Any] = {
            "id": self._new_id(now),
            "target": random.choice(self._paths),
            "timeout": random.choice(("5s", "20s", "5m", "5m")),
            "remove-on": random.choice(("never", "404")),
            "sinks": [sink for sink in SINKS if random.random() < 0.3],
            **self._time(),
        }
        if random.random() < 0.3:
            said["name"] = f"client-{random.randint(0, 3)}"
        if random.random() < 0.2:
            said["key"] = f"key-{random.randint(0, 2)}"
        for name, values in _OWN.items():
            if random.random() < 0.2:
                said[name] = random.choice(values)
        return said

    def _time(self) -> Mapping[str, str]:
        """A time text, or none for now."""
        return self._random.choice(
            (
                {},
                {"after": f"{self._random.randint(1, 90)}s"},
                {"every": self._random.choice(("4s", "15s", "45s"))},
                {"cron": "* * * * *"},
                {"at": "now + 1 minute"},
                {"when": "in 30 seconds"},
                {"when": "every minute"},
            )
        )

    def _refused(self, failure: Failure) -> None:
        failure.trap(JobQueueError)
        self._said(f"was refused: {failure.getErrorMessage()}")
