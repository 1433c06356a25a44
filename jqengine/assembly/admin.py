"""The admin listener, put together: who may come in, and what they find."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.web.resource import IResource

from jqengine.admin.credentials import Checker, checker_of
from jqengine.admin.gate import Gate
from jqengine.admin.login import Login
from jqengine.admin.reach import check_addresses, check_endpoint, speaks_tls
from jqengine.admin.site import admin_root
from jqengine.admin.visitor import Tokens
from jqengine.app.threads import ApplicationThreads
from jqengine.assembly.serving import served, shown
from jqengine.assembly.surroundings import Surroundings
from jqengine.condition import Condition
from jqengine.config import OFF, Settings
from jqengine.errors import BadValue, ConfigurationError
from jqengine.redaction import Redactor
from jqengine.request.outputs import Outputs
from jqengine.sinks.side import in_threads_of
from jqengine.statekey import LENGTH
from jqengine.store.sql import SqlStore

MOST_CONNECTIONS = 512
"""To the admin listener at once, pages that listen for events included."""

LOGIN_THREADS = 2
"""Threads that check passwords, which may be slow."""


class AdminSide(Service):
    """Serves whoever looks at the engine.  For the reactor thread.

    :ivar http: the listener.

    :param condition: what the engine knows of itself; ``None`` while it starts.
    :raises ConfigurationError: others could reach it who should not, or a
        password check cannot be what it should be.
    """

    def __init__(
        self,
        settings: Settings,
        world: Surroundings,
        store: SqlStore,
        redactor: Redactor,
        outputs: Outputs,
        condition: Callable[[], Condition | None],
    ) -> None:
        self.setName("admin")
        self._settings = settings
        self._world = world
        self._login_threads = ApplicationThreads(world.reactor, "login", LOGIN_THREADS)
        # Until the state directory is there, nobody's.
        self._tokens = Tokens(world.clock, world.random.randbytes(LENGTH))
        self._resources: dict[str, IResource] = {}
        self._check_reach()
        root = admin_root(
            reactor=world.reactor,
            store=store,
            control=store,
            deliveries=store,
            redactor=redactor,
            outputs=outputs,
            gate=Gate(
                tokens=self._tokens,
                login=self._login() if self._has_passwords else None,
                operators=settings.admin_operator,
                hosts=settings.admin_host,
            ),
            condition=condition,
            resources=self._resources,
        )
        self.http = served(
            settings,
            world,
            root,
            (settings.admin,),
            "--admin",
            redactor,
            most_connections=MOST_CONNECTIONS,
        )

    def mount(self, resources: Mapping[str, IResource]) -> None:
        """Let leaves answer what has no page of its own, by the first segment of the path.

        The one at the empty text answers for every other segment.  They are
        asked only by those who were let in, and find in their environ, besides
        the usual, ``jqengine.role`` (``look`` or ``operate``; only the second
        comes with a method that may change something), ``jqengine.csrf``, which
        is to be the first field, ``csrf``, of every form, and ``REMOTE_USER``
        where people log in.
        """
        self._resources.update(resources)

    def use_key(self, key: bytes) -> None:
        """Let *key* be that of the tokens in forms, as it is for all who serve these pages."""
        self._tokens.key = key

    async def listen(self) -> None:
        """Listen, unless that would let in somebody who should not be.

        :raises ConfigurationError: it would, or the address cannot be listened on.
        """
        await self.http.listen()
        try:
            check_addresses(self._settings.admin, self.addresses(), passwords=self._has_passwords)
        except BadValue as error:
            raise ConfigurationError(f"--admin: {error}") from None

    def addresses(self) -> Sequence[IAddress]:
        """Where it listens now."""
        return self.http.addresses()

    def places(self) -> Sequence[str]:
        """Where that is, as one writes it into a browser."""
        scheme = "https" if speaks_tls(self._settings.admin) else "http"
        return [shown(address, scheme) for address in self.addresses()]

    def startService(self) -> None:
        """Serve."""
        super().startService()
        if self._settings.admin == OFF:
            return
        if self._has_passwords:
            self._login_threads.startService()
        self.http.startService()

    def stopService(self) -> Deferred[None]:
        """Let requests end, then close what is left."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await self.http.stopService()
        await self._login_threads.stopService()

    def hurry(self) -> None:
        """Wait for nothing any more."""
        self.http.hurry()

    @property
    def _has_passwords(self) -> bool:
        return bool(self._settings.admin_auth)

    def _check_reach(self) -> None:
        if self._settings.admin == OFF:
            return
        try:
            check_endpoint(self._settings.admin, passwords=self._has_passwords)
        except BadValue as error:
            raise ConfigurationError(f"--admin: {error}") from None

    def _login(self) -> Login:
        world = self._world
        in_thread = in_threads_of(self._login_threads, world.reactor)
        checkers: list[Checker] = []
        for text in self._settings.admin_auth:
            try:
                checkers.append(checker_of(text, self._settings.path, in_thread))
            except BadValue as error:
                raise ConfigurationError(f"--admin-auth: {error}") from None
        return Login(world.reactor, checkers, world.random.randbytes(LENGTH))
