"""A socket that never blocks, with or without TLS around it."""

from __future__ import annotations

import os
import select
import socket
import ssl
import threading
from contextlib import suppress
from math import ceil
from typing import Protocol

from jqengine.errors import NotConnected
from jqengine.wire.address import Address

CHUNK = 256 * 1024


class Stream(Protocol):
    """A connected stream of bytes.

    One thread may send while another receives.  Every method but ``wait``
    returns at once, and raises ``OSError`` when the connection is lost.
    """

    @property
    def unsent(self) -> bool:
        """Whether bytes that were taken have not left yet."""

    def send(self, data: memoryview) -> int:
        """Take some of *data*; how much."""

    def receive(self) -> bytes | None:
        """What has come, or ``None`` when nothing has."""

    def wait(self, *, read: bool, write: bool, seconds: float | None) -> bool:
        """Wait until the stream can be read or written, as asked; whether it can be read."""

    def shut_down(self) -> None:
        """End the connection, for every process that shares it; its waiters wake up."""

    def close(self) -> None:
        """Give the socket back; nobody may be waiting for it."""


class PlainStream:
    """A socket."""

    unsent = False

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._socket = connection

    def send(self, data: memoryview) -> int:
        """Take some of *data*."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    def receive(self) -> bytes | None:
        """What has come."""
        try:
            data = self._socket.recv(CHUNK)
        except BlockingIOError:
            return None
        if not data:
            raise ConnectionResetError("the engine has closed the connection")
        return data

    def wait(self, *, read: bool, write: bool, seconds: float | None) -> bool:
        """Wait for the socket."""
        return wait_for(self._socket, read=read, write=write, seconds=seconds)

    def shut_down(self) -> None:
        """End the connection."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


class TLSStream:
    """TLS over a socket, with a lock: OpenSSL's objects are for one thread at a time."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._socket = connection
        self._lock = threading.Lock()
        self._encrypted = memoryview(b"")
        self._shake_hands()
        connection.setblocking(False)

    @property
    def unsent(self) -> bool:
        """Whether encrypted bytes wait for room."""
        return bool(self._encrypted)

    def send(self, data: memoryview) -> int:
        """Encrypt some of *data*, unless what was encrypted before has not left."""
        with self._lock:
            self._flush()
            if self._encrypted or not data:
                return 0
            sent = self._tls.write(data[:CHUNK])
            self._flush()
            return sent

    def receive(self) -> bytes | None:
        """What has come, decrypted."""
        try:
            data = self._socket.recv(CHUNK)
        except BlockingIOError:
            return None
        if not data:
            raise ConnectionResetError("the engine has closed the connection")
        with self._lock:
            self._incoming.write(data)
            return self._decrypt() or None

    def wait(self, *, read: bool, write: bool, seconds: float | None) -> bool:
        """Wait for the socket."""
        return wait_for(self._socket, read=read, write=write, seconds=seconds)

    def shut_down(self) -> None:
        """End the connection."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _shake_hands(self) -> None:
        """With the socket's own timeout."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._socket.sendall(self._outgoing.read())
                data = self._socket.recv(CHUNK)
                if not data:
                    raise ConnectionResetError("the engine ended the TLS handshake") from None
                self._incoming.write(data)
            else:
                self._socket.sendall(self._outgoing.read())
                return

    def _decrypt(self) -> bytes:
        parts = []
        try:
            while part := self._tls.read(CHUNK):
                parts.append(part)
            raise ConnectionResetError("the engine has closed the connection")
        except ssl.SSLWantReadError:
            return b"".join(parts)
        except ssl.SSLZeroReturnError:
            raise ConnectionResetError("the engine has closed the connection") from None

    def _flush(self) -> None:
        self._encrypted = memoryview(bytes(self._encrypted) + self._outgoing.read())
        while self._encrypted:
            try:
                self._encrypted = self._encrypted[self._socket.send(self._encrypted) :]
            except BlockingIOError:
                return


def wait_for(connection: socket.socket, *, read: bool, write: bool, seconds: float | None) -> bool:
    """Wait for a socket; whether it can be read, or is broken."""
    poll = select.poll()
    poll.register(connection, (select.POLLIN if read else 0) | (select.POLLOUT if write else 0))
    # Rounded up: a wait that ends too early would only be begun again.
    milliseconds = None if seconds is None else max(0, ceil(seconds * 1000))
    events = poll.poll(milliseconds)
    return any(event & ~select.POLLOUT for _, event in events)


def connect(address: Address, seconds: float) -> Stream:
    """Connect to an engine.

    :raises NotConnected: it is not there; the sentence says where it was looked for.
    """
    try:
        if address.path is not None:
            return PlainStream(_unix(address.path, seconds))
        connection = socket.create_connection((address.host, address.port), seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if not address.tls:
            return PlainStream(connection)
        try:
            return TLSStream(connection, _context(address), address.host)
        except BaseException:
            connection.close()
            raise
    except OSError as error:
        why = error.strerror or str(error) or type(error).__name__
        raise NotConnected(f"no engine answers at {address.text}: {why}") from error


def _unix(path: str, seconds: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(seconds)
    try:
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _context(address: Address) -> ssl.SSLContext:
    context = ssl.create_default_context()
    roots = address.trust_roots
    if roots is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for path in _pem_files(roots):
            context.load_verify_locations(path)
    if address.certificate is not None:
        context.load_cert_chain(address.certificate)
    return context


def _pem_files(roots: str) -> list[str]:
    if not os.path.isdir(roots):
        return [roots]
    return [os.path.join(roots, name) for name in os.listdir(roots) if name.endswith(".pem")]
