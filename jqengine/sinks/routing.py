"""Where a result goes: what is written with it, and what is told at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from twisted.logger import Logger

from jqengine.delivery import NOTHING_TO_DISPATCH, Dispatch, NewDelivery
from jqengine.errors import BadValue
from jqengine.interfaces import IClock
from jqengine.job import Result, Run, Verdict
from jqengine.sinks.catalogue import Catalogue, MadeSink
from jqengine.sinks.changes import fingerprint_of
from jqengine.sinks.choice import is_success, wants
from jqengine.sinkurl import On, scheme_of

NOT_MODIFIED = 304


class Route(NamedTuple):
    """The way to one sink, as far as it does not depend on the result.

    :ivar url: of the sink.
    :ivar lane: what its deliveries queue for.
    """

    url: str
    lane: str
    on: On


class Routes(NamedTuple):
    """The ways to all sinks of a job.

    :ivar durable: those that the store remembers until they have arrived.
    :ivar immediate: sinks that are told once.
    :ivar watching: whether one of them wants changes alone.
    """

    durable: tuple[Route, ...]
    immediate: tuple[MadeSink, ...]
    watching: bool


class Router:
    """Decides what becomes of results.  For the reactor thread.

    :param new_id: makes ids of deliveries.
    """

    _log = Logger()

    def __init__(self, catalogue: Catalogue, clock: IClock, new_id: Callable[[float], str]) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._new_id = new_id
        # Most runs share the sinks of a few jobs, or have the default ones.
        self.routes = lru_cache(maxsize=1024)(self._routes)

    def plan(self, run: Run, result: Result, verdict: Verdict) -> Dispatch:
        """What is to be written with the *result* that ends *run*."""
        routes = self.routes(run.sinks)
        if not routes.durable:
            return NOTHING_TO_DISPATCH
        removed = removal(run, verdict)
        status = result.status
        # An anonymous one-time job has no success before its own.
        recurs = run.job_id != run.id
        watching = routes.watching and recurs
        compared = watching and is_success(status) and status != NOT_MODIFIED
        return Dispatch(
            deliveries=tuple(
                self._delivery(route, removed, recurs)
                for route in routes.durable
                if wants(
                    route.on,
                    status,
                    changed=status != NOT_MODIFIED,
                    removed=removed is not None,
                )
            ),
            fingerprint=fingerprint_of(result) if compared else None,
        )

    def _delivery(self, route: Route, removed: str | None, recurs: bool) -> NewDelivery:
        return NewDelivery(
            id=self._new_id(self._clock.now()),
            sink=route.url,
            lane=route.lane,
            if_changed=recurs and route.on is On.CHANGE,
            removed=removed,
        )

    def _routes(self, sinks: tuple[str, ...]) -> Routes:
        durable: list[Route] = []
        immediate: list[MadeSink] = []
        for text in dict.fromkeys(sinks):
            made = self._made(text)
            if made is None:
                durable.append(Route(text, _lane_of_unknown(text), On.ALWAYS))
            elif made.sink.durable or made.url.on is On.CHANGE:
                durable.append(Route(text, made.sink.lane, made.url.on))
            else:
                immediate.append(made)
        watching = any(route.on is On.CHANGE for route in durable)
        return Routes(tuple(durable), tuple(immediate), watching)

    def _made(self, text: str) -> MadeSink | None:
        """The sink of *text*; none for one that was good when its job was
        accepted and is not any more, because its plugin is gone."""
        try:
            return self._catalogue.sink(text)
        except BadValue as error:
            self._log.error("A sink is not to be had: {error}", error=error)
            return None


def removal(run: Run, verdict: Verdict) -> str | None:
    """Why a job has left the queue; an anonymous one-time job was never to stay."""
    return verdict.remove if run.job_id != run.id else None


def _lane_of_unknown(text: str) -> str:
    try:
        return f"{scheme_of(text)}:"
    except BadValue:
        return "unknown:"
