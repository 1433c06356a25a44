"""The blocking client: schedule jobs from any Python program."""

from __future__ import annotations

import os
import secrets
import weakref
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar, Unpack

from jqengine.client.connection import Carrier, Connection, stand_in
from jqengine.client.holding import Holding
from jqengine.client.ids import NewIds
from jqengine.client.job import Job
from jqengine.client.overseeing import Overseeing
from jqengine.client.tail import follow
from jqengine.errors import JobQueueError, NotPossible
from jqengine.request.continuation import environ_of, request_to_save
from jqengine.wire import talks
from jqengine.wire.address import DEFAULT, SECRET_VARIABLE, VARIABLE, parse_address
from jqengine.wire.calls import Talk
from jqengine.wire.events import Event
from jqengine.wire.fields import (
    JOB_NAMES,
    TIME_NAMES,
    Duration,
    JobFields,
    JobRequest,
    TimeFields,
    check_names,
    signature,
)
from jqengine.wire.proof import read_secrets
from jqengine.wire.views import ContinuationView, JobView, NodeView, ResultView, RunView

if TYPE_CHECKING:
    from jqengine.client.request import OnSuccess

T = TypeVar("T")

TIMEOUT = 30.0
PATIENCE = 5.0

_generation = 0
_queues: weakref.WeakSet[JobQueue] = weakref.WeakSet()


