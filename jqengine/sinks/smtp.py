"""Hands one message to the mail server (RFC 5321, over STARTTLS or TLS)."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, NamedTuple, cast

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IAddress, IDelayedCall, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    optionsForClientTLS,
    platformTrust,
    trustRootFromCertificates,
)
from twisted.logger import Logger
from twisted.mail.smtp import (
    CramMD5ClientAuthenticator,
    ESMTPClient,
    LOGINAuthenticator,
    PLAINAuthenticator,
)
from twisted.python.failure import Failure

from jqengine.errors import ConfigurationError, DeliveryFailed
from jqengine.sinktools import SinkTools
from jqengine.smtpurl import Encryption, SMTPServer
from jqengine.units import format_duration

SILENCE = 60.0
"""Seconds without a word from the server, after which it is given up."""

TIMEOUT = 180.0
"""Seconds for one message, from the look-up of the name to the last reply."""

CONNECT_TIMEOUT = 15.0

FAREWELL = 5.0
"""Seconds that parting from the server may take once the outcome is known."""

MOST_REPLY_LINES = 100

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class Letter(NamedTuple):
    """A message and its envelope.

    :ivar message: with CRLF line ends.
    """

    sender: str
    recipients: Sequence[str]
    message: bytes


class MailServer:
    """Sends messages, one connection for each.  For the reactor thread."""

    def __init__(self, tools: SinkTools) -> None:
        self._tools = tools
        self._server = tools.smtp

    def send(self, letter: Letter) -> Deferred[None]:
        """Hand *letter* over; fires once the server has taken responsibility.

        Fails with :class:`~jqengine.errors.DeliveryFailed`, permanent when the
        server refuses the message or all its recipients for good.
        """
        sending = Deferred.fromCoroutine(self._send(letter))
        return sending.addTimeout(TIMEOUT, self._tools.reactor, _too_late)

    async def _send(self, letter: Letter) -> None:
        options = await self._tls_options()
        password = await self._password()
        tools = self._tools
        transfer = Transfer(tools.reactor, self._server, password, options, tools.hostname, letter)
        try:
            await self._endpoint(options).connect(_Once(transfer))
            await transfer.done
        except BaseException:
            transfer.abort()
            raise

    def _endpoint(self, options: Any) -> IStreamClientEndpoint:
        server = self._server
        plain = HostnameEndpoint(
            self._tools.reactor, server.host.encode("ascii"), server.port, CONNECT_TIMEOUT
        )
        return wrapClientTLS(options, plain) if server.encryption is Encryption.IMPLICIT else plain

    async def _password(self) -> bytes:
        reference = self._server.password
        if reference is None:
            return b""
        return (await self._tools.secret(reference)).encode("utf-8")

    async def _tls_options(self) -> Any:
        if self._server.encryption is Encryption.OFF:
            return None
        if self._server.encryption is Encryption.OPPORTUNISTIC:
            return CertificateOptions()  # any certificate is better than none (RFC 7435)
        authority = self._server.authority
        trust = (
            platformTrust()
            if authority is None
            else await self._tools.in_thread(lambda: _trust_in(authority, self._tools.directory))
        )
        return optionsForClientTLS(self._server.host, trustRoot=trust)


def _trust_in(name: str, directory: str) -> Any:
    """The certificates in the PEM file *name*; blocks."""
    try:
        with open(os.path.join(directory, name), "rb") as file:
            blocks = _CERTIFICATE.findall(file.read())
    except OSError as error:
        raise ConfigurationError(f"ca={name} of --smtp cannot be read: {error.strerror}") from None
    certificates = [Certificate.loadPEM(block) for block in blocks]
    if not certificates:
        raise ConfigurationError(f"ca={name} of --smtp holds no certificate")
    return trustRootFromCertificates(certificates)


def _too_late(outcome: object, seconds: float) -> None:
    raise DeliveryFailed(f"the mail server took longer than {format_duration(seconds)}")


class _Once(Factory):
    """Builds the one protocol it was given."""

    noisy = False

    def __init__(self, protocol: Transfer) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: IAddress | None) -> Transfer:
        return self._protocol


class Transfer(ESMTPClient):
    """One message on its way over one connection.

    :ivar done: fires with ``None`` once the server has taken the message, or
        fails with :class:`~jqengine.errors.DeliveryFailed`.
    """

    _log = Logger()

    debug = False  # its log of the conversation would hold the password
    timeout = SILENCE  # type: ignore[assignment]  # the base class declares only its None

    def __init__(
        self,
        reactor: Any,
        server: SMTPServer,
        password: bytes,
        tls_options: Any,
        hostname: str,
        letter: Letter,
    ) -> None:
        super().__init__(password, tls_options, hostname)
        self._reactor = reactor
        self.requireTransportSecurity = server.encryption is Encryption.REQUIRED
        self.requireAuthentication = server.user is not None
        self._letter: Letter | None = letter
        self._recipients = letter.recipients
        self._message = letter.message
        self.done: Deferred[None] = Deferred()
        if server.user is not None:
            user = server.user.encode("utf-8")
            for kind in (CramMD5ClientAuthenticator, LOGINAuthenticator, PLAINAuthenticator):
                self.registerAuthenticator(kind(user))

    def callLater(self, period: float, func: Callable[[], None]) -> IDelayedCall:
        """The timers of the timeout; the base class takes the global reactor's."""
        timer: IDelayedCall = self._reactor.callLater(period, func)
        return timer

    def lineReceived(self, line: bytes) -> Any:
        """Take one line of a reply; a reply without an end is one error."""
        if len(self.resp) > MOST_REPLY_LINES:
            self._finish(DeliveryFailed("the mail server's reply does not end"))
            self.abort()
            return None
        return super().lineReceived(line)

    def esmtpState_starttls(self, code: int, resp: bytes) -> None:
        """Begin TLS, unless somebody has slipped in replies before it began."""
        if self.clearLineBuffer():
            self._finish(DeliveryFailed("the mail server spoke on before TLS began"))
            self.abort()
        else:
            super().esmtpState_starttls(code, resp)

    def getMailFrom(self) -> str | None:
        """The sender, once; then there is no more to send."""
        letter, self._letter = self._letter, None
        return letter.sender if letter else None

    def getMailTo(self) -> Sequence[str]:
        """The recipients."""
        return self._recipients

    def getMailData(self) -> BytesIO:
        """The message, dot-stuffed as a whole.

        The base class stuffs each chunk by itself and so misses a dot that
        begins one: a line of a body could end the message and start commands.
        """
        return BytesIO(stuffed(self._message))

    def transformChunk(self, chunk: bytes) -> bytes:
        """All is done to the message already."""
        self.resetTimeout()
        return chunk

    def sentMail(
        self, code: int, resp: Any, numOk: int, addresses: list[tuple[str, int, bytes]], log: object
    ) -> None:
        """The server has answered to the message, or to its sender and recipients."""
        refused = [
            f"{address}: {code} {_shown(said)}" for address, code, said in addresses if code >= 400
        ]
        if 200 <= code < 300 and numOk:
            if refused:
                self._log.warn("The mail server refuses {refused}", refused="; ".join(refused))
            self._finish(None)
            return
        codes = [code] if numOk or not addresses else [one for _, one, _ in addresses]
        said = "; ".join(refused) or f"{code} {_shown(resp)}"
        self._finish(
            DeliveryFailed(f"the mail server refuses: {said}", permanent=min(codes) >= 500)
        )

    def sendError(self, exc: Exception) -> None:
        """Something else went wrong before the message was sent."""
        said = _shown(getattr(exc, "resp", b"") or str(exc))
        self._finish(DeliveryFailed(f"the mail server is of no use: {said}"))
        super().sendError(exc)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Without an answer to the message it counts as not sent."""
        self._finish(DeliveryFailed(f"the mail server hung up: {_shown(reason.getErrorMessage())}"))
        super().connectionLost(reason)

    def abort(self) -> None:
        """Drop the connection, if there is one."""
        self.setTimeout(None)
        if self.transport is not None:
            cast(ITCPTransport, self.transport).abortConnection()

    def _finish(self, failure: DeliveryFailed | None) -> None:
        if self.done.called:
            return
        self.setTimeout(FAREWELL)
        if failure is None:
            self.done.callback(None)
        else:
            self.done.errback(failure)


def stuffed(message: bytes) -> bytes:
    """*message* with its lines that begin with a dot made to begin with two (RFC 5321, 4.5.2)."""
    first = b"." if message.startswith(b".") else b""
    return first + message.replace(b"\r\n.", b"\r\n..")


def _shown(text: bytes | str) -> str:
    """Words of the server in one short line."""
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join("".join(one if one.isprintable() else " " for one in plain[:300]).split())
