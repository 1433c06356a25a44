"""Views of the client as JSON.  Pure.

Every member is always there; what is not known is null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from jqengine.wire.groups import GroupView
from jqengine.wire.oversightviews import (
    DeliveryView,
    Firing,
    Minute,
    Overview,
    RunDetails,
    SinkView,
    WhenView,
)
from jqengine.wire.views import ContinuationView, JobView, NodeView, ResultView, RunView

Shown = dict[str, Any]


def job(view: JobView) -> Shown:
    """A job."""
    shown = _all_of(view)
    del shown["existing"]
    return shown


def run(view: RunView) -> Shown:
    """A run."""
    return _all_of(view)


def run_in_full(details: RunDetails) -> Shown:
    """A run with all that is known of it."""
    shown = _all_of(details)
    del shown["run"]
    return {**run(details.run), **shown}


def attempt(view: ResultView) -> Shown:
    """The result of an attempt, without its body."""
    shown = _all_of(view)
    del shown["body"]
    return shown


def delivery(view: DeliveryView) -> Shown:
    """A delivery."""
    return _all_of(view)


def sink(view: SinkView) -> Shown:
    """A sink."""
    return {**_all_of(view), "failing": view.is_failing}


def continuation(view: ContinuationView) -> Shown:
    """A continuation."""
    return _all_of(view)


def node(view: NodeView) -> Shown:
    """A node."""
    return _all_of(view)


def group(view: GroupView) -> Shown:
    """A group."""
    return _all_of(view)


def firing(one: Firing) -> Shown:
    """A due time to come."""
    return {**one._asdict(), "due": instant(one.due)}


def when(view: WhenView) -> Shown:
    """What a schedule means."""
    # Not in UTC: the offset of its zone says what a change of clocks does to it.
    return {**_all_of(view), "instants": [moment.isoformat() for moment in view.instants]}


def overview(view: Overview) -> Shown:
    """How the engine is."""
    return {
        "at": instant(view.at),
        "all_well": view.all_well,
        "stats": dict(view.stats),
        "next": None if view.next is None else job(view.next),
        "running": [run(one) for one in view.running],
        "removed": [job(one) for one in view.removed],
        "dead": [delivery(one) for one in view.dead],
        "dead_count": view.dead_count,
        "failing": [sink(one) for one in view.failing],
        "stuck_threads": view.stuck_threads,
        "missing_nodes": list(view.missing_nodes),
        "minutes": [_minute(one) for one in view.minutes],
    }


def instant(moment: datetime) -> str:
    """*moment* as RFC 3339 writes it."""
    text = moment.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _minute(minute: Minute) -> Shown:
    return {**minute._asdict(), "start": instant(minute.start)}


def _all_of(view: Any) -> Shown:
    return {one.name: _plain(getattr(view, one.name)) for one in fields(view)}


def _plain(value: Any) -> Any:
    """*value* in what JSON knows."""
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    return value


_WRITERS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (datetime, instant),
    (Mapping, dict),
    (tuple, lambda value: [_plain(one) for one in value]),
)
