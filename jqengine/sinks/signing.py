"""Signatures in the form of the Standard Webhooks specification, version 1.

https://github.com/standard-webhooks/standard-webhooks: HMAC-SHA256 over
``ID.TIMESTAMP.BODY`` with the key that a ``whsec_`` secret encodes.  Pure.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from jqengine.errors import ConfigurationError

_PREFIX = "whsec_"
_SHORTEST_KEY = 24
_LONGEST_KEY = 64


def keys_of(text: str) -> tuple[bytes, ...]:
    """The keys in *text*: one ``whsec_`` secret, or several with white space
    between them while an old one is being replaced.

    :raises ConfigurationError: there is none, or one is malformed; the
        sentence does not repeat it.
    """
    keys = tuple(_key(secret) for secret in text.split())
    if not keys:
        raise ConfigurationError("the secret of a webhook is empty")
    return keys


def _key(secret: str) -> bytes:
    encoded = secret.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        key = b""
    if encoded == secret or not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise ConfigurationError(
            "the secret of a webhook is malformed; expected whsec_ and the base64 of"
            f" {_SHORTEST_KEY} to {_LONGEST_KEY} random bytes"
        )
    return key


def signature_headers(
    delivery_id: str, timestamp: int, body: bytes, keys: tuple[bytes, ...]
) -> dict[str, str]:
    """The headers that say which delivery this is, when it was sent, and,
    where there is a key, that it is ours.

    :param delivery_id: the same on every try; without a full stop.
    :param timestamp: of this try, in whole seconds since the epoch.
    """
    headers = {"webhook-id": delivery_id, "webhook-timestamp": str(timestamp)}
    if keys:
        signed = f"{delivery_id}.{timestamp}.".encode() + body
        headers["webhook-signature"] = " ".join(_signature(key, signed) for key in keys)
    return headers


def _signature(key: bytes, signed: bytes) -> str:
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode('ascii')}"
