"""Clients who schedule jobs and change their minds, over any node that answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from jqengine.errors import JobQueueError
from jqengine.identity import IdFactory
from jqengine.job import Definition, Job, Policy, Request, Schedule, Syntax
from jqengine.lifecycle import JobState
from jqengine.remote.verbs import Verbs
from jqengine.units import Rate
from tests.simulation.crontabs import OPTIONS, SINKS

GROUPS: Mapping[str, Mapping[str, str]] = {
    "single": {"concurrency": "1", "rate": "none"},
    "slow": {"concurrency": "none", "rate": "3/20s"},
    "both": {"concurrency": "2", "rate": "2/5s"},
}
"""What clients name, and the limits that they mostly say of it."""

MUCH_LATER = 30 * 86400.0

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
        self._grouped = random.choice((0.0, 0.3, 1.0))
        self._new_id = IdFactory(random.getrandbits)
        self._acknowledged = acknowledged
        self._said = said
        self._known: list[str] = []
        self._unanswered: list[Mapping[str, Any]] = []

    def ask(self, verbs: Verbs, now: float) -> None:
        """Ask for something."""
        ask = self._random.choice(
            (
                *(self._schedule,) * 6,
                *(self._again,) * 2,
                *(self._steer,) * 4,
                self._hold,
            )
        )
        asking = Deferred.fromCoroutine(ask(verbs, now))
        asking.addErrback(self._refused)

    async def _schedule(self, verbs: Verbs, now: float) -> None:
        saids = [self._submission(now) for _ in range(self._random.choice((1, 1, 2, 8)))]
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

    async def _hold(self, verbs: Verbs, now: float) -> None:
        """Pause a group or everything, or let it go."""
        held = self._random.choice((None, *GROUPS))
        resumes = self._random.random() < 0.6
        self._said(f"{'resumes' if resumes else 'pauses'} {held or 'everything'}")
        if held is None:
            await (verbs.groups.resume_all() if resumes else verbs.groups.pause_all())
        else:
            await (verbs.groups.resume(held) if resumes else verbs.groups.pause(held))

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
            said["duplicate"] = random.choice(("first", "replace", "reject", "debounce"))
        if random.random() < self._grouped:
            said |= self._limits()
        for name, values in _OWN.items():
            if random.random() < 0.2:
                said[name] = random.choice(values)
        return said

    def _limits(self) -> Mapping[str, str]:
        """A group, mostly with its own limits, sometimes with none or others."""
        group = self._random.choice(tuple(GROUPS))
        said = GROUPS[group if self._random.random() < 0.9 else self._random.choice(tuple(GROUPS))]
        limits = {} if self._random.random() < 0.2 else said
        return {"group": group, **limits}

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


def unlimited(group: str, new_id: IdFactory, now: float) -> Job:
    """A job, due much later, that takes the limits of its group away."""
    due = now + MUCH_LATER
    return Job(
        id=new_id(now),
        definition=Definition(
            identity=None,
            name=None,
            request=Request(target="/quick"),
            schedule=Schedule(syntax=Syntax.AFTER, text="30d", zone="UTC"),
            policy=Policy(group=group, concurrency=0, rate=Rate(0, 0.0)),
        ),
        state=JobState.SCHEDULED,
        created=now,
        anchor=due,
        due=due,
    )
