"""What stands in eager mode where a real engine has threads, sinks and crontabs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from twisted.internet.task import Clock
from zope.interface import implementer

from jqengine.delivery import NOTHING_TO_DISPATCH, Dispatch
from jqengine.errors import BadValue
from jqengine.interfaces import IClock, IDelivery, IRunObserver
from jqengine.job import Outcome, Result, Run, Verdict
from jqengine.options import BaseURL
from jqengine.plan import CrontabPlan
from jqengine.request.environ import EnvironBuilder, JobEnviron
from jqengine.sinks.catalogue import installed_factories


@implementer(IClock)
class PlayedClock:
    """A wall clock that goes with a played time.

    :param begin: the instant at which that begins.
    """

    def __init__(self, time: Clock, begin: float) -> None:
        self._time = time
        self._begin = begin

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return self.at(self._time.seconds())

    def at(self, seconds: float) -> float:
        """The instant of a played time, to the microsecond as due times are."""
        return round(self._begin + seconds, 6)


@implementer(IRunObserver)
class Watching:
    """Tells a function of every attempt that has ended."""

    def __init__(self, ended: Callable[[Run, Outcome], None]) -> None:
        self.ended = ended

    def began(self, runs: Sequence[Run]) -> None:
        pass


@implementer(IDelivery)
class NoDelivery:
    """Brings results nowhere."""

    def plan(self, run: Run, result: Result, verdict: Verdict) -> Dispatch:
        return NOTHING_TO_DISPATCH

    def deliver(self, run: Run, outcome: Outcome) -> None:
        pass


def job_environ(base: BaseURL) -> EnvironBuilder:
    """What makes the environs of jobs; errors go where a test catches them."""
    return JobEnviron(
        scheme=base.scheme,
        host=base.host,
        port=base.port,
        script_name=base.script_name,
        errors=sys.stderr,
    )


def check_sink(url: str) -> None:
    """Refuse a URL whose scheme no installed sink serves.

    :raises BadValue: it is one.
    """
    scheme, known = url.partition(":")[0], installed_factories()
    if scheme not in known:
        raise BadValue(f"there is no sink {scheme}:; known are {', '.join(sorted(known))}")


async def no_crontabs() -> CrontabPlan:
    """What reading the crontabs again changes: there are none."""
    return CrontabPlan()
