"""What lists can be asked for; said at the methods of :class:`jqengine.client.JobQueue`."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict


class JobFilters(TypedDict, total=False):
    """Which jobs; said at :meth:`jqengine.client.JobQueue.jobs_page`."""

    state: str | None
    name: str | None
    target: str | None
    user: str | None
    origin: str | None
    once: bool | None
    order: str


class RunFilters(TypedDict, total=False):
    """Which runs; said at :meth:`jqengine.client.JobQueue.runs_page`."""

    job: str | None
    name: str | None
    target: str | None
    user: str | None
    state: str | None
    status: str | None
    since: str | datetime | None
    until: str | datetime | None
    node: str | None
    order: str | None


class DeliveryFilters(TypedDict, total=False):
    """Which deliveries; said at :meth:`jqengine.client.JobQueue.deliveries`."""

    run: str | None
    job: str | None
    sink: str | None
    state: str | None


JOB_FILTERS = JobFilters.__optional_keys__
RUN_FILTERS = RunFilters.__optional_keys__
DELIVERY_FILTERS = DeliveryFilters.__optional_keys__
