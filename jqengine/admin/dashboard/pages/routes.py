"""Which page answers at which path."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from jqengine.admin.dashboard.desk import Desk
from jqengine.admin.dashboard.pages import forms, job, jobs, others, overview, run, trouble
from jqengine.admin.dashboard.web import Asked, Response


class Route(NamedTuple):
    """A page.

    :ivar pattern: of its path; ``*`` stands for one segment.
    """

    method: str
    pattern: str
    page: Callable[[Desk, Asked], Response]


ROUTES = (
    Route("GET", "/", overview.show_overview),
    Route("GET", "/jobs", jobs.list_jobs),
    Route("POST", "/jobs", jobs.change_jobs),
    Route("GET", "/jobs/new", forms.new_job),
    Route("POST", "/jobs/new", forms.add_job),
    Route("GET", "/instants", forms.instants),
    Route("GET", "/jobs/*", job.show_job),
    Route("POST", "/jobs/*/pause", job.pause_job),
    Route("POST", "/jobs/*/resume", job.resume_job),
    Route("POST", "/jobs/*/cancel", job.cancel_job),
    Route("POST", "/jobs/*/run", job.run_job),
    Route("GET", "/jobs/*/edit", forms.edit_job),
    Route("POST", "/jobs/*/edit", forms.save_job),
    Route("GET", "/runs/*", run.show_run),
    Route("POST", "/runs/*/retry", run.retry_run),
    Route("GET", "/runs/*/retry", forms.retry_changed),
    Route("POST", "/runs/*/retry-changed", forms.send_changed),
    Route("GET", "/needs-you", trouble.show_troubles),
    Route("POST", "/needs-you/redrive", trouble.redrive),
    Route("POST", "/needs-you/forget", trouble.forget_letters),
    Route("GET", "/continuations", others.list_continuations),
    Route("POST", "/continuations/forget", others.forget_continuation),
    Route("GET", "/sinks", others.list_sinks),
    Route("POST", "/sinks/redrive", others.redrive_sink),
    Route("GET", "/nodes", others.list_nodes),
    Route("GET", "/groups", others.list_groups),
    Route("POST", "/groups/pause", others.pause_group),
    Route("POST", "/groups/resume", others.resume_group),
    Route("POST", "/nodes/drain", others.drain_node),
    Route("POST", "/nodes/undrain", others.undrain_node),
)
