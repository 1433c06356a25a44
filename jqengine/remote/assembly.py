"""The rooms of remote scheduling, put together for one engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamServerEndpoint

from jqengine.interfaces import (
    IClock,
    IContinuationStore,
    INodeStore,
    IQueueControl,
    IStore,
    ITriggers,
)
from jqengine.joboptions import OptionValues
from jqengine.news import Topic
from jqengine.plan import CrontabPlan
from jqengine.redaction import Redactor
from jqengine.remote.continuations import Continuations
from jqengine.remote.credentials import Secrets
from jqengine.remote.doorway import Doorway
from jqengine.remote.elsewhere import EndsElsewhere
from jqengine.remote.hub import RunHub
from jqengine.remote.live import LiveOutput
from jqengine.remote.nodes import NodeVerbs
from jqengine.remote.oversight import NOTHING_INSIDE, Insides, Oversight
from jqengine.remote.pulse import Pulse
from jqengine.remote.server import AMPServer, SessionFactory
from jqengine.remote.submission import Submissions
from jqengine.remote.verbs import Verbs
from jqengine.remote.waits import Waits


class Remote:
    """What clients reach of an engine.  For the reactor thread.

    :param defaults: job options that hold where a client says nothing.
    :param check_sink: raises :class:`~jqengine.errors.BadValue` for a URL that
        names no sink.
    :param wake: called when there may be something to run.
    :param reload: reads the crontabs again; raises what is wrong with them.
    :param nodes_changed: called when a node was asked to claim nothing, or again.
    :param session_cookie: the name of the application's, if it is known.
    :param script_name: where the application is, as it finds it in a job.
    :param insides: what only the engine knows of itself.
    :ivar hub: to be told what becomes of runs.
    :ivar live: to be told what the application writes.
    :ivar verbs: what clients can ask.
    :ivar doorway: where threads of this process come in.
    """

    def __init__(
        self,
        endpoints: Sequence[IStreamServerEndpoint],
        *,
        reactor: Any,
        clock: IClock,
        store: IStore,
        triggers: ITriggers,
        defaults: OptionValues,
        check_sink: Callable[[str], object],
        new_id: Callable[[float], str],
        redactor: Redactor,
        secrets: Secrets,
        random_bytes: Callable[[int], bytes],
        wake: Callable[[], None],
        reload: Callable[[], Awaitable[CrontabPlan]],
        nodes_changed: Callable[[], object] = lambda: None,
        session_cookie: str | None = None,
        script_name: str = "",
        insides: Insides = NOTHING_INSIDE,
    ) -> None:
        self.hub = RunHub()
        self.live = LiveOutput(reactor)
        submissions = Submissions(defaults, check_sink)
        pulse = Pulse(clock)
        self.hub.subscribe(pulse)
        waits = Waits(self.hub)
        self.verbs = Verbs(
            reactor=reactor,
            clock=clock,
            store=store,
            control=IQueueControl(store),
            triggers=triggers,
            submissions=submissions,
            waits=waits,
            continuations=Continuations(
                store=IContinuationStore(store),
                clock=clock,
                random_bytes=random_bytes,
                session_cookie=session_cookie,
                script_name=script_name,
            ),
            oversight=Oversight(
                reactor=reactor,
                clock=clock,
                store=store,
                triggers=triggers,
                submissions=submissions,
                redactor=redactor,
                pulse=pulse,
                insides=insides,
                new_id=new_id,
                wake=wake,
            ),
            nodes=NodeVerbs(INodeStore(store), clock, nodes_changed),
            new_id=new_id,
            wake=wake,
            reload=reload,
        )
        self._elsewhere = EndsElsewhere(reactor, waits, self.verbs.last_end)
        factory = SessionFactory(
            reactor=reactor,
            verbs=self.verbs,
            events=self.hub,
            live=self.live,
            redactor=redactor,
            secrets=secrets,
            random_bytes=random_bytes,
        )
        self._factory = factory
        self._server = AMPServer(endpoints, factory)
        self.doorway = Doorway(reactor, factory.buildProtocol)

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._factory.sessions)

    def heard(self, topics: frozenset[Topic]) -> None:
        """Take news of what others have changed in the store."""
        if Topic.ENDED in topics:
            self._elsewhere.look()

    def listen(self) -> Deferred[None]:
        """Let clients in; fails with CannotListenError, and then none are."""
        return self._server.listen()

    def addresses(self) -> Sequence[str]:
        """Where they come in, as they would write it."""
        return self._server.addresses()

    def stop(self) -> Deferred[None]:
        """Let nobody in any more, and end every connection."""
        return self._server.stopService()
