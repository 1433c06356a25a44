"""Every metric there is, as data: what ``/metrics`` serves and the reference lists."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a metric is, in Prometheus' words."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(NamedTuple):
    """One metric.

    :ivar name: as it is asked for; a counter ends in ``_total``.
    :ivar labels: besides ``node``, which all have.
    :ivar of_store: whether it is the same on all nodes that share a store.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    of_store: bool = False


_C, _G, _H = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM

METRICS = (
    Metric("jobqueue_attempts_begun_total", _C, "Attempts that went to the job threads."),
    Metric(
        "jobqueue_attempts_ended_total",
        _C,
        "Attempts that ended, by what became of the run (finished, failed, waiting for another"
        " attempt, cancelled) and the class of the status (none, 1xx to 5xx).",
        ("outcome", "status"),
    ),
    Metric(
        "jobqueue_job_lateness_seconds",
        _H,
        "From the due time of a run to the start of its first attempt.",
    ),
    Metric("jobqueue_job_duration_seconds", _H, "From the start of an attempt to its end."),
    Metric(
        "jobqueue_jobs_removed_total", _C, "Jobs that left the queue because of what they answered."
    ),
    Metric(
        "jobqueue_jobs",
        _G,
        "How much there is: scheduled due times and attempts to come; due, those that have come"
        " and have not begun; running; finished and failed runs that are kept; removed jobs.",
        ("state",),
        of_store=True,
    ),
    Metric(
        "jobqueue_oldest_due_seconds",
        _G,
        "How long ago the oldest that is due came due; 0 when nothing is due.",
        of_store=True,
    ),
    Metric(
        "jobqueue_deliveries",
        _G,
        "Deliveries that are pending, delivering or dead (dead letters).",
        ("state",),
        of_store=True,
    ),
    Metric(
        "jobqueue_delivery_tries_total",
        _C,
        "Tries of deliveries that ended, by the sink's scheme and what became of the delivery"
        " (delivered, pending for another try, dead).",
        ("sink", "outcome"),
    ),
    Metric("jobqueue_leases", _G, "Runs that this node holds: claimed, their end not on disk yet."),
    Metric(
        "jobqueue_results_refused_total", _C, "Results that came when their lease had been lost."
    ),
    Metric("jobqueue_lease_age_seconds", _G, "Since the leases were last renewed."),
    Metric("jobqueue_tick_age_seconds", _G, "Since the node last looked for jobs."),
    Metric("jobqueue_jobs_spooled", _G, "Jobs that were accepted and are not in the store yet."),
    Metric("jobqueue_threads", _G, "Threads of a pool: web, job, sink.", ("pool",)),
    Metric("jobqueue_threads_busy", _G, "Threads that are in a call.", ("pool",)),
    Metric(
        "jobqueue_threads_stuck", _G, "Job threads busy with runs that were given up.", ("pool",)
    ),
    Metric("jobqueue_calls_waiting", _G, "Calls that wait for a thread.", ("pool",)),
    Metric("jobqueue_store_up", _G, "1 if the store answered, else 0."),
    Metric(
        "jobqueue_store_group_seconds",
        _H,
        "How long a group of calls took the store's writer, its commit included.",
    ),
    Metric("jobqueue_store_group_calls", _H, "How many calls shared a commit."),
    Metric("jobqueue_store_calls_waiting", _G, "Calls that the store has not answered yet."),
    Metric("jobqueue_store_troubles_total", _C, "How often the store could not do its work."),
    Metric(
        "jobqueue_http_requests_total",
        _C,
        "HTTP requests that ended, by listener (app, admin) and class of the status.",
        ("listener", "status"),
    ),
    Metric(
        "jobqueue_http_request_seconds",
        _H,
        "From the complete request to the end of its response.",
        ("listener",),
    ),
    Metric("jobqueue_http_connections", _G, "Open connections of a listener.", ("listener",)),
    Metric("jobqueue_amp_connections", _G, "Clients connected over AMP."),
    Metric(
        "jobqueue_build_info",
        _G,
        "1, with the versions that run.",
        ("version", "python", "twisted"),
    ),
)
"""Beside them come those of the process, ``process_*``, as prometheus_client has them."""
