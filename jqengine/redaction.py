"""Secrets become hashes wherever a request, a result or a sink is shown.

Two equal secrets show as equal hashes, so that "did the token change?" can
still be answered; the hash is keyed, so that a short secret cannot be guessed.
Pure; safe to call from any thread.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import replace
from enum import IntEnum
from functools import lru_cache
from urllib.parse import unquote_plus

from jqengine.job import Headers, Request, Result, Run
from jqengine.secretnames import squeezed, stands_for_a_secret
from jqengine.sinkurl import label_of

FORM = "application/x-www-form-urlencoded"

NOBODY = frozenset[str]()

_ADDRESSES = frozenset({"content-location", "location", "referer"})
"""Headers whose value is a URL."""

_MARK = re.compile(r"\[redacted [0-9a-f]{12}\]|redacted-[0-9a-f]{12}")


class _Header(IntEnum):
    """What is to be done with the value of a header."""

    PLAIN = 0
    SECRET = 1
    ADDRESS = 2


def is_form(headers: Headers) -> bool:
    """Whether a body with these *headers* is a form, in which fields have names."""
    kinds = [value for name, value in headers if name.lower() == "content-type"]
    return any(kind.partition(";")[0].strip().lower() == FORM for kind in kinds)


class Redactor:
    """Replaces the values of what has a secret name.

    :ivar key: of the hash; kept by the engine, shown to nobody.
    :param names: of headers, query parameters and fields of forms that are
        secret, besides those that everybody's are
        (:func:`~jqengine.secretnames.stands_for_a_secret`).
    """

    def __init__(self, key: bytes, names: Iterable[str] = ()) -> None:
        self.key = key
        self._names = frozenset(map(squeezed, names))
        # Asked for each header of each result.
        self._kind_of = lru_cache(maxsize=4096)(self._kind_of_header)

    def is_secret(self, name: str, reveal: frozenset[str] = NOBODY) -> bool:
        """Whether a value of that name is hidden, unless it is one of *reveal* (lower case)."""
        secret = stands_for_a_secret(name) or (self._names and squeezed(name) in self._names)
        return bool(secret) and name.lower() not in reveal

    def headers(self, headers: Headers, reveal: frozenset[str] = NOBODY) -> Headers:
        """*headers* with secrets replaced, but for those in *reveal* (lower case)."""
        if not any(map(self._kind_of, [name for name, _ in headers])):  # nearly always
            return headers
        return tuple((name, self._header(name, value, reveal)) for name, value in headers)

    def target(self, target: str, reveal: frozenset[str] = NOBODY) -> str:
        """A request target, or another URL, with the secrets of its query replaced."""
        path, mark, query = target.partition("?")
        return path + mark + self._pairs(query, reveal) if mark else target

    def form(self, body: bytes) -> bytes:
        """The body of a form with its secrets replaced."""
        text = body.decode("latin-1")
        return self._pairs(text, NOBODY).encode("latin-1")

    def request(self, request: Request, reveal: frozenset[str] = NOBODY) -> Request:
        """*request* with the secrets of its headers and its target replaced."""
        headers = self.headers(request.headers, reveal)
        target = self.target(request.target, reveal)
        if headers is request.headers and target == request.target:
            return request
        return replace(request, headers=headers, target=target)

    def run(self, run: Run, reveal: frozenset[str] = NOBODY) -> Run:
        """*run* with the secrets of its request replaced."""
        request = self.request(run.request, reveal)
        return run if request is run.request else run._replace(request=request)

    def result(self, result: Result, reveal: frozenset[str] = NOBODY) -> Result:
        """*result* with the secrets of its headers replaced."""
        return result._replace(headers=self.headers(result.headers, reveal))

    def sink(self, url: str) -> str:
        """A sink's URL: what follows a web host is often a secret, and what stands before it is.

        Its options stay, which name secrets and do not hold them.
        """
        address, mark, options = url.partition("#")
        label = label_of(url)
        if label.endswith("/..."):
            label = f"{label.removesuffix('...')}{self.mark(address)}"
        return f"{self.target(label)}{mark}{options}"

    def hash(self, value: str) -> str:
        """What is shown in place of *value*."""
        return f"[redacted {self._digest(value)}]"

    def mark(self, value: str) -> str:
        """What is shown in place of *value* within a URL or a form."""
        return f"redacted-{self._digest(value)}"

    def restored(self, shown: str, secrets: Iterable[str]) -> str:
        """*shown*, changed by somebody or not, with the *secrets* in it back in place.

        For whoever edits what was redacted.  A hash of none of them stays.
        """
        known = {mark: value for value in secrets for mark in (self.hash(value), self.mark(value))}
        return _MARK.sub(lambda match: known.get(match[0], match[0]), shown)

    def secrets(self, request: Request, sinks: Iterable[str] = ()) -> set[str]:
        """Every value that is hidden where *request* and *sinks* are shown, as it is written."""
        found: set[str] = set()
        spy = _Spy(self.key, found, self._names)
        spy.request(request)
        if is_form(request.headers):
            spy.form(request.body)
        for url in sinks:
            spy.sink(url)
        return found

    def _kind_of_header(self, name: str) -> _Header:
        if self.is_secret(name):
            return _Header.SECRET
        return _Header.ADDRESS if name.lower() in _ADDRESSES else _Header.PLAIN

    def _header(self, name: str, value: str, reveal: frozenset[str]) -> str:
        kind = self._kind_of(name)
        if kind is _Header.SECRET and name.lower() not in reveal:
            return self.hash(value)
        return self.target(value, reveal) if kind is _Header.ADDRESS else value

    def _pairs(self, text: str, reveal: frozenset[str]) -> str:
        return "&".join(self._pair(one, reveal) if "=" in one else one for one in text.split("&"))

    def _pair(self, pair: str, reveal: frozenset[str]) -> str:
        name, _, value = pair.partition("=")
        if value and self.is_secret(unquote_plus(name), reveal):
            return f"{name}={self.mark(value)}"
        # Some write a semicolon between two pairs, and some a URL as a value.
        first, semicolon, others = value.partition(";")
        rest = self._pair(others, reveal) if "=" in others else others
        return f"{name}={self.target(first, reveal)}{semicolon}{rest}"

    def _digest(self, value: str) -> str:
        coded = value.encode("utf-8", "surrogateescape")
        return hmac.new(self.key, coded, hashlib.sha256).hexdigest()[:12]


class _Spy(Redactor):
    """Notes what it replaces."""

    def __init__(self, key: bytes, found: set[str], names: Iterable[str]) -> None:
        super().__init__(key, names)
        self._found = found

    def _digest(self, value: str) -> str:
        self._found.add(value)
        return super()._digest(value)
