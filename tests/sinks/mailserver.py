"""A real SMTP server (aiosmtpd) in a thread of its own."""

from __future__ import annotations

import asyncio
import ssl
import threading
from typing import Any, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


class Received(NamedTuple):
    """A message as the server got it.

    :ivar tls: whether it came encrypted.
    :ivar user: who had logged in, or ``None``.
    """

    sender: str
    recipients: list[str]
    content: bytes
    tls: bool
    user: str | None


class MailServerThread:
    """Takes mail on a free port of the loopback until it is stopped.

    :ivar refuse: recipients and the reply each gets instead of a 250.
    :ivar reply: to the message itself.
    """

    def __init__(
        self, tls: ssl.SSLContext | None = None, *, implicit: bool = False, **options: Any
    ):
        self.received: list[Received] = []
        self.refuse: dict[str, str] = {}
        self.reply = "250 taken"
        self._tls = tls
        self._implicit = implicit
        self._options = options
        self._sessions: list[SMTP] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        started = asyncio.run_coroutine_threadsafe(self._start(), self._loop)
        self._server = started.result(10)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _start(self) -> Any:
        starttls = None if self._implicit else self._tls

        def make() -> SMTP:
            session = SMTP(
                self,
                hostname="mx.example.org",
                tls_context=starttls,
                loop=self._loop,
                **self._options,
            )
            self._sessions.append(session)
            return session

        return await self._loop.create_server(
            make, "127.0.0.1", 0, ssl=self._tls if self._implicit else None
        )

    def stop(self) -> None:
        """Stop and wait for the thread."""

        async def close() -> None:
            self._server.close()
            for session in self._sessions:
                if session.transport is not None:
                    session.transport.abort()
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
            await asyncio.sleep(0)
            self._loop.stop()

        asyncio.run_coroutine_threadsafe(close(), self._loop)
        self._thread.join(10)
        self._loop.close()

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 welcome"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        if self.reply.startswith("250"):
            user = session.auth_data.login.decode() if session.auth_data else None
            self.received.append(
                Received(
                    envelope.mail_from or "",
                    list(envelope.rcpt_tos),
                    bytes(envelope.original_content or b""),
                    session.ssl is not None or self._implicit,
                    user,
                )
            )
        return self.reply


def accept_only(login: bytes, password: bytes) -> Any:
    """An authenticator that knows one user."""

    def authenticate(
        server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        good = (data.login, data.password) == (login, password)
        return AuthResult(success=good, handled=False, auth_data=data if good else None)

    return authenticate
