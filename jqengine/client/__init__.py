"""What an application imports to schedule its own jobs.

Standard library only: it works in any program, whatever serves it.

    from jqengine.client import JobQueue

    queue = JobQueue()
    job = queue.schedule("/reports/7", method="POST", when="next friday 17:00")
"""

from __future__ import annotations

from jqengine.client.job import Job
from jqengine.client.middleware import JobQueueMiddleware
from jqengine.client.queue import JobQueue
from jqengine.client.request import OnSuccess
from jqengine.wire.events import Event
from jqengine.wire.groups import GroupView
from jqengine.wire.oversighttalks import Versioned
from jqengine.wire.oversightviews import (
    DeliveryView,
    EditView,
    Firing,
    Minute,
    Overview,
    Page,
    RunDetails,
    SinkView,
    Upcoming,
    WhenView,
)
from jqengine.wire.views import ContinuationView, JobView, NodeView, ResultView, RunView

__all__ = [
    "ContinuationView",
    "DeliveryView",
    "EditView",
    "Event",
    "Firing",
    "GroupView",
    "Job",
    "JobQueue",
    "JobQueueMiddleware",
    "JobView",
    "Minute",
    "NodeView",
    "OnSuccess",
    "Overview",
    "Page",
    "ResultView",
    "RunDetails",
    "RunView",
    "SinkView",
    "Upcoming",
    "Versioned",
    "WhenView",
]
