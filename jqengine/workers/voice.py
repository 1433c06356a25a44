"""The log of a worker: in its own voice, or through its parent."""

from __future__ import annotations

from typing import Any

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    eventFromJSON,
    globalLogPublisher,
    jsonFileLogObserver,
)
from zope.interface import implementer

from jqengine.logs import observer_to

_log = Logger()


def worker_observer(stream: Any, node: str, to_parent: bool) -> ILogObserver:
    """An observer that names the worker in each event.

    :param stream: standard error, which the worker shares with its parent, or
        which is a pipe that the parent reads.
    """
    if not to_parent:
        return _Naming(observer_to(stream), node)
    whole = jsonFileLogObserver(stream, recordSeparator="")
    return FilteringLogObserver(whole, [LogLevelFilterPredicate(LogLevel.info)])


@implementer(ILogObserver)
class _Naming:
    def __init__(self, observer: ILogObserver, node: str) -> None:
        self._observer = observer
        self._node = node

    def __call__(self, event: LogEvent) -> None:
        self._observer(named(event, self._node))


def named(event: LogEvent, node: str) -> LogEvent:
    """*event*, with the worker it is of."""
    level = event.get("log_level", LogLevel.info)
    system = f"{node} {event.get('log_namespace', '-')}#{level.name}"
    return {**event, "worker": node, "log_system": system}


def pass_on(line: bytes, node: str) -> None:
    """Log a line that a worker wrote: an event, or what something printed."""
    text = line.decode(errors="replace")
    try:
        event = eventFromJSON(text)
        globalLogPublisher(named(event, node))
    except (ValueError, KeyError, TypeError, AttributeError):
        _log.warn("{text}", text=text, worker=node)
