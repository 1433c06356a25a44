"""One line for each request."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.http import datetimeToLogString

from jqengine.app.httprequest import HostedRequest
from jqengine.interfaces import IClock

_log = Logger(namespace="jqengine.access")


class AccessLog:
    """Logs requests: as text in the combined format, and as fields for programs.

    The text ends with the seconds from the complete request to the end of its
    response.  Nothing a client sends can break the line or leave its quotes.
    Called on the reactor thread.

    :param redact: takes the secrets out of a URL.
    """

    def __init__(
        self, reactor: IReactorTime, clock: IClock, redact: Callable[[str], str] = str
    ) -> None:
        self._redact = redact
        self._reactor = reactor
        self._clock = clock
        self._second = -1
        self._time = ""

    def __call__(self, request: HostedRequest) -> None:
        """Log *request*, whose response has been written or broken off."""
        client = _host_of(request)
        # These two were checked when the request line was read.
        method, protocol = request.method.decode("ascii"), request.clientproto.decode("ascii")
        path = self._address(request.uri)
        referer = self._address(request.getHeader(b"Referer"))
        agent = escaped(request.getHeader(b"User-Agent"))
        duration = self._duration(request)
        _log.info(
            "{log_line}",  # with log_ it is the text, and not one more field
            log_line=f'{client} - - {self._now()} "{method} {path} {protocol}" {request.code}'
            f' {request.sentLength or "-"} "{referer}" "{agent}" {duration:.6f}',
            client=client,
            method=method,
            path=path,
            protocol=protocol,
            status=request.code,
            bytes=request.sentLength,
            referer=referer,
            agent=agent,
            duration=duration,
        )

    def _address(self, address: bytes | None) -> str:
        """A URL that a client sent, as it can stand in a log."""
        if address is None or b"?" not in address:
            return escaped(address)
        return escaped(self._redact(address.decode("latin-1")))

    def _duration(self, request: HostedRequest) -> float:
        return 0.0 if request.received is None else self._reactor.seconds() - request.received

    def _now(self) -> str:
        second = int(self._clock.now())
        if second != self._second:
            self._second, self._time = second, datetimeToLogString(second)
        return self._time


def escaped(value: bytes | str | None) -> str:
    """*value* as it can stand between quotes in a line of text; ``-`` for nothing.

    Quotes, backslashes and all that is not printable ASCII become ``\\xHH``.
    """
    if not value:
        return "-"
    text = value if isinstance(value, str) else value.decode("latin-1")
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return "".join(
        character
        if " " <= character <= "~" and character not in '"\\'
        else f"\\x{ord(character):02x}"
        for character in text
    )


def _host_of(request: HostedRequest) -> str:
    client = request.getClientAddress()
    return client.host if isinstance(client, (IPv4Address, IPv6Address)) else "-"
