"""An engine without an application: the verbs, a store in memory, and clients in bytes."""

from __future__ import annotations

import json
import socket
from itertools import count
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from jqengine.errors import BadValue
from jqengine.identity import IdFactory
from jqengine.interfaces import IClock
from jqengine.job import Headers, Outcome, Owner, Result, Run, Verdict
from jqengine.lifecycle import RunState
from jqengine.plan import CrontabPlan
from jqengine.queries import SinkEnds
from jqengine.redaction import Redactor
from jqengine.remote.continuations import Continuations
from jqengine.remote.hub import RunHub
from jqengine.remote.limits import Limits
from jqengine.remote.live import LiveOutput
from jqengine.remote.nodes import NodeVerbs
from jqengine.remote.oversight import Insides, Oversight
from jqengine.remote.pulse import Pulse
from jqengine.remote.server import SessionFactory
from jqengine.remote.submission import Submissions
from jqengine.remote.verbs import Verbs
from jqengine.remote.waits import Waits
from jqengine.sinks.catalogue import installed_factories
from jqengine.store.memory import MemoryStore
from jqengine.triggers.triggers import Triggers
from jqengine.wire.boxes import Box
from tests.remote.peer import Peer, Transport

NOW = 1_795_489_200.0  # 2026-11-24T03:00:00Z, a Tuesday
OWNER = Owner("node", "boot")
DEFAULTS = {"tz": "UTC", "sink": ("stdout:",)}


@implementer(IClock)
class WallClock:
    """The wall clock of a :class:`twisted.internet.task.Clock`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return NOW + self._clock.seconds()


class Office:
    """Everything that answers a client, put together as the engine does it.

    :ivar woken: how often the dispatcher was told to look.
    :ivar reloaded: what reading the crontabs again gives, or raises.
    """

    def __init__(self, limits: Limits | None = None, **secrets: str) -> None:
        self.clock = Clock()
        self.wall = WallClock(self.clock)
        seeds = count(7)
        new_id = IdFactory(lambda bits: next(seeds))
        self.store = MemoryStore(new_id)
        self.store.open()
        self.hub = RunHub()
        self.woken = 0
        self.redriven: list[str] = []
        self.sink_ends: dict[str, SinkEnds] = {}
        self.stuck = 0
        self.reloaded: CrontabPlan | Exception = CrontabPlan(unchanged=3)
        known = installed_factories()
        self.pulse = Pulse(self.wall)
        self.hub.subscribe(self.pulse)
        self.insides = Insides(
            redriven=self.redriven.append,
            sink_ends=lambda: self.sink_ends,
            stuck_threads=lambda: self.stuck,
        )
        submissions = Submissions(DEFAULTS, lambda url: _check_sink(url, known))
        self.verbs = Verbs(
            reactor=self.clock,
            clock=self.wall,
            store=self.store,
            control=self.store,
            triggers=Triggers(),
            submissions=submissions,
            oversight=Oversight(
                reactor=self.clock,
                clock=self.wall,
                store=self.store,
                triggers=Triggers(),
                submissions=submissions,
                redactor=Redactor(b"key"),
                pulse=self.pulse,
                insides=self.insides,
                new_id=new_id,
                wake=self._wake,
            ),
            waits=Waits(self.hub),
            continuations=Continuations(
                store=self.store,
                clock=self.wall,
                random_bytes=lambda size: b"k" * size,
                session_cookie="session",
                script_name="/app",
            ),
            nodes=NodeVerbs(self.store, self.wall, self._wake),
            new_id=new_id,
            wake=self._wake,
            reload=self._reload,
        )
        self.live = LiveOutput(self)
        self.factory = SessionFactory(
            reactor=self.clock,
            verbs=self.verbs,
            events=self.hub,
            live=self.live,
            redactor=Redactor(b"key"),
            secrets={role: secret.encode() for role, secret in secrets.items()},
            random_bytes=lambda size: b"e" * size,
            limits=limits or Limits(idle=1e7),
        )

    def connect(self, transport: Transport | None = None) -> Client:
        """A client on a socket of the engine's own user."""
        return Client(self.factory.buildProtocol(None), transport or OwnUser())

    def run_next(self, status: int = 200, body: bytes = b"", **said: Any) -> Run:
        """Claim a ready run and end it, as the dispatcher would."""
        [run] = self.store.queue.claim(OWNER, self.wall.now(), 1, 60)
        self.hub.began([run])
        return self.end(run, status, body, **said)

    def end(
        self,
        run: Run,
        status: int,
        body: bytes,
        *,
        again: float | None = None,
        reason: str = "Why",
        headers: Headers = (("X-A", "b"),),
    ) -> Run:
        """End an attempt of *run*."""
        now = self.wall.now()
        result = Result(status, reason, headers, body, False, now, now + 1)
        state = RunState.FINISHED if 0 < status < 400 else RunState.FAILED
        if again is not None:
            state = RunState.WAITING
        verdict = Verdict(state, again, False, None, str(status))
        outcome = Outcome(run.id, run.job_id, OWNER, run.attempt, result, verdict)
        assert self.store.queue.record([outcome]) == [True]
        self.hub.ended(run, outcome)
        return run

    def schedule_directly(self, target: str) -> None:
        """A job that comes from elsewhere."""
        Deferred.fromCoroutine(self.verbs.schedule({"target": target}))

    def callFromThread(self, function: Any, *arguments: Any) -> None:
        """Called by those who come from another thread."""
        self.clock.callLater(0, function, *arguments)

    def _wake(self) -> None:
        self.woken += 1

    async def _reload(self) -> CrontabPlan:
        if isinstance(self.reloaded, Exception):
            raise self.reloaded
        return self.reloaded


