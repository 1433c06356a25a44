"""A request of twisted.web that knows its limits and answers without detours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote_to_bytes

from twisted.python.failure import Failure
from twisted.web.http import (
    INSUFFICIENT_STORAGE_SPACE,
    REQUEST_ENTITY_TOO_LARGE,
    RESPONSES,
    parse_qs,
)
from twisted.web.iweb import INonQueuedRequestFactory
from twisted.web.server import Request
from zope.interface import provider

from jqengine.app.environ import connection_keys, split_target
from jqengine.app.head import ResponseHead

if TYPE_CHECKING:
    from jqengine.app.channel import HostedChannel


@provider(INonQueuedRequestFactory)
class HostedRequest(Request):
    """One request of a :class:`~jqengine.app.channel.HostedChannel`.

    Any resource can answer it as it would answer a request of twisted.web.
    What it does besides: it keeps to the limit on bodies, understands an
    absolute URI, tells one listener of its end, and can send a response whose
    head is already made (:meth:`begin`).  Everything runs on the reactor thread.

    :ivar connection_keys: what an environ says of the connection.
    :ivar query: the part of the target after its question mark.
    :ivar received: the reactor's time when the request was complete, or
        ``None`` before.
    :ivar on_end: called once, when the response has been sent or the client
        has left.
    """

    channel: HostedChannel
    content: BinaryIO
    sitepath: list[bytes]
    query = b""
    received: float | None = None
    on_end: Callable[[], None] | None = None
    _args: dict[bytes, list[bytes]] | None = None
    _postpath: list[bytes] | None = None
    _head: ResponseHead | None = None

    def __init__(self, channel: HostedChannel) -> None:
        super().__init__(channel)
        self.connection_keys = channel.connection_keys
        self._room = channel.site.max_body

    def setHost(self, host: bytes, port: int, ssl: int = 0) -> None:
        """Act as if the request had come to another address."""
        super().setHost(host, port, ssl)
        self.connection_keys = connection_keys(self.client, self.host, self.isSecure())

    def handleContentChunk(self, data: bytes) -> None:
        """Keep a part of the body, up to the limit."""
        self._room -= len(data)
        if self._room < 0:
            self.channel.refuse(REQUEST_ENTITY_TOO_LARGE)
        if self.channel.refusing:
            return
        try:
            super().handleContentChunk(data)
        except OSError:
            self._log.failure("The body of a request cannot be stored")
            self.channel.refuse(INSUFFICIENT_STORAGE_SPACE)

    def parseCookies(self) -> None:
        """Leave the cookies until one is asked for; the application reads its own."""

    def getCookie(self, key: bytes) -> bytes | None:
        """The value of the cookie *key*, or ``None``."""
        if not self.received_cookies:
            super().parseCookies()
        return self.received_cookies.get(key)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Answer the request, now that it is complete."""
        authority, self.path, self.query = split_target(path)
        if authority is not None:
            # RFC 9112 section 3.2.2: it takes the place of the Host header.
            self.requestHeaders.setRawHeaders(b"Host", [authority])
            path = self.path + b"?" + self.query if self.query else self.path
        self.method, self.uri, self.clientproto = command, path, version
        self.received = self.channel.site.reactor.seconds()
        self.content.seek(0)
        self.process()

    def refuse(self, code: int, command: bytes, path: bytes, version: bytes) -> None:
        """Answer a request that was not read to its end, and forget its body."""
        self.method, self.uri, self.clientproto = command, path, version
        reason = RESPONSES[code]
        lines = [b"Content-Type", b": ", b"text/plain", b"\r\n"]
        lines += [b"Connection", b": ", b"close", b"\r\n"]
        text = b"%d %b\n" % (code, reason)
        self.begin(ResponseHead(code, reason, lines, None).with_length(len(text)))
        self.write(text)
        self.channel.site.log(self)
        if self.content is not None:
            self.content.close()

    def process(self) -> None:
        """Let the resource at the path answer."""
        self.site = self.channel.site
        self.prepath = []
        self._postpath = None
        if self.path == b"*":
            self._handleStar()
            return
        try:
            self.render(self.site.getResourceFor(self))
        except BaseException:
            self.processingFailed(Failure())

    def respond(self, head: ResponseHead, body: bytes) -> None:
        """Send a whole response."""
        self.begin(head)
        self._write_first(head, body)
        self.finish()

    @property
    def args(self) -> dict[bytes, list[bytes]]:
        """The arguments in the query, decoded; read when first asked for."""
        if self._args is None:
            self._args = parse_qs(self.query, 1)
        return self._args

    @args.setter
    def args(self, arguments: dict[bytes, list[bytes]] | None) -> None:
        self._args = arguments

    @property
    def postpath(self) -> list[bytes] | None:
        """The path's decoded segments below the resource; a leaf seldom asks."""
        if self._postpath is None and self.path is not None:
            self._postpath = list(map(unquote_to_bytes, self.path[1:].split(b"/")))
        return self._postpath

    @postpath.setter
    def postpath(self, segments: list[bytes] | None) -> None:
        self._postpath = segments

    def begin(self, head: ResponseHead) -> None:
        """Answer with *head*; it is sent by the first write, or by the end.

        What is written afterwards is the body, so nothing may be for ``HEAD``.
        """
        self._head = head
        self.code, self.code_message = head.code, head.reason

    def write(self, data: bytes) -> None:
        """Send a part of the body, the first after the head."""
        if self.startedWriting:
            super().write(data)
        elif self._head is not None:
            self._write_first(self._head, data)
        else:
            self._add_own_headers()
            super().write(data)

    def finish(self) -> None:
        """End the response."""
        super().finish()
        self._end()

    def connectionLost(self, reason: Failure) -> None:
        """The client has left before the end of its response."""
        if self.received is not None:
            self.channel.site.log(self)
        super().connectionLost(reason)
        self._end()

    def _add_own_headers(self) -> None:
        for line in self.channel.site.own_lines().split(b"\r\n")[:-1]:
            name, _, value = line.partition(b": ")
            if not self.responseHeaders.hasHeader(name):
                self.responseHeaders.setRawHeaders(name, [value])

    def _end(self) -> None:
        on_end, self.on_end = self.on_end, None  # it refers back to this request
        if on_end is not None:
            on_end()

    def _write_first(self, head: ResponseHead, data: bytes) -> None:
        self.startedWriting = 1
        has_body = head.has_body and self.method != b"HEAD"
        parts = [b"%b %d %b\r\n" % (self.clientproto, head.code, head.reason)]
        parts.append(self.channel.site.own_lines())
        parts += head.lines
        for name, values in self.responseHeaders.getAllRawHeaders():
            for value in values:
                parts += (name, b": ", value, b"\r\n")
        if head.length is None and has_body and self.clientproto == b"HTTP/1.1":
            self.chunked = 1
            parts.append(b"Transfer-Encoding: chunked\r\n")
        parts.append(b"\r\n")
        if data and has_body:
            self.sentLength = len(data)
            parts += (b"%x\r\n" % len(data), data, b"\r\n") if self.chunked else (data,)
        self.channel.write(b"".join(parts))
