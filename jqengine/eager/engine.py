"""The engine of eager mode: the real parts, in one thread, on a clock that is played."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import partial
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from twisted.internet.task import Clock

from jqengine.app.resuming import Resuming
from jqengine.client import Job, JobQueue, JobQueueMiddleware
from jqengine.client.connection import standing_in
from jqengine.client.request import held_in, with_queue
from jqengine.clock import SystemClock
from jqengine.dispatch.firing import fire
from jqengine.dispatch.recorder import Recorder
from jqengine.dispatch.wake import Bell
from jqengine.dispatch.window import ClaimWindow
from jqengine.eager.frameworks import inner_application, wrapped_in_django, wrapped_in_flask
from jqengine.eager.office import NoLine, Office, outcome_of
from jqengine.eager.parts import (
    NoDelivery,
    PlayedClock,
    Watching,
    check_sink,
    job_environ,
    no_crontabs,
)
from jqengine.eager.ran import Ran, moment, ran
from jqengine.errors import NotPossible
from jqengine.identity import IdFactory
from jqengine.interfaces import IDelivery
from jqengine.job import Outcome, Owner, Run
from jqengine.joboptions import moment_instant, parse_moment
from jqengine.options import BaseURL, parse_base_url, parse_cookie_name, parse_zone
from jqengine.redaction import Redactor
from jqengine.remote.assembly import Remote
from jqengine.remote.desk import Desk
from jqengine.remote.followups import FollowUps
from jqengine.remote.limits import Budget, Limits
from jqengine.remote.uploads import Uploads
from jqengine.request.capture import call_application
from jqengine.store.memory import MemoryStore
from jqengine.triggers.triggers import Triggers
from jqengine.units import parse_duration

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

MOST_AT_ONCE = 10_000
"""Attempts in one go; more come of a job that schedules itself for ever."""

BODY_LIMIT = 16 * 1024 * 1024

_OWNER = Owner("eager", "test")
_LEASE = 60.0
_FULL_WAIT = 1.0


@contextmanager
def eager(
    application: Any,
    *,
    now: datetime | str | None = None,
    tz: str = "UTC",
    session_cookie: str | None = None,
    base_url: str = "http://127.0.0.1:80/",
) -> Iterator[Eager]:
    """Run the jobs that *application* makes in this process, when the test says so.

    Within the block every :class:`~jqengine.client.JobQueue` of this process is
    one of the engine that is given, and requests that Flask's or Django's test
    client makes to *application* find theirs in ``environ["jobqueue"]``.

    :param application: what ``--app`` names: a WSGI application, of Flask the
        ``Flask`` object.
    :param now: when the played clock begins; the true time unless said.
    :param tz: the zone in which times are read, as ``--timezone`` says it.
    :param session_cookie: as ``--session-cookie``; links need it.
    :param base_url: as ``--base-url``.
    :raises BadValue: an argument is malformed.
    """
    engine = Eager(
        application,
        now=_instant(now, parse_zone(tz)),
        tz=tz,
        session_cookie=None if session_cookie is None else parse_cookie_name(session_cookie),
        base_url=parse_base_url(base_url),
    )
    with ExitStack() as inside:
        inside.enter_context(engine.reachable())
        inside.enter_context(wrapped_in_flask(application, engine.around))
        inside.enter_context(wrapped_in_django(engine.around))
        yield engine


class Eager:
    """An engine that does nothing unless it is told to.

    Its parts are those of a real one, but for the threads (so nothing times
    out), the disk and the sinks, which are checked and never delivered to.
    Retries come after their full wait.  For one thread.

    :ivar queue: a client of it.
    :ivar results: every attempt so far, in order.
    """

    def __init__(
        self,
        application: Any,
        *,
        now: float,
        tz: str,
        session_cookie: str | None,
        base_url: BaseURL,
    ) -> None:
        self.queue = JobQueue()
        self.results: list[Ran] = []
        self._time = Clock()
        self._clock = PlayedClock(self._time, now)
        self._triggers = Triggers()
        new_id = IdFactory(SystemRandom().getrandbits)
        self._store = MemoryStore(new_id)
        self._store.open()
        self._session_cookie = session_cookie
        self._script_name = base_url.script_name
        self._remote = self._make_remote(tz, new_id)
        self._remote.hub.subscribe(Watching(self._note))
        self._office = Office(self._make_desk(), self._pass_time)
        self._error: BaseException | None = None
        follow_ups = FollowUps(NoDelivery(), held_in=held_in, intake=self._remote.verbs.intake)
        self._recorder = self._make_recorder(follow_ups)
        self._build = with_queue(job_environ(base_url), self.queue)
        self._call = follow_ups.noting(
            partial(
                call_application,
                self._noting_errors(inner_application(application)),
                now=self._clock.now,
                body_limit=BODY_LIMIT,
            )
        )

    @property
    def now(self) -> datetime:
        """The time it is for the engine, in UTC."""
        return moment(self._clock.now())

    @property
    def jobs(self) -> list[Job]:
        """The jobs that are still to run, the next due first."""
        waiting = self.queue.jobs(state="scheduled,paused", limit=None)
        return sorted(waiting, key=lambda job: (job.due is None, job.due or job.view.created))

    def run_due(self) -> list[Ran]:
        """Run what is due now, and what is made by that and due now; what ran.

        :raises NotPossible: it does not end.
        """
        start = len(self.results)
        while self._run_next():
            if len(self.results) - start > MOST_AT_ONCE:
                raise NotPossible(
                    f"more than {MOST_AT_ONCE} runs were due; a job seems to schedule itself for"
                    f" now, the last one was {self.results[-1]}"
                )
        return self.results[start:]

    def advance(self, duration: str | float | timedelta) -> list[Ran]:
        """Let time go by, and run what comes due on the way at its own instant; what ran.

        :param duration: ``"2 hours"``, a number of seconds, or a timedelta.
        """
        start = len(self.results)
        end = self._clock.now() + _seconds(duration)
        while (ready := self._next_ready()) is not None and ready <= end:
            self._move_to(ready)
            self.run_due()
        self._move_to(end)
        return self.results[start:]

    def around(self, application: WSGIApplication) -> WSGIApplication:
        """*application* as the engine serves it over HTTP, for any other test client."""
        served: WSGIApplication = JobQueueMiddleware(application, self.queue)
        if self._session_cookie is None:
            return served
        return Resuming(
            served,
            store=self._store,
            clock=self._clock,
            ask=lambda question: outcome_of(question()),
            session_cookie=self._session_cookie,
            script_name=self._script_name,
        )

    @contextmanager
    def reachable(self) -> Iterator[None]:
        """Let every queue of this process be one of this engine."""
        with standing_in(self._office):
            yield

    def _run_next(self) -> bool:
        """Run what is due first, if anything is."""
        now = self._clock.now()
        due = outcome_of(self._store.due_jobs(now, MOST_AT_ONCE))
        if due:
            outcome_of(self._store.fire([fire(*one, now, self._triggers) for one in due], now))
        claimed = outcome_of(self._store.claim(_OWNER, now, 1, _LEASE))
        for run in claimed:
            self._run(run)
        return bool(claimed)

    def _run(self, run: Run) -> None:
        self._recorder.claimed([run])
        self._error = None
        result = self._call(self._build(run), wanted=lambda: True)
        self._recorder.ended([(run, result)])

    def _note(self, run: Run, outcome: Outcome) -> None:
        error, self._error = self._error, None
        self.results.append(ran(run, outcome, error))

    def _noting_errors(self, application: WSGIApplication) -> WSGIApplication:
        def called(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            try:
                return application(environ, start_response)
            except BaseException as error:
                self._error = error
                raise

        return called

    def _next_ready(self) -> float | None:
        return outcome_of(self._store.next_ready())

    def _move_to(self, instant: float) -> None:
        self._time.advance(max(instant - self._clock.now(), 0.0))

    def _pass_time(self, happened: Callable[[], bool]) -> None:
        """Let jobs run and time go by until something that is waited for has happened."""
        while not happened():
            if self._run_next():
                continue
            limits = [self._clock.at(call.getTime()) for call in self._time.getDelayedCalls()]
            instants = [one for one in (*limits, self._next_ready()) if one is not None]
            if not instants:
                raise NotPossible("nothing is due any more: that would be waited for in vain")
            self._move_to(min(instants))

    def _make_remote(self, tz: str, new_id: IdFactory) -> Remote:
        return Remote(
            (),
            reactor=self._time,
            clock=self._clock,
            store=self._store,
            triggers=self._triggers,
            defaults={"tz": tz, "sink": ()},
            check_sink=check_sink,
            new_id=new_id,
            redactor=Redactor(os.urandom(32)),
            secrets={},
            random_bytes=os.urandom,
            wake=lambda: None,
            reload=no_crontabs,
            session_cookie=self._session_cookie,
            script_name=self._script_name,
        )

    def _make_desk(self) -> Desk:
        limits = Limits()
        return Desk(
            verbs=self._remote.verbs,
            events=self._remote.hub,
            live=self._remote.live,
            redactor=Redactor(os.urandom(32)),
            uploads=Uploads(limits, Budget(limits.all_uploads)),
            line=NoLine(),
            most_waits=limits.waits,
        )

    def _make_recorder(self, delivery: IDelivery) -> Recorder:
        return Recorder(
            reactor=self._time,
            clock=self._clock,
            store=self._store,
            delivery=delivery,
            observer=self._remote.hub,
            owner=_OWNER,
            random=lambda: _FULL_WAIT,
            window=ClaimWindow(1),
            bell=Bell(self._time),
        )


def _instant(now: datetime | str | None, tz: str) -> float:
    if now is None:
        return SystemClock().now()
    return moment_instant(parse_moment(now) if isinstance(now, str) else now, tz)


def _seconds(duration: str | float | timedelta) -> float:
    if isinstance(duration, timedelta):
        return duration.total_seconds()
    return parse_duration(duration) if isinstance(duration, str) else duration