class JobQueue(Overseeing, Holding):
    """An engine, as an application sees it.

    One object serves a whole program: it is safe to call from many threads,
    and a process forked from this one makes a connection of its own.  The
    connection is made by the first call, and made anew when it is lost.

    Every method raises :class:`~jqengine.errors.NotConnected` when no engine
    can be reached, :class:`~jqengine.errors.NotInTime` when it does not answer,
    and otherwise the errors of the engine, with its own sentence.

    :param address: ``unix:PATH``, ``tcp:HOST:PORT``, ``tls:HOST:PORT`` or the
        path of a socket; ``$JOBQUEUE_AMP`` unless said, which an engine sets for
        the application it hosts, else the socket of an engine that was started
        in the working directory.
    :param secret_file: what the engine was given as ``--amp-secret-file``;
        ``$JOBQUEUE_AMP_SECRET_FILE`` unless said.  Not needed for a socket.
    :param role: whose secret in that file to use, ``operate`` or ``submit``.
    :param timeout: seconds in which the engine must answer.
    :param patience: seconds for which an engine that is not there, or has gone
        away, is looked for.
    :raises BadValue: the address is malformed.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        secret_file: str | None = None,
        role: str = "operate",
        timeout: float = TIMEOUT,
        patience: float = PATIENCE,
    ) -> None:
        self.address = address or os.environ.get(VARIABLE) or DEFAULT
        self._address = parse_address(self.address)
        secret_file = secret_file or os.environ.get(SECRET_VARIABLE)
        over_tcp = self._address.path is None
        self._secrets = read_secrets(secret_file) if secret_file and over_tcp else {}
        self._role = role
        self._timeout = timeout
        self._patience = patience
        self._uploads = count(1)
        self._processes: dict[int, _Process] = {}
        _queues.add(self)

    def schedule(self, target: str | None = None, **fields: Unpack[JobFields]) -> Job:
        """Schedule a request to the application; it is on disk when this returns.

        ``queue.schedule("/reports/7", method="POST", data={"fmt": "pdf"},
        user="alice", when="next friday 17:00")``.

        :param target: path and query; not for a continuation, which has its own.
        :param fields: see :class:`~jqengine.wire.fields.JobFields`.
        :raises BadSchedule, PastInstant: the time is not understood, or past.
        :raises BadValue, BadRequest: something else is wrong with it.
        :raises NotPossible: the name is that of a crontab line.
        :raises KeyHeld: its key is held, and it wants to be refused then, or cannot
            take the place of the job that holds it.
        """
        check_names("schedule", fields, JOB_NAMES)
        said = {"target": target, **fields}
        return self._job(self._hold(talks.schedule(said, next(self._ids), next(self._uploads))))

    def schedule_many(
        self, jobs: Iterable[JobRequest], **defaults: Unpack[JobFields]
    ) -> list[Job | JobQueueError]:
        """Schedule jobs, a hundred thousand if need be; all are on disk when this returns.

        Each is judged by itself: one that is refused has its error in its place
        and harms no other.  *jobs* is read as it is sent.

        :param jobs: mappings with the arguments of :meth:`schedule`.
        :param defaults: what they have in common.
        :raises NotConnected: the engine went away and did not come back; some of
            the jobs may have been accepted.
        """
        check_names("schedule_many", defaults, JOB_NAMES)
        talk = talks.schedule_many(jobs, defaults, self._ids, self._uploads)
        return [
            one if isinstance(one, JobQueueError) else Job(self, one[0]) for one in self._hold(talk)
        ]

    def on_success(self) -> OnSuccess:
        """A queue whose jobs come about only if the request they are made in succeeds.

        See :meth:`~jqengine.client.request.RequestQueue.on_success`.

        :raises NotPossible: this queue does not know in which request it is used.
        """
        raise NotPossible(
            "on_success() is for environ['jobqueue'], which belongs to one request; the engine"
            " sets it, and under another server JobQueueMiddleware does"
        )

    def continuation(
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
        """Save a whole request, to be run later as a job or resumed by link.

        ``k = queue.continuation(environ, state={"step": 2})``, then
        ``queue.schedule(continuation=k.id, at="now + 2 hours")`` or a link to ``k.url``.

        :param request: a WSGI environ, or a request of Flask or Django.
        :param session_id: the value of a session cookie, instead of a request;
            *path* says what to ask for.
        :param path: another path to run.
        :param state: the application's own, as far as JSON holds it; comes back in
            ``environ["jobqueue.continuation"]["state"]``.
        :param reusable: keep it when it is used; else it is for one job or one link.
        :param expires: how long it is kept; 7 days unless said.
        :param body: the request's body, where ``wsgi.input`` cannot be read again.
        :raises BadValue: the state is not JSON, or too long.
        :raises NotPossible: the body cannot be read again, or the engine does
            not know which cookie tells a session.
        """
        said = request_to_save(
            request,
            session_id=session_id,
            path=path,
            state=state,
            reusable=reusable,
            expires=expires,
            body=body,
        )
        said["id"] = secrets.token_hex(16)
        made = self._hold(talks.save(said, next(self._uploads)))
        used_in = environ_of(request).get("jobqueue") if request is not None else None
        if isinstance(used_in, JobQueue):
            used_in._note_made(made.id)
        return made

    def continuations(self, *, limit: int | None = 100) -> list[ContinuationView]:
        """The continuations there are, the newest first; none of their secrets."""
        return self._hold(talks.continuations(limit))

    def drop_continuation(self, continuation: str | ContinuationView) -> bool:
        """Forget a continuation; whether it was there."""
        key = continuation if isinstance(continuation, str) else continuation.id
        return bool(self._hold(talks.forget("DropContinuation", {"id": key})))

    def clear_continuations(self, *, session_id: str | None = None) -> int:
        """Forget all continuations of a session, or all there are; how many they were.

        :param session_id: the value of the session's cookie.
        """
        return self._hold(talks.forget("ClearContinuations", {"session": session_id}))

    def job(self, job: str | Job | None = None, *, name: str | None = None) -> Job:
        """The job of an id or a name.

        :raises NoSuchJob: there is none.
        """
        return self._job(self._hold(talks.show(_id_of(job), name)))

    def jobs(
        self,
        *,
        state: str | None = None,
        name: str | None = None,
        target: str | None = None,
        user: str | None = None,
        origin: str | None = None,
        order: str = "newest",
        limit: int | None = 100,
    ) -> list[Job]:
        """The jobs that match all that is said.

        :param state: one or several, separated by commas.
        :param name: a name, or the beginning of one with ``*`` behind it.
        :param target: likewise.
        :param origin: ``client`` or ``crontab``.
        :param order: ``newest`` first, or ``due`` for the next due first.
        :param limit: at most so many; ``None`` for all.
        """
        filters = {
            "state": state,
            "name": name,
            "target": target,
            "user": user,
            "origin": origin,
            "order": order,
        }
        return [self._job(view) for view in self._hold(talks.jobs(filters, limit))]

    def runs(
        self,
        job: str | Job | None = None,
        *,
        name: str | None = None,
        state: str | None = None,
        limit: int | None = 100,
    ) -> list[RunView]:
        """The runs of a job, or of all, the newest first."""
        filters = {"job": _id_of(job), "name": name, "state": state}
        return self._hold(talks.runs(filters, limit))

    def results(self, run: str | RunView, *, bodies: bool = True) -> list[ResultView]:
        """What the application answered to each attempt of a run."""
        return self._hold(talks.results(run if isinstance(run, str) else run.id, bodies=bodies))

    def wait(
        self,
        job: str | Job | None = None,
        *,
        name: str | None = None,
        timeout: float | None = None,
    ) -> ResultView:
        """The result of a job's last run if no other will come, else of the next that ends.

        :param timeout: seconds; ``None`` waits for ever.
        :raises NotInTime: it has not come by then.
        :raises NotPossible: the job is cancelled, or its run had no result.
        """
        run, result = self._hold(talks.wait(_id_of(job), name, timeout))
        if result is None:
            raise NotPossible(f"the run of {run.label} is {run.state} and has no result")
        return result

    def tail(
        self,
        job: str | Job | None = None,
        *,
        name: str | None = None,
        output: bool = False,
        seconds: float | None = None,
    ) -> Iterator[Event]:
        """Follow the runs of a job, or of all, as they happen.

        :param output: whether to be sent what the application writes, as it comes.
        :param seconds: for how long; ``None`` for ever.
        """
        return follow(
            self._connection.new_link(),
            _id_of(job),
            name,
            output=output,
            seconds=seconds,
            timeout=self._timeout,
        )

    def cancel(self, job: str | Job | None = None, *, name: str | None = None) -> Job:
        """Take a job back: due no more, what waits is cancelled, what runs goes on."""
        return self._change("Cancel", job, name)

    def reschedule(
        self,
        job: str | Job | None = None,
        *,
        name: str | None = None,
        **time: Unpack[TimeFields],
    ) -> Job:
        """Give a job another time; everything else about it stays."""
        check_names("reschedule", time, TIME_NAMES)
        return self._change("Reschedule", job, name, time)

    def run_now(self, job: str | Job | None = None, *, name: str | None = None) -> RunView:
        """Run a job once now, whatever its schedule says, which stays as it is."""
        return self._hold(talks.run_now(_id_of(job), name, next(self._ids)))

    def retry(
        self,
        job: str | Job | None = None,
        *,
        name: str | None = None,
        run: str | RunView | None = None,
    ) -> RunView:
        """Give an ended run, or the latest of a job, one more attempt, now."""
        run_id = run.id if isinstance(run, RunView) else run
        return self._hold(talks.retry(_id_of(job), name, run_id))

    def stats(self) -> dict[str, int]:
        """Counts: scheduled, due, running, finished, failed, removed."""
        return self._hold(talks.stats())

    def nodes(self) -> list[NodeView]:
        """The processes that share the engine's store, by name."""
        return self._hold(talks.nodes())

    def drain(self, node: str) -> NodeView:
        """Let a node claim no more runs; it finishes what it has begun.

        What it has claimed and not begun goes to the others.  It stays so, over
        restarts too, until :meth:`undrain`.

        :raises NoSuchNode: there is none of that name.
        """
        return self._hold(talks.change_node("Drain", node))

    def undrain(self, node: str) -> NodeView:
        """Let a node claim runs again.

        :raises NoSuchNode: there is none of that name.
        """
        return self._hold(talks.change_node("Undrain", node))

    def reload(self) -> dict[str, int]:
        """Let the engine read its crontabs again; what that changed."""
        return self._hold(talks.reload())

    def close(self) -> None:
        """End the connection.  A later call would make a new one."""
        self._connection.close()

    def __enter__(self) -> JobQueue:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<JobQueue at {self.address}>"

    def _change(
        self,
        command: str,
        job: str | Job | None,
        name: str | None,
        fields: Mapping[str, object] | None = None,
    ) -> Job:
        return self._job(self._hold(talks.change(command, _id_of(job), name, fields or {})))

    def _job(self, view: JobView) -> Job:
        return Job(self, view.id, view)

    def _hold(self, talk: Talk[T]) -> T:
        """Carry a conversation to its end."""
        try:
            batch = next(talk)
            while True:
                seconds = self._timeout if batch.patience is None else batch.patience
                batch = talk.send(self._connection.exchange(batch, seconds))
        except StopIteration as end:
            result: T = end.value
            return result

    @property
    def _connection(self) -> Carrier:
        return stand_in() or self._process.connection

    @property
    def _ids(self) -> Iterator[str]:
        return self._process.ids

    @property
    def _process(self) -> _Process:
        """What belongs to this process; made by the first thread that asks."""
        process = self._processes.get(_generation)
        if process is None:
            process = self._processes.setdefault(
                _generation,
                _Process(Connection(self._address, self._secrets, self._role, self._patience)),
            )
        return process

    def _note_made(self, continuation_id: str) -> None:
        """A continuation was made in the request that this queue belongs to."""

    def _forked(self) -> None:
        """In a new process: what came with it belongs to the old one."""
        for process in self._processes.values():
            process.connection.abandon()
        self._processes.clear()


class _Process:
    """What a queue holds in one process."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.ids = NewIds()


def _forked() -> None:
    global _generation
    _generation += 1
    for queue in list(_queues):
        queue._forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)

JobQueue.schedule.__signature__ = signature(("self", "target"), JobFields, Job)  # type: ignore[attr-defined]


def _id_of(job: str | Job | None) -> str | None:
    return job.id if isinstance(job, Job) else job
