"""The engine as it is seen from within one request: ``environ["jobqueue"]``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, Unpack

from jqengine.client.connection import Carrier
from jqengine.client.job import Job
from jqengine.client.queue import JobQueue
from jqengine.errors import JobQueueError, LimitReached, NotPossible
from jqengine.wire import talks
from jqengine.wire.calls import Talk
from jqengine.wire.fields import (
    JOB_NAMES,
    REQUEST_NAMES,
    JobFields,
    JobRequest,
    check_names,
)
from jqengine.wire.submitting import job_text

T = TypeVar("T")
Environ = dict[str, Any]

MOST_HELD = 1000
LARGEST_HELD = 16 * 1024 * 1024 - 4096
"""Jobs that one request can schedule for its success, and characters of their JSON."""

# What the engine would refuse in a header is not passed on to it.
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class RequestQueue(JobQueue):
    """A :class:`JobQueue` that knows the request it is used in.

    Its jobs continue the request's trace, and :meth:`on_success` is possible.
    Good for as long as the request is; safe to use from many threads.

    :param queue: whose connection it uses.
    :param traceparent: of the request, if it has one.
    """

    _held: list[str] | None = None
    _made: list[str] | None = None
    _over = False

    def __init__(self, queue: JobQueue, traceparent: str | None = None) -> None:
        # Nothing of the base is made anew: this happens in every request.
        self._queue = queue
        self._traceparent = traceparent

    @property
    def address(self) -> str:  # type: ignore[override]
        """Where the engine is."""
        return self._queue.address

    @property
    def held(self) -> list[str]:
        """The jobs scheduled so far for the request's success, as JSON."""
        return self._held or []

    @property
    def made(self) -> list[str]:
        """The ids of the continuations made of the request so far."""
        return self._made or []

    def schedule(self, target: str | None = None, **fields: Unpack[JobFields]) -> Job:
        """See :meth:`JobQueue.schedule`."""
        return super().schedule(target, **self._traced(fields))

    def schedule_many(
        self, jobs: Iterable[JobRequest], **defaults: Unpack[JobFields]
    ) -> list[Job | JobQueueError]:
        """See :meth:`JobQueue.schedule_many`."""
        return super().schedule_many(self._each_traced(jobs), **self._traced(defaults))

    def on_success(self) -> OnSuccess:
        """A queue whose jobs come about only if this request succeeds.

        They are accepted all together when the response, below 400, is about
        to end; of a job's request, with its result. They are forgotten when it
        is another status, when the application fails, or when the client has left.

        :raises NotPossible: the response has begun already.
        """
        self._check_not_over()
        return OnSuccess(self)

    def hold(self, target: str | None, fields: Mapping[str, Any]) -> Job:
        """Have the engine judge a job, and keep it for the request's success.

        :raises JobQueueError: what :meth:`schedule` would raise.
        :raises LimitReached: the request has scheduled too much.
        :raises NotPossible: the response has begun already.
        """
        self._check_not_over()
        said = {"target": target, **self._traced(fields)}
        job_id = next(self._ids)
        view = self._hold(talks.check(said, job_id))
        text = job_text({**said, "id": job_id, "as_of": view.created})
        held = self._held = self._held or []
        if len(held) >= MOST_HELD or len(text) + sum(map(len, held)) + len(held) > LARGEST_HELD:
            raise LimitReached(
                f"one request can schedule {MOST_HELD} jobs for its success, of 16 MiB in all"
            )
        held.append(text)
        return Job(self, job_id, view)

    def end(self) -> None:
        """Nothing more is scheduled for the request's success."""
        self._over = True

    def commit(self) -> None:
        """Have the engine accept what is held, all of it or, when this raises, nothing."""
        self._over = True
        held, self._held = self._held, None
        if held:
            self._hold(talks.schedule_together(held, next(self._uploads)))

    def _check_not_over(self) -> None:
        if self._over:
            raise NotPossible(
                "what depends on the success of a request must be scheduled before its response"
                " begins"
            )

    def _note_made(self, continuation_id: str) -> None:
        self._made = [*self.made, continuation_id]

    def _traced(self, fields: Any) -> Any:
        """*fields* of a job, continuing the request's trace unless they say otherwise."""
        trace = self._traceparent
        if trace is None or fields.get("continuation") is not None:
            return fields
        headers = fields.get("headers") or ()
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        if any(name.lower() == "traceparent" for name, _ in pairs):
            return fields
        if not _TRACEPARENT.fullmatch(trace):
            return fields
        return {**fields, "headers": [*pairs, ("traceparent", trace)]}

    def _each_traced(self, jobs: Iterable[JobRequest]) -> Iterator[JobRequest]:
        """*jobs*, with the trace where they have headers; the others have it by default."""
        for job in jobs:
            yield self._traced(job) if job.get("headers") else job

    # What belongs to the queue whose connection this uses.

    def _hold(self, talk: Talk[T]) -> T:
        return self._queue._hold(talk)

    @property
    def _connection(self) -> Carrier:
        return self._queue._connection

    @property
    def _ids(self) -> Iterator[str]:
        return self._queue._ids

    @property
    def _uploads(self) -> Iterator[int]:  # type: ignore[override]
        return self._queue._uploads

    @property
    def _timeout(self) -> float:  # type: ignore[override]
        return self._queue._timeout


def with_queue(build: Callable[[T], Environ], queue: JobQueue) -> Callable[[T], Environ]:
    """What *build* makes, with a queue of its own."""

    def built(of: T) -> Environ:
        environ = build(of)
        environ["jobqueue"] = RequestQueue(queue, environ.get("HTTP_TRACEPARENT"))
        return environ

    return built


def held_in(environ: Mapping[str, Any]) -> list[str]:
    """What was scheduled for the success of a request that has ended, as JSON."""
    queue = environ.get("jobqueue")
    if not isinstance(queue, RequestQueue):
        return []
    queue.end()
    return queue.held


class OnSuccess:
    """Jobs that come about only if the request they are scheduled in succeeds.

    What is wrong with a job is said at once. Its time is read at once, too:
    ``after="90s"`` is 90 seconds from the call, not from the end of the request.
    """

    def __init__(self, queue: RequestQueue) -> None:
        self._queue = queue

    def schedule(self, target: str | None = None, **fields: Unpack[JobFields]) -> Job:
        """See :meth:`JobQueue.schedule`; until the request has succeeded, the
        engine knows no such job."""
        check_names("schedule", fields, JOB_NAMES)
        return self._queue.hold(target, fields)

    def schedule_many(
        self, jobs: Iterable[JobRequest], **defaults: Unpack[JobFields]
    ) -> list[Job | JobQueueError]:
        """See :meth:`JobQueue.schedule_many`."""
        check_names("schedule_many", defaults, JOB_NAMES)
        of_any = {name: said for name, said in defaults.items() if name not in REQUEST_NAMES}
        return [
            self._job_or_error({**(of_any if job.get("continuation") else defaults), **job})
            for job in jobs
        ]

    def _job_or_error(self, fields: dict[str, Any]) -> Job | JobQueueError:
        try:
            return self._queue.hold(fields.pop("target", None), fields)
        except JobQueueError as error:
            return error

    def __repr__(self) -> str:
        return f"<OnSuccess of {self._queue!r}: {len(self._queue.held)} jobs>"
