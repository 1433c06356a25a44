"""Who is at the other end, and how far it may go."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Mapping
from typing import Any

from jqengine.errors import BadValue, Forbidden
from jqengine.remote.commands import Role
from jqengine.wire.proof import NONCE_LENGTH, ROLES, client_proof, engine_proof, proofs_equal

OPERATOR_UNIT = "operate"
"""The organisational unit in the subject of a client certificate of an operator."""

Secrets = Mapping[str, bytes]
"""The secret of each role, by its word."""


def role_at_connection(transport: Any) -> Role:
    """The role that a peer has by its connection alone.

    Over a unix socket: operate for the engine's own user and for root, and
    nothing for others.  With a certificate that the engine's authority signed:
    operate if its subject says so, else submit.
    """
    handle = transport.getHandle() if hasattr(transport, "getHandle") else None
    if isinstance(handle, socket.socket) and handle.family == socket.AF_UNIX:
        return Role.OPERATE if _uid_of_peer(handle) in (os.geteuid(), 0) else Role.STRANGER
    certificate = _certificate_of_peer(transport)
    if certificate is None:
        return Role.STRANGER
    units = {
        value.decode("utf-8", "replace")
        for name, value in certificate.get_subject().get_components()
        if name == b"OU"
    }
    return Role.OPERATE if OPERATOR_UNIT in units else Role.SUBMIT


def _uid_of_peer(handle: socket.socket) -> int:
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        # The socket's own mode, 0600, has let nobody else in.
        return os.geteuid()
    credentials = handle.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i"))
    uid: int = struct.unpack("3i", credentials)[1]
    return uid


def _certificate_of_peer(transport: Any) -> Any:
    get = getattr(transport, "getPeerCertificate", None)
    return get() if get is not None else None


class Handshake:
    """The mutual proof of a secret, on one connection.

    :param secrets: of each role there is.
    :param random_bytes: like ``os.urandom``.
    """

    def __init__(self, secrets: Secrets, random_bytes: Callable[[int], bytes]) -> None:
        self._secrets = secrets
        self._random_bytes = random_bytes
        self._expected: tuple[Role, bytes] | None = None

    def challenge(self, role: str, nonce: bytes) -> tuple[bytes, bytes]:
        """The engine's nonce and its proof, for a client's nonce.

        :raises BadValue, Forbidden: there is no such role, or no secret of it.
        """
        if role not in ROLES or len(nonce) != NONCE_LENGTH:
            raise BadValue(f"expected a role, submit or operate, and {NONCE_LENGTH} bytes of nonce")
        secret = self._secrets.get(role)
        if secret is None:
            raise Forbidden(f"this engine has no secret for the role {role}")
        own = self._random_bytes(NONCE_LENGTH)
        self._expected = Role[role.upper()], client_proof(secret, role, nonce, own)
        return own, engine_proof(secret, role, nonce, own)

    def prove(self, proof: bytes) -> Role:
        """The role of a client that knows its secret.  Each challenge is good once.

        :raises Forbidden: it does not.
        """
        expected, self._expected = self._expected, None
        if expected is None or not proofs_equal(proof, expected[1]):
            raise Forbidden("the proof is wrong: the two ends do not know the same secret")
        return expected[0]
