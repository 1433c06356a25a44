"""The handshake by which two ends show each other that they know a secret.

HMAC-SHA256 over the direction, the role and a nonce of each side (RFC 2104):
neither end sends the secret, and no proof can be used on another connection
or sent back to where it came from.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

NONCE_LENGTH = 32
SHORTEST_SECRET = 16


def engine_proof(secret: bytes, role: str, client_nonce: bytes, engine_nonce: bytes) -> bytes:
    """What the engine answers to a client's nonce."""
    return _proof(b"engine", secret, role, client_nonce, engine_nonce)


def client_proof(secret: bytes, role: str, client_nonce: bytes, engine_nonce: bytes) -> bytes:
    """What the client answers to the engine's."""
    return _proof(b"client", secret, role, client_nonce, engine_nonce)


proofs_equal: Callable[[bytes, bytes], bool] = hmac.compare_digest
"""Compares without telling by its duration where two proofs differ."""


def _proof(who: bytes, secret: bytes, role: str, client: bytes, engine: bytes) -> bytes:
    message = b"\0".join((b"jobqueue-amp-1", who, role.encode(), client + engine))
    return hmac.digest(secret, message, "sha256")
