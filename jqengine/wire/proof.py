"""The handshake by which two ends show each other that they know a secret.

HMAC-SHA256 over the direction, the role and a nonce of each side (RFC 2104):
neither end sends the secret, and no proof can be used on another connection
or sent back to where it came from.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Mapping

from jqengine.errors import ConfigurationError

ROLES = ("submit", "operate")

NONCE_LENGTH = 32
SHORTEST_SECRET = 16


def engine_proof(secret: bytes, role: str, client_nonce: bytes, engine_nonce: bytes) -> bytes:
    """What the engine answers to a client's nonce."""
    return _proof(b"engine", secret, role, client_nonce, engine_nonce)


def client_proof(secret: bytes, role: str, client_nonce: bytes, engine_nonce: bytes) -> bytes:
    """What the client answers to the engine's."""
    return _proof(b"client", secret, role, client_nonce, engine_nonce)


def read_secrets(path: str) -> Mapping[str, bytes]:
    """The secret of each role in the file *path*, which nobody else may be able to read.

    Its lines are ``ROLE SECRET``, with the role ``submit`` or ``operate``.

    :raises ConfigurationError: it cannot be read, others can read it too, or
        something is wrong with a line.
    """
    try:
        with open(path, encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise ConfigurationError(f"{path}: others can read it; expected mode 600")
            text = file.read()
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not text") from None
    return _parse_secrets(text, path)


def _parse_secrets(text: str, path: str) -> Mapping[str, bytes]:
    secrets: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or words[0] not in ROLES or words[0] in secrets:
            raise ConfigurationError(
                f"{path}:{number}: expected submit or operate and its secret, each once"
            )
        if len(words[1]) < SHORTEST_SECRET:
            raise ConfigurationError(
                f"{path}:{number}: the secret is too short;"
                f" expected {SHORTEST_SECRET} characters or more"
            )
        secrets[words[0]] = words[1].encode()
    if not secrets:
        raise ConfigurationError(f"{path}: holds no secret; expected lines like operate SECRET")
    return secrets


proofs_equal: Callable[[bytes, bytes], bool] = hmac.compare_digest
"""Compares without telling by its duration where two proofs differ."""


def _proof(who: bytes, secret: bytes, role: str, client: bytes, engine: bytes) -> bytes:
    message = b"\0".join((b"jobqueue-amp-1", who, role.encode(), client + engine))
    return hmac.digest(secret, message, "sha256")
