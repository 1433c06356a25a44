"""Commands by which a client proves that it knows a secret."""

from __future__ import annotations

from typing import ClassVar

from jqengine.remote.arguments import Bytes, Text
from jqengine.remote.commands.base import Arguments, EngineCommand, Role


class Challenge(EngineCommand):
    """Begin the handshake that a TCP connection without a certificate needs.

    Both ends show that they know the secret of the role. A proof is the
    HMAC-SHA256 with the secret as the key of ``jobqueue-amp-1``, ``engine`` or
    ``client``, the role, and the client's nonce followed by the engine's, these
    four joined by NUL bytes.
    """

    role = Role.STRANGER
    arguments: ClassVar[Arguments] = [
        (b"role", Text("``submit`` or ``operate``.")),
        (b"nonce", Bytes("32 random bytes.")),
    ]
    response: ClassVar[Arguments] = [
        (b"nonce", Bytes("32 random bytes of the engine.")),
        (b"proof", Bytes("The proof of the engine, to be checked by the client.")),
    ]


class Prove(EngineCommand):
    """End the handshake."""

    role = Role.STRANGER
    arguments: ClassVar[Arguments] = [(b"proof", Bytes("The proof of the client."))]