class OwnUser(Transport):
    """A unix socket whose other end is this process."""

    def __init__(self) -> None:
        super().__init__()
        self._pair = socket.socketpair()

    def getHandle(self) -> socket.socket:
        return self._pair[0]

    def loseConnection(self) -> None:
        for end in self._pair:
            end.close()
        if self.connected:
            super().loseConnection()


class Stranger(Transport):
    """A TCP connection: nobody knows who it is."""

    def getHandle(self) -> socket.socket:
        return socket.socket(socket.AF_INET)


class Client(Peer):
    """A client that speaks in Python values."""

    def ask_for(self, command: str, **said: Any) -> bytes:
        """Make a call; its tag."""
        return self.ask(command, **{name: _encoded(value) for name, value in said.items()})

    def gets(self, command: str, **said: Any) -> dict[str, Any]:
        """The answer to a call that succeeds at once."""
        self.ask_for(command, **said)
        [answer] = self.answers()
        assert b"_error" not in answer, answer
        return decoded(answer)

    def gets_none(self, command: str, **said: Any) -> None:
        """Make a call that is answered, whatever else comes."""
        tag = self.ask_for(command, **said)
        assert [box.get(b"_answer") for box in self.answers()] == [tag]

    def refused(self, command: str, **said: Any) -> tuple[str, str]:
        """Code and sentence of a call that fails at once."""
        self.ask_for(command, **said)
        [answer] = self.answers()
        return answer[b"_error_code"].decode(), answer[b"_error_description"].decode()

    def leave(self) -> None:
        """End the connection."""
        self.transport.loseConnection()


def decoded(answer: Box) -> dict[str, Any]:
    """The values of an answer; what is JSON or a number as such."""
    values: dict[str, Any] = {}
    for name, value in answer.items():
        if not name.startswith(b"_"):
            try:
                values[name.decode()] = json.loads(value)
            except ValueError:
                values[name.decode()] = value
    return values


def _encoded(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    return json.dumps(value, ensure_ascii=False).encode()


def _check_sink(url: str, known: dict[str, object]) -> None:
    if url.partition(":")[0] not in known:
        raise BadValue(f"no sink is called {url}")
