"""What others import and call: a name goes, comes or changes only on purpose.

Whoever adds one writes it here, too; whoever takes one away says so in the news.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import TypeVar

import pytest

MODULES = {
    "jqengine.client": """
        ContinuationView DeliveryView EditView Event Firing GroupView Job JobQueue
        JobQueueMiddleware JobView Minute NodeView OnSuccess Overview Page ResultView
        RunDetails RunView SinkView Upcoming Versioned WhenView
    """,
    "jqengine.eager": """
        Eager Ran eager
    """,
    "jqengine.testing": """
        Eager PlayedClock PlayedReactor Ran START eager
    """,
    "jqengine.remote.client": """
        JobQueueClient
    """,
    "jqengine.sinktools": """
        InThread Parcel SinkPlugin SinkTools
    """,
    "jqengine.sinkurl": """
        On SinkURL label_of parse_header_names parse_sink_url scheme_of watches
    """,
    "jqengine.errors": """
        ApplicationNotLoaded BadRequest BadSchedule BadValue ChangedMeanwhile
        ConfigurationError CrontabError CrontabErrors DeliveryFailed EngineError Forbidden
        JobQueueError KeyHeld LimitReached NoSuchContinuation NoSuchJob NoSuchNode
        NotConnected NotInTime NotPossible PastInstant SchemaTooNew StateDirectoryInUse
        StoreError StoreFull StoreUnavailable WorkerFailed
    """,
}
"""Names by the module that they are documented to be imported from."""

CLASSES = {
    "jqengine.client.JobQueue": """
        cancel change_many clear_continuations close continuation continuations
        continuations_page deliveries drain drop_continuation drop_delivery edit groups
        histories instants job jobs jobs_page nodes on_success overview pause pause_all
        redrive redrive_all reload request_body reschedule response_body results resume
        resume_all retry retry_changed run run_now run_now_as runs runs_page schedule
        schedule_as schedule_many sinks stats tail undrain upcoming versioned wait when
        would_schedule
    """,
    "jqengine.client.Job": """
        cancel due existing id name pause refresh reschedule resume retry run_now runs state
        view wait
    """,
    "jqengine.client.OnSuccess": """
        schedule schedule_many
    """,
    "jqengine.remote.client.JobQueueClient": """
        cancel change_many clear_continuations close continuation continuations
        continuations_page deliveries drain drop_continuation drop_delivery edit groups
        instants job jobs jobs_page nodes overview pause pause_all redrive redrive_all
        reload request_body reschedule response_body results resume resume_all retry
        retry_changed run run_now runs runs_page schedule schedule_many sinks stats tail
        undrain upcoming versioned wait when
    """,
    "jqengine.eager.Eager": """
        advance around jobs now reachable run_due
    """,
}
"""Methods and attributes by their class."""

OF_SINKS = {"IResultSink", "IResultSinkFactory"}


def names_of(module: ModuleType) -> Iterator[str]:
    """What *module* says is for others, or, where it says nothing, what it defines."""
    if hasattr(module, "__all__"):
        yield from module.__all__
        return
    for name, value in vars(module).items():
        is_ours = getattr(value, "__module__", None) == module.__name__
        if is_ours and not name.startswith("_") and not isinstance(value, TypeVar):
            yield name


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_these_names(name: str) -> None:
    assert sorted(names_of(import_module(name))) == sorted(MODULES[name].split())


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_these_names(name: str) -> None:
    module, _, owner = name.rpartition(".")
    found = dir(getattr(import_module(module), owner))
    assert sorted(one for one in found if not one.startswith("_")) == sorted(CLASSES[name].split())


def test_third_parties_find_the_interfaces_of_sinks() -> None:
    assert set(dir(import_module("jqengine.interfaces"))) > OF_SINKS
