"""The client for Twisted programs: the verbs of ``JobQueue`` as coroutines.

client = JobQueueClient(reactor, "unix:/run/app/amp.sock")
job = await client.schedule("/reports/7", when="next friday 17:00")
result = await client.wait(job.id, timeout=30)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from random import SystemRandom
from typing import Any, TypeVar, Unpack

from jqengine.clock import SystemClock
from jqengine.errors import JobQueueError, NotPossible
from jqengine.identity import IdFactory
from jqengine.interfaces import IClock
from jqengine.remote.clientconnection import ClientConnection, ask_one
from jqengine.remote.clientholding import Holding
from jqengine.remote.clientlink import ClientLink
from jqengine.remote.clientoverseeing import Overseeing
from jqengine.request.continuation import request_to_save
from jqengine.wire import talks
from jqengine.wire.address import DEFAULT, SECRET_VARIABLE, VARIABLE, parse_address
from jqengine.wire.asks import ask
from jqengine.wire.calls import Talk
from jqengine.wire.events import Event, event_of
from jqengine.wire.fields import (
    JOB_NAMES,
    TIME_NAMES,
    Duration,
    JobFields,
    JobRequest,
    TimeFields,
    check_names,
)
from jqengine.wire.proof import read_secrets
from jqengine.wire.views import ContinuationView, JobView, NodeView, ResultView, RunView

T = TypeVar("T")

TIMEOUT = 30.0
PATIENCE = 5.0
_TAIL = 1


class JobQueueClient(Overseeing, Holding):
    """An engine, as a Twisted program sees it.  For the reactor thread.

    What the verbs do, and what they raise, is said at
    :class:`jqengine.client.JobQueue`; here they are coroutines and give plain
    values.

    :param address: a client endpoint (``unix:PATH``, ``tcp:HOST:PORT``,
        ``tls:HOST:PORT:...``) or the path of a socket; ``$JOBQUEUE_AMP`` unless
        said, else the socket of an engine started in the working directory.
    :param secret_file: what the engine was given as ``--amp-secret-file``.
    :param role: whose secret in that file to use, ``operate`` or ``submit``.
    :param timeout: seconds in which the engine must answer.
    :param patience: seconds for which an engine that is not there is looked for.
    """

    def __init__(
        self,
        reactor: Any,
        address: str | None = None,
        *,
        secret_file: str | None = None,
        role: str = "operate",
        timeout: float = TIMEOUT,
        patience: float = PATIENCE,
        clock: IClock | None = None,
    ) -> None:
        self.address = address or os.environ.get(VARIABLE) or DEFAULT
        parsed = parse_address(self.address)
        secret_file = secret_file or os.environ.get(SECRET_VARIABLE)
        self._reactor = reactor
        self._timeout = timeout
        self._connection = ClientConnection(
            reactor,
            parsed,
            secrets=read_secrets(secret_file) if secret_file and parsed.path is None else {},
            role=role,
            patience=patience,
            random_bytes=os.urandom,
        )
        self._ids = _ids(clock or SystemClock())
        self._uploads = count(1)

    async def schedule(self, target: str | None = None, **fields: Unpack[JobFields]) -> JobView:
        """Schedule a request to the application; it is on disk when this returns."""
        check_names("schedule", fields, JOB_NAMES)
        said = {"target": target, **fields}
        return await self._hold(talks.schedule(said, next(self._ids), next(self._uploads)))

    async def schedule_many(
        self, jobs: Iterable[JobRequest], **defaults: Unpack[JobFields]
    ) -> list[str | JobQueueError]:
        """Schedule jobs; the id or the error of each, in order."""
        check_names("schedule_many", defaults, JOB_NAMES)
        talk = talks.schedule_many(jobs, defaults, self._ids, self._uploads)
        return [one if isinstance(one, JobQueueError) else one[0] for one in await self._hold(talk)]

    async def continuation(
        self,
        request: object = None,
        *,
        session_id: str | None = None,
        path: str | None = None,
        state: object = None,
        reusable: bool = False,
        expires: Duration | None = None,
        body: bytes | None = None,
    ) -> ContinuationView:
        """Save a whole request."""
        said = request_to_save(
            request,
            session_id=session_id,
            path=path,
            state=state,
            reusable=reusable,
            expires=expires,
            body=body,
        )
        said["id"] = os.urandom(16).hex()
        return await self._hold(talks.save(said, next(self._uploads)))

    async def continuations(self, *, limit: int | None = 100) -> list[ContinuationView]:
        """The continuations there are, the newest first."""
        return await self._hold(talks.continuations(limit))

    async def drop_continuation(self, continuation: str) -> bool:
        """Forget a continuation; whether it was there."""
        return bool(await self._hold(talks.forget("DropContinuation", {"id": continuation})))

    async def clear_continuations(self, *, session_id: str | None = None) -> int:
        """Forget all continuations of a session, or all there are; how many they were."""
        return await self._hold(talks.forget("ClearContinuations", {"session": session_id}))

    async def job(self, job: str | None = None, *, name: str | None = None) -> JobView:
        """The job of an id or a name."""
        return await self._hold(talks.show(job, name))

    async def jobs(
        self,
        *,
        state: str | None = None,
        name: str | None = None,
        target: str | None = None,
        user: str | None = None,
        origin: str | None = None,
        order: str = "newest",
        limit: int | None = 100,
    ) -> list[JobView]:
        """The jobs that match all that is said."""
        filters = {
            "state": state,
            "name": name,
            "target": target,
            "user": user,
            "origin": origin,
            "order": order,
        }
        return await self._hold(talks.jobs(filters, limit))

    async def runs(
        self,
        job: str | None = None,
        *,
        name: str | None = None,
        state: str | None = None,
        limit: int | None = 100,
    ) -> list[RunView]:
        """The runs of a job, or of all, the newest first."""
        return await self._hold(talks.runs({"job": job, "name": name, "state": state}, limit))

    async def results(self, run: str, *, bodies: bool = True) -> list[ResultView]:
        """What the application answered to each attempt of a run."""
        return await self._hold(talks.results(run, bodies=bodies))

    async def wait(
        self, job: str | None = None, *, name: str | None = None, timeout: float | None = None
    ) -> ResultView:
        """The result of a job's last run if no other will come, else of the next that ends."""
        run, result = await self._hold(talks.wait(job, name, timeout))
        if result is None:
            raise NotPossible(f"the run of {run.label} is {run.state} and has no result")
        return result

    async def cancel(self, job: str | None = None, *, name: str | None = None) -> JobView:
        """Take a job back."""
        return await self._change("Cancel", job, name)

    async def reschedule(
        self, job: str | None = None, *, name: str | None = None, **time: Unpack[TimeFields]
    ) -> JobView:
        """Give a job another time."""
        check_names("reschedule", time, TIME_NAMES)
        return await self._change("Reschedule", job, name, time)

    async def run_now(self, job: str | None = None, *, name: str | None = None) -> RunView:
        """Run a job once now."""
        return await self._hold(talks.run_now(job, name, next(self._ids)))

    async def retry(
        self, job: str | None = None, *, name: str | None = None, run: str | None = None
    ) -> RunView:
        """Give an ended run, or the latest of a job, one more attempt."""
        return await self._hold(talks.retry(job, name, run))

    async def stats(self) -> dict[str, int]:
        """Counts by state."""
        return await self._hold(talks.stats())

    async def nodes(self) -> list[NodeView]:
        """The processes that share the engine's store, by name."""
        return await self._hold(talks.nodes())

    async def drain(self, node: str) -> NodeView:
        """Let a node claim no more runs; it finishes what it has begun."""
        return await self._hold(talks.change_node("Drain", node))

    async def undrain(self, node: str) -> NodeView:
        """Let a node claim runs again."""
        return await self._hold(talks.change_node("Undrain", node))

    async def reload(self) -> dict[str, int]:
        """Let the engine read its crontabs again."""
        return await self._hold(talks.reload())

    async def tail(
        self,
        told: Callable[[Event], object],
        job: str | None = None,
        *,
        name: str | None = None,
        output: bool = False,
    ) -> ClientLink:
        """Follow the runs of a job, or of all, on a connection of its own.

        :param told: called with each event.
        :param output: whether to be sent what the application writes, as it comes.
        :return: the connection; its ``close()`` ends it.
        """
        link = await self._connection.new_link(
            lambda: ClientLink(self._reactor, lambda box: told(event_of(box)))
        )
        try:
            call = ask("Tail", tail=_TAIL, job=job, name=name, output=output or None)
            await ask_one(link, call, self._timeout)
        except BaseException:
            await link.close()
            raise
        return link

    async def close(self) -> None:
        """End the connection.  A later call would make a new one."""
        await self._connection.close()

    async def _change(
        self,
        command: str,
        job: str | None,
        name: str | None,
        fields: Mapping[str, object] | None = None,
    ) -> JobView:
        return await self._hold(talks.change(command, job, name, fields or {}))

    async def _hold(self, talk: Talk[T]) -> T:
        """Carry a conversation to its end."""
        try:
            batch = next(talk)
            while True:
                seconds = self._timeout if batch.patience is None else batch.patience
                batch = talk.send(await self._connection.exchange(batch, seconds))
        except StopIteration as end:
            result: T = end.value
            return result

    def __repr__(self) -> str:
        return f"<JobQueueClient at {self.address}>"


def _ids(clock: IClock) -> Iterator[str]:
    make = IdFactory(SystemRandom().getrandbits)
    while True:
        yield make(clock.now())
