"""What the client for Twisted programs offers those who look closely and put things right.

What each method means is said at :class:`jqengine.client.JobQueue`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol, TypeVar, Unpack

from jqengine.errors import JobQueueError
from jqengine.wire import oversighttalks as talks
from jqengine.wire.calls import Talk
from jqengine.wire.fields import (
    EDIT_NAMES,
    REQUEST_NAMES,
    TIME_NAMES,
    EditFields,
    RequestFields,
    TimeFields,
    check_names,
)
from jqengine.wire.filters import (
    DELIVERY_FILTERS,
    JOB_FILTERS,
    RUN_FILTERS,
    DeliveryFilters,
    JobFilters,
    RunFilters,
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
    """What this part needs of the client it is a part of."""

    async def _hold(self, talk: Talk[T]) -> T: ...

    @property
    def _ids(self) -> Iterator[str]: ...

    @property
    def _uploads(self) -> Iterator[int]: ...


class Overseeing:
    """A part of :class:`~jqengine.remote.client.JobQueueClient`."""

    async def run(self: _Carrying, run: str) -> RunDetails:
        """All that is known of one run but for bodies."""
        return await self._hold(talks.run(run))

    async def request_body(self: _Carrying, key: str, *, limit: int | None = None) -> bytes:
        """The body of the request of a run or a job."""
        return await self._hold(talks.request_body(key, limit))

    async def response_body(
        self: _Carrying, run: str, attempt: int, *, limit: int | None = None
    ) -> bytes:
        """The body of what the application answered to one attempt of a run."""
        return await self._hold(talks.response_body(run, attempt, limit))

    async def versioned(
        self: _Carrying, job: str | None = None, *, name: str | None = None
    ) -> Versioned:
        """A job with what :meth:`edit` takes as its version."""
        return await self._hold(talks.versioned(job, name))

    async def jobs_page(
        self: _Carrying,
        *,
        after: str | None = None,
        limit: int = 100,
        **filters: Unpack[JobFilters],
    ) -> Page[JobView]:
        """A page of the jobs that match all that is said."""
        check_names("jobs_page", filters, JOB_FILTERS)
        return await self._hold(talks.jobs_page(filters, after, limit))

    async def runs_page(
        self: _Carrying,
        *,
        after: str | None = None,
        limit: int = 100,
        **filters: Unpack[RunFilters],
    ) -> Page[RunView]:
        """A page of the runs that match all that is said."""
        check_names("runs_page", filters, RUN_FILTERS)
        return await self._hold(talks.runs_page(filters, after, limit))

    async def deliveries(
        self: _Carrying,
        *,
        after: str | None = None,
        limit: int = 100,
        **filters: Unpack[DeliveryFilters],
    ) -> Page[DeliveryView]:
        """A page of the deliveries that match all that is said, the newest first."""
        check_names("deliveries", filters, DELIVERY_FILTERS)
        return await self._hold(talks.deliveries(filters, after, limit))

    async def continuations_page(
        self: _Carrying, *, after: str | None = None, limit: int = 100
    ) -> Page[ContinuationView]:
        """A page of the continuations there are, the newest first."""
        return await self._hold(talks.continuations_page(after, limit))

    async def redrive(self: _Carrying, delivery: str) -> bool:
        """Try a dead letter again; whether it was one."""
        return bool(await self._hold(talks.redrive(delivery, None)))

    async def redrive_all(self: _Carrying, *, sink: str | None = None) -> int:
        """Try all dead letters again, or those for one sink; how many they were."""
        return await self._hold(talks.redrive(None, sink))

    async def drop_delivery(self: _Carrying, delivery: str) -> bool:
        """Forget a dead letter; whether it was there."""
        return bool(await self._hold(talks.drop_delivery(delivery)))

    async def sinks(self: _Carrying) -> list[SinkView]:
        """Every sink with deliveries that have not arrived, or that the engine has tried."""
        return await self._hold(talks.sinks())

    async def upcoming(
        self: _Carrying,
        until: str | datetime | None = None,
        *,
        limit: int = 200,
        each: int | None = None,
    ) -> Upcoming:
        """The due times to come of all jobs, in order."""
        return await self._hold(talks.upcoming(until, limit, each))

    async def instants(
        self: _Carrying, job: str | None = None, *, name: str | None = None, count: int = 10
    ) -> WhenView:
        """The next due times of one job, and its schedule in words."""
        return await self._hold(talks.instants(job, name, count))

    async def when(self: _Carrying, *, count: int = 5, **time: Unpack[TimeFields]) -> WhenView:
        """What a time text means; no job is made."""
        check_names("when", time, TIME_NAMES)
        return await self._hold(talks.when(time, count))

    async def overview(self: _Carrying) -> Overview:
        """How the engine is, at a glance."""
        return await self._hold(talks.view())

    async def edit(
        self: _Carrying,
        job: str | None = None,
        *,
        name: str | None = None,
        clear: Iterable[str] = (),
        check: bool = False,
        version: str | None = None,
        **fields: Unpack[EditFields],
    ) -> EditView:
        """Change the request, the time, the policy or the sinks of a job; the rest stays."""
        check_names("edit", fields, EDIT_NAMES)
        talk = talks.edit(
            job,
            name,
            fields,
            clear=tuple(clear),
            check=check,
            version=version,
            upload=next(self._uploads),
        )
        return await self._hold(talk)

    async def retry_changed(self: _Carrying, run: str, **request: Unpack[RequestFields]) -> RunView:
        """Ask what a run has asked once more, now, with a changed request."""
        check_names("retry_changed", request, REQUEST_NAMES | {"target"})
        new_id, upload = next(self._ids), next(self._uploads)
        return await self._hold(talks.retry_changed(run, request, new_id, upload))

    async def change_many(
        self: _Carrying, jobs: Sequence[str], action: str
    ) -> list[JobView | RunView | JobQueueError]:
        """Do one thing to many jobs; for each the job, or the run, or what is wrong."""
        return await self._hold(talks.change_many(jobs, action, self._ids))
