"""What a queue offers those who look closely and put things right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol, TypeVar, Unpack

from jqengine.client.job import Job
from jqengine.errors import JobQueueError
from jqengine.wire import oversighttalks as talks
from jqengine.wire import talks as every_talk
from jqengine.wire.calls import Talk
from jqengine.wire.fields import (
    EDIT_NAMES,
    JOB_NAMES,
    REQUEST_NAMES,
    TIME_NAMES,
    EditFields,
    JobFields,
    RequestFields,
    TimeFields,
    check_names,
)
from jqengine.wire.oversighttalks import Versioned
from jqengine.wire.oversightviews import (
    DeliveryView,
    EditView,
    Overview,
    Page,
    RunDetails,
    SinkView,
    Upcoming,
    WhenView,
)
from jqengine.wire.views import ContinuationView, JobView, RunView

T = TypeVar("T")


class _Carrying(Protocol):
    """What this part needs of the queue it is a part of."""

    def _hold(self, talk: Talk[T]) -> T: ...

    @property
    def _ids(self) -> Iterator[str]: ...

    @property
    def _uploads(self) -> Iterator[int]: ...


class Overseeing:
    """A part of :class:`~jqengine.client.JobQueue`."""

    def run(self: _Carrying, run: str | RunView) -> RunDetails:
        """All that is known of one run but for bodies.

        :raises NoSuchJob: there is none.
        """
        return self._hold(talks.run(_key(run)))

    def request_body(
        self: _Carrying, of: str | RunView | JobView | Job, *, limit: int | None = None
    ) -> bytes:
        """The body of the request of a run or a job.

        :param limit: no more than so many bytes of its beginning.
        :raises NoSuchJob: there is no such run or job.
        :raises NotPossible: its request is a saved one, whose body nobody is shown.
        """
        return self._hold(talks.request_body(_key(of), limit))

    def response_body(
        self: _Carrying, run: str | RunView, attempt: int, *, limit: int | None = None
    ) -> bytes:
        """The body of what the application answered to one attempt of a run.

        :param limit: no more than so many bytes of its beginning.
        :raises NoSuchJob: there is no such result.
        """
        return self._hold(talks.response_body(_key(run), attempt, limit))

    def schedule_as(
        self: _Carrying, job_id: str, target: str | None = None, **fields: Unpack[JobFields]
    ) -> JobView:
        """Schedule a job under an id that is proposed; the same said again adds nothing.

        :param job_id: 26 hexadecimal digits that nobody else has made.
        :raises NotPossible: it is the id of a job with another request.
        """
        check_names("schedule_as", fields, JOB_NAMES)
        said = {"target": target, **fields}
        return self._hold(every_talk.schedule(said, job_id, next(self._uploads)))

    def would_schedule(
        self: _Carrying, target: str | None = None, **fields: Unpack[JobFields]
    ) -> JobView:
        """The job that would come of :meth:`JobQueue.schedule`; nothing is added."""
        check_names("would_schedule", fields, JOB_NAMES)
        return self._hold(every_talk.check({"target": target, **fields}, next(self._ids)))

    def run_now_as(self: _Carrying, run_id: str, job: str | Job) -> RunView:
        """Run a job now under an id that is proposed; the same said again adds nothing."""
        return self._hold(every_talk.run_now(_key(job), None, run_id))

    def versioned(
        self: _Carrying, job: str | Job | None = None, *, name: str | None = None
    ) -> Versioned:
        """A job with what :meth:`edit` takes as its version.

        :raises NoSuchJob: there is none.
        """
        return self._hold(talks.versioned(_key_or_none(job), name))

    def jobs_page(
        self: _Carrying,
        *,
        state: str | None = None,
        name: str | None = None,
        target: str | None = None,
        user: str | None = None,
        origin: str | None = None,
        once: bool | None = None,
        order: str = "newest",
        after: str | None = None,
        limit: int = 100,
    ) -> Page[JobView]:
        """A page of the jobs that match all that is said.

        See :meth:`JobQueue.jobs` for what can be said besides:

        :param once: only jobs without a name that are due once, or with false
            none of them.
        :param after: the ``next`` of the page before.
        :param limit: jobs on the page at most, up to 1,000.
        """
        filters = {
            "state": state,
            "name": name,
            "target": target,
            "user": user,
            "origin": origin,
            "once": once,
            "order": order,
        }
        return self._hold(talks.jobs_page(filters, after, limit))

    def runs_page(
        self: _Carrying,
        job: str | Job | None = None,
        *,
        name: str | None = None,
        target: str | None = None,
        user: str | None = None,
        state: str | None = None,
        status: str | int | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        node: str | None = None,
        order: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[RunView]:
        """A page of the runs that match all that is said.

        :param job: only those of this job, the latest due first.
        :param name: only those of the job of that name, or of all jobs whose
            names begin so, with ``*`` behind it.
        :param target: a target, or the beginning of one with ``*`` behind it.
        :param state: one or several, separated by commas.
        :param status: of the last attempt: ``503``, ``5xx``, or 0 for no response.
        :param since: only those that ended from then on, and *until* up to then.
        :param node: only those whose last attempt began there.
        :param order: ``newest`` made first, or ``ended`` last first, which is
            without those that have not; that by default where *since* or *until*
            is given.
        :param after: the ``next`` of the page before.
        :param limit: runs on the page at most, up to 1,000.
        """
        filters = {
            "job": _key_or_none(job),
            "name": name,
            "target": target,
            "user": user,
            "state": state,
            "status": None if status is None else str(status),
            "since": since,
            "until": until,
            "node": node,
            "order": order,
        }
        return self._hold(talks.runs_page(filters, after, limit))

    def histories(
        self: _Carrying, jobs: Iterable[str | Job | JobView], *, limit: int = 30
    ) -> list[Sequence[RunView]]:
        """The latest runs of each of several jobs, the newest first; none of one that is gone.

        :param limit: runs of each at most, up to 1,000.
        """
        return self._hold(talks.histories([_key(job) for job in jobs], limit))

    def deliveries(
        self: _Carrying,
        *,
        run: str | RunView | None = None,
        job: str | Job | None = None,
        sink: str | None = None,
        state: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[DeliveryView]:
        """A page of the deliveries that match all that is said, the newest first.

        :param sink: its URL, or what that is shown as.
        :param state: one or several, separated by commas; ``dead`` are the dead letters.
        """
        filters = {
            "run": None if run is None else _key(run),
            "job": _key_or_none(job),
            "sink": sink,
            "state": state,
        }
        return self._hold(talks.deliveries(filters, after, limit))

    def continuations_page(
        self: _Carrying, *, after: str | None = None, limit: int = 100
    ) -> Page[ContinuationView]:
        """A page of the continuations there are, the newest first; none of their secrets."""
        return self._hold(talks.continuations_page(after, limit))

    def redrive(self: _Carrying, delivery: str | DeliveryView) -> bool:
        """Try a dead letter again; whether it was one."""
        return bool(self._hold(talks.redrive(_key(delivery), None)))

    def redrive_all(self: _Carrying, *, sink: str | None = None) -> int:
        """Try all dead letters again, or those for one sink; how many they were.

        :param sink: its URL, or what that is shown as.
        """
        return self._hold(talks.redrive(None, sink))

    def drop_delivery(self: _Carrying, delivery: str | DeliveryView) -> bool:
        """Forget a dead letter; whether it was there.

        :raises NotPossible: the delivery is not dead.
        """
        return bool(self._hold(talks.drop_delivery(_key(delivery))))

    def sinks(self: _Carrying) -> list[SinkView]:
        """Every sink with deliveries that have not arrived, or that the engine has tried."""
        return self._hold(talks.sinks())

    def upcoming(
        self: _Carrying,
        until: str | datetime | None = None,
        *,
        limit: int = 200,
        each: int | None = None,
    ) -> Upcoming:
        """The due times to come of all jobs, in order.

        :param until: none after this; a day from now unless said.
        :param limit: at most so many, up to 1,000.
        :param each: at most so many of one job.
        """
        return self._hold(talks.upcoming(until, limit, each))

    def instants(
        self: _Carrying, job: str | Job | None = None, *, name: str | None = None, count: int = 10
    ) -> WhenView:
        """The next due times of one job, at most *count*, and its schedule in words."""
        return self._hold(talks.instants(_key_or_none(job), name, count))

    def when(self: _Carrying, *, count: int = 5, **time: Unpack[TimeFields]) -> WhenView:
        """What a time text means; no job is made.

        :param count: due times that are wanted, up to 100.
        :raises BadSchedule, PastInstant, BadValue: it is not understood; the
            sentence quotes the word.
        """
        check_names("when", time, TIME_NAMES)
        return self._hold(talks.when(time, count))

    def overview(self: _Carrying) -> Overview:
        """How the engine is, at a glance; cheap."""
        return self._hold(talks.view())

    def edit(
        self: _Carrying,
        job: str | Job | None = None,
        *,
        name: str | None = None,
        clear: Iterable[str] = (),
        check: bool = False,
        version: str | None = None,
        **fields: Unpack[EditFields],
    ) -> EditView:
        """Change the request, the time, the policy or the sinks of a job; the rest stays.

        :param name: which job, if not by *job*; a name itself stays.
        :param clear: what is to be as if it had never been said: ``user``,
            ``headers``, ``body``, or the name of an option.
        :param check: only say what would come of it.
        :param version: of the job, as :meth:`versioned` gave it: to be refused if
            somebody else has changed it since.
        :raises NotPossible: it is a crontab's, which is changed there, or is over.
        :raises ChangedMeanwhile: it has another version by now.
        :raises BadValue, BadRequest, BadSchedule: something is wrong with a field.
        """
        check_names("edit", fields, EDIT_NAMES)
        key = _key_or_none(job)
        upload = next(self._uploads)
        talk = talks.edit(
            key,
            name,
            fields,
            clear=tuple(clear),
            check=check,
            version=version,
            upload=upload,
        )
        return self._hold(talk)

    def retry_changed(
        self: _Carrying,
        run: str | RunView,
        *,
        run_id: str | None = None,
        **request: Unpack[RequestFields],
    ) -> RunView:
        """Ask what a run has asked once more, now, with a changed request.

        Of a job with a name, or one that recurs, it is a run of that job, which
        stays as it is; else another job.

        :param run_id: proposed for the new run; the same said again adds nothing.
        :param request: *target* and what else of the request is to be different.
        """
        check_names("retry_changed", request, REQUEST_NAMES | {"target"})
        new_id, upload = run_id or next(self._ids), next(self._uploads)
        return self._hold(talks.retry_changed(_key(run), request, new_id, upload))

    def change_many(
        self: _Carrying, jobs: Iterable[str | Job | JobView], action: str
    ) -> list[JobView | RunView | JobQueueError]:
        """Do one thing to many jobs; for each the job, or the run, or what is wrong.

        :param action: ``pause``, ``resume``, ``cancel`` or ``run``.
        :raises BadValue: it is none of these, or they are more than 1,000.
        """
        ids = [_key(job) for job in jobs]
        return self._hold(talks.change_many(ids, action, self._ids))


def _key(thing: str | Job | JobView | RunView | DeliveryView) -> str:
    return thing if isinstance(thing, str) else thing.id


def _key_or_none(job: str | Job | None) -> str | None:
    return None if job is None else _key(job)
