"""The metrics of one engine: where each of them is read."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping

import twisted

from jqengine.admin.metrics import Metrics, MetricsResource, Source, Values
from jqengine.admin.runmeasures import RunMeasures
from jqengine.admin.storemetrics import StoreMetrics
from jqengine.app.service import HttpService
from jqengine.app.threads import ApplicationThreads
from jqengine.assembly.jobs import JobSide
from jqengine.assembly.surroundings import Surroundings
from jqengine.remote.assembly import Remote
from jqengine.sinks.side import SinkSide
from jqengine.store.sql import SqlStore
from jqengine.version import VERSION

_CLASSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
"""Of statuses, by their first digit; 0 is no answer at all."""


class EngineMetrics:
    """Reads all parts of an engine.  For the reactor thread.

    :param listeners: by what they serve: ``app``, ``admin``.
    :param pools: by name.
    :param jobs: the parts that move jobs, once there are any.
    :param node: the name of this node.
    :param spooled: how many jobs wait to come into the store.
    """

    def __init__(
        self,
        *,
        world: Surroundings,
        store: SqlStore,
        remote: Remote,
        sinks: SinkSide,
        listeners: Mapping[str, HttpService],
        pools: Mapping[str, ApplicationThreads],
        jobs: Callable[[], JobSide | None],
        node: Callable[[], str],
        spooled: Callable[[], int] = lambda: 0,
    ) -> None:
        self._store = store
        self._remote = remote
        self._sinks = sinks
        self._listeners = listeners
        self._pools = pools
        self._jobs = jobs
        self._spooled = spooled
        self._runs = RunMeasures()
        remote.hub.subscribe(self._runs)
        ask_store = StoreMetrics(world.reactor, world.clock, store, store)
        self.resource = MetricsResource(Metrics(self._sources(), ask_store, node))

    def _sources(self) -> Mapping[str, Source]:
        return {
            **self._of_runs(),
            **self._of_dispatch(),
            **self._of_threads(),
            **self._of_store(),
            **self._of_connections(),
            "jobqueue_build_info": lambda: {
                (VERSION, platform.python_version(), twisted.__version__): 1
            },
        }

    def _of_runs(self) -> Mapping[str, Source]:
        runs = self._runs
        return {
            "jobqueue_attempts_begun_total": lambda: {(): runs.begun},
            "jobqueue_attempts_ended_total": lambda: {
                (outcome, _class(status)): count
                for (outcome, status), count in runs.ended_by.items()
            },
            "jobqueue_job_lateness_seconds": lambda: {(): runs.lateness},
            "jobqueue_job_duration_seconds": lambda: {(): runs.duration},
            "jobqueue_jobs_removed_total": lambda: {(): runs.removed},
        }

    def _of_dispatch(self) -> Mapping[str, Source]:
        return {
            "jobqueue_leases": lambda: self._now(lambda jobs: jobs.condition().in_hand),
            "jobqueue_results_refused_total": lambda: self._now(lambda jobs: jobs.refused),
            "jobqueue_lease_age_seconds": lambda: self._now(
                lambda jobs: jobs.condition().lease_age
            ),
            "jobqueue_tick_age_seconds": lambda: self._now(lambda jobs: jobs.condition().tick_age),
            "jobqueue_delivery_tries_total": self._tries,
            "jobqueue_jobs_spooled": lambda: {(): self._spooled()},
        }

    def _of_threads(self) -> Mapping[str, Source]:
        pools = self._pools
        return {
            "jobqueue_threads": lambda: {(name,): pool.size for name, pool in pools.items()},
            "jobqueue_threads_busy": lambda: {(name,): pool.busy for name, pool in pools.items()},
            "jobqueue_calls_waiting": lambda: {
                (name,): pool.waiting for name, pool in pools.items()
            },
            "jobqueue_threads_stuck": lambda: {
                ("job", *labels): number
                for labels, number in self._now(lambda jobs: jobs.condition().stuck).items()
            },
        }

    def _of_store(self) -> Mapping[str, Source]:
        store = self._store
        return {
            "jobqueue_store_group_seconds": lambda: {(): store.measures.seconds},
            "jobqueue_store_group_calls": lambda: {(): store.measures.sizes},
            "jobqueue_store_calls_waiting": lambda: {(): store.outstanding},
            "jobqueue_store_troubles_total": lambda: {(): store.measures.troubles},
        }

    def _of_connections(self) -> Mapping[str, Source]:
        listeners = self._listeners
        return {
            "jobqueue_http_requests_total": lambda: {
                (name, _class(status)): count
                for name, one in listeners.items()
                for status, count in one.measures.statuses.items()
            },
            "jobqueue_http_request_seconds": lambda: {
                (name,): one.measures.seconds for name, one in listeners.items()
            },
            "jobqueue_http_connections": lambda: {
                (name,): one.connections for name, one in listeners.items()
            },
            "jobqueue_amp_connections": lambda: {(): self._remote.connections},
        }

    def _now(self, read: Callable[[JobSide], float]) -> Values:
        jobs = self._jobs()
        return {} if jobs is None else {(): read(jobs)}

    def _tries(self) -> Values:
        # There is a deliverer once there are parts that move jobs.
        if self._jobs() is None:
            return {}
        return {(scheme, end): count for (scheme, end), count in self._sinks.deliverer.ends.items()}


def _class(status: int) -> str:
    return _CLASSES[status] if status < len(_CLASSES) else "other"
