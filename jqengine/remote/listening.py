"""Where clients come in: a socket of one's own user, or TCP with credentials."""

from __future__ import annotations

import os
import re
import socket
import stat
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from OpenSSL.crypto import Error as CryptoError
from twisted.internet.defer import Deferred, execute
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    PrivateCertificate,
    trustRootFromCertificates,
)
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from jqengine.errors import ConfigurationError
from jqengine.remote.credentials import Secrets
from jqengine.wire.address import Parts, quoted, take_apart

LONGEST_SOCKET_PATH = 107
"""Bytes; the kernel's structure for it has 108 with the NUL."""

_CERTIFICATE = re.compile(b"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What lets clients in that do not come over a unix socket.

    :ivar secrets: for the handshake, by role; may be empty.
    :ivar certificate: a PEM file with the engine's certificate and key.
    :ivar client_authority: a PEM file with the certificates of the authorities
        that sign those of clients.
    """

    secrets: Secrets
    certificate: str | None = None
    client_authority: str | None = None

    @property
    def with_certificates(self) -> bool:
        """Whether clients show certificates."""
        return self.client_authority is not None


def amp_endpoint(
    reactor: Any,
    text: str,
    access: Access,
    inherited: Callable[[str], IStreamServerEndpoint] | None = None,
) -> IStreamServerEndpoint:
    """The endpoint that *text* describes, once it is safe to listen there.

    :param inherited: makes it, where its socket is another process's.
    :raises ConfigurationError: it is malformed, or anybody could come in.
    """
    parts = take_apart(text)
    if parts.kind == "unix":
        own = _own_socket(reactor, text, parts)
        return own if inherited is None else inherited(text)
    if not (access.secrets or access.with_certificates):
        raise ConfigurationError(
            f"--amp {text}: anybody could schedule jobs there;"
            " expected --amp-secret-file, or --amp-certificate and --amp-client-ca"
        )
    try:
        make = inherited or partial(serverFromString, reactor)
        endpoint: IStreamServerEndpoint = make(text)
    except (ValueError, TypeError, OSError) as error:
        raise ConfigurationError(f"--amp {text}: {error}") from None
    if access.certificate is None and not access.with_certificates:
        return endpoint
    return WithTLS(endpoint, _tls_options(access))


def located(text: str, directory: str) -> str:
    """*text*, with the path of a unix socket read from *directory*, as ``unix:PATH``.

    A text with a slash that names no kind of endpoint is such a path.
    """
    if "/" in text and not re.match("[a-z0-9]+:", text):
        text = f"unix:{quoted(text)}"
    parts = take_apart(text)
    path = parts.get(0, "path")
    if parts.kind != "unix" or not path:
        return text
    mode = parts.get(1, "mode")
    absolute = f"unix:{quoted(os.path.join(directory, path))}"
    return absolute if mode is None else f"{absolute}:mode={mode}"


def _own_socket(reactor: Any, text: str, parts: Parts) -> OwnSocket:
    path, mode = parts.get(0, "path"), parts.get(1, "mode") or "600"
    if not path or not re.fullmatch(r"0?[0-7]{3}", mode) or parts.named.keys() - {"path", "mode"}:
        raise ConfigurationError(f"--amp {text}: expected unix:PATH or unix:PATH:mode=600")
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise ConfigurationError(
            f"--amp {text}: the path of a socket has at most {LONGEST_SOCKET_PATH} bytes;"
            " choose a shorter --state-dir, or say --amp"
        )
    return OwnSocket(reactor, path, int(mode, 8))


@implementer(IStreamServerEndpoint)
class OwnSocket:
    """A unix socket.

    It takes the place of one that a killed engine left behind.  Twisted's lock
    file does not do: it names a process id, and in a container the next engine
    has the same.
    """

    def __init__(self, reactor: Any, path: str, mode: int) -> None:
        self._reactor = reactor
        self._path = path
        self._mode = mode

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """Listen; fails with CannotListenError."""
        return execute(self._listen, protocolFactory)

    def _listen(self, factory: IProtocolFactory) -> IListeningPort:
        self._remove_what_was_left()
        port: IListeningPort = self._reactor.listenUNIX(self._path, factory, mode=self._mode)
        return port

    def _remove_what_was_left(self) -> None:
        try:
            if not stat.S_ISSOCK(os.lstat(self._path).st_mode):
                raise CannotListenError(None, self._path, "a file that is no socket is there")
        except FileNotFoundError:
            return
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(self._path)
            except (ConnectionRefusedError, FileNotFoundError):
                os.unlink(self._path)
                return
            except OSError as error:
                raise CannotListenError(None, self._path, error) from None
        raise CannotListenError(None, self._path, "another engine listens there")


@implementer(IStreamServerEndpoint)
class WithTLS:
    """Another endpoint, spoken to in TLS."""

    def __init__(self, endpoint: IStreamServerEndpoint, options: CertificateOptions) -> None:
        self._endpoint = endpoint
        self._options = options

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """Listen."""
        wrapped = TLSMemoryBIOFactory(self._options, False, protocolFactory)
        port: Deferred[IListeningPort] = self._endpoint.listen(wrapped)
        return port


def _tls_options(access: Access) -> CertificateOptions:
    if access.certificate is None:
        raise ConfigurationError(
            "--amp-client-ca: expected the engine's own --amp-certificate, too"
        )
    own_pem = _read("--amp-certificate", access.certificate)
    try:
        own = PrivateCertificate.loadPEM(own_pem)
        chain = [Certificate.loadPEM(pem).original for pem in _CERTIFICATE.findall(own_pem)[1:]]
    except (CryptoError, ValueError):
        raise ConfigurationError(
            f"--amp-certificate: {access.certificate} holds no certificate with its key in PEM"
        ) from None
    return CertificateOptions(
        privateKey=own.privateKey.original,
        certificate=own.original,
        extraCertChain=chain,
        trustRoot=_authorities(access.client_authority),
    )


def _authorities(path: str | None) -> Any:
    if path is None:
        return None
    try:
        found = [
            Certificate.loadPEM(pem) for pem in _CERTIFICATE.findall(_read("--amp-client-ca", path))
        ]
    except (CryptoError, ValueError):
        found = []
    if not found:
        raise ConfigurationError(f"--amp-client-ca: {path} holds no certificate in PEM")
    return trustRootFromCertificates(found)


def _read(option: str, path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ConfigurationError(f"{option}: cannot read {path}: {error.strerror}") from None
