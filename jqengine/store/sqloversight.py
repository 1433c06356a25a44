"""The side of a SQL store for those who look closely and put things right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from sqlalchemy import Connection
from twisted.internet.defer import Deferred
from zope.interface import implementer

from jqengine.delivery import Delivery
from jqengine.interfaces import IOversight
from jqengine.job import Definition, Job, Request, Run
from jqengine.queries import Amended, DeliveryFilter, Page, RunAccount, SinkState
from jqengine.store import oversight
from jqengine.store.thread import StoreThread

T = TypeVar("T")


class _Threads(Protocol):
    """What this side needs of the store it is a part of."""

    _writer: StoreThread

    def _ask(self, question: Callable[[Connection], T]) -> Deferred[T]: ...


@implementer(IOversight)
class SqlOversight:
    """Close looks and corrections; a part of a store."""

    def run_account(self: _Threads, run_id: str) -> Deferred[RunAccount | None]:
        """See :meth:`IOversight.run_account`."""
        return self._ask(partial(oversight.run_account, run_id=run_id))

    def request_body(
        self: _Threads, run_or_job_id: str, offset: int, size: int
    ) -> Deferred[tuple[bytes, int]]:
        """See :meth:`IOversight.request_body`."""
        find = partial(oversight.request_body, key=run_or_job_id, offset=offset, size=size)
        return self._ask(find)

    def find_deliveries(
        self: _Threads, wanted: DeliveryFilter, after: str | None, limit: int
    ) -> Deferred[Page[Delivery]]:
        """See :meth:`IOversight.find_deliveries`."""
        return self._ask(
            partial(oversight.find_deliveries, wanted=wanted, after=after, limit=limit)
        )

    def drop_delivery(self: _Threads, delivery_id: str) -> Deferred[bool]:
        """See :meth:`IOversight.drop_delivery`."""
        return self._writer.submit(partial(oversight.drop_delivery, delivery_id=delivery_id))

    def sink_states(self: _Threads) -> Deferred[Sequence[SinkState]]:
        """See :meth:`IOversight.sink_states`."""
        return self._ask(oversight.sink_states)

    def amend(
        self: _Threads, job_id: str, seen: Definition, amended: Amended, now: float
    ) -> Deferred[Job]:
        """See :meth:`IOversight.amend`."""
        amend = partial(oversight.amend, job_id=job_id, seen=seen, amended=amended, now=now)
        return self._writer.submit(amend)

    def run_changed(
        self: _Threads, job_id: str, run_id: str, request: Request, now: float
    ) -> Deferred[Run]:
        """See :meth:`IOversight.run_changed`."""
        make = partial(
            oversight.run_changed,
            job_id=job_id,
            run_id=run_id,
            request=request,
            now=now,
        )
        return self._writer.submit(make)
