"""Secrets in headers become a hash wherever a request or a result is shown.

Two equal secrets show as equal hashes, so that "did the token change?" can
still be answered; the hash is keyed, so that a short secret cannot be guessed.
Pure; safe to call from any thread.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import replace

from jqengine.job import Headers, Result, Run

SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key"}
)
"""Lower-case names of the headers that are secret unless configured otherwise."""


class Redactor:
    """Replaces the values of secret headers.

    :param key: of the hash; kept by the engine, shown to nobody.
    :param names: lower-case names of the headers that are secret.
    """

    def __init__(self, key: bytes, names: Iterable[str] = SECRET_HEADERS) -> None:
        self._key = key
        self._names = frozenset(names)

    def headers(self, headers: Headers, reveal: frozenset[str] = frozenset()) -> Headers:
        """*headers* with secrets replaced, but for those in *reveal* (lower case)."""
        secret = self._names - reveal
        if all(name.lower() not in secret for name, _ in headers):
            return headers
        return tuple(
            (name, self.hash(value) if name.lower() in secret else value) for name, value in headers
        )

    def run(self, run: Run, reveal: frozenset[str] = frozenset()) -> Run:
        """*run* with the secrets of its request replaced."""
        headers = self.headers(run.request.headers, reveal)
        if headers is run.request.headers:
            return run
        return run._replace(request=replace(run.request, headers=headers))

    def result(self, result: Result, reveal: frozenset[str] = frozenset()) -> Result:
        """*result* with the secrets of its headers replaced."""
        return result._replace(headers=self.headers(result.headers, reveal))

    def hash(self, value: str) -> str:
        """What is shown in place of *value*."""
        digest = hmac.new(self._key, value.encode("utf-8", "surrogateescape"), hashlib.sha256)
        return f"[redacted {digest.hexdigest()[:12]}]"
