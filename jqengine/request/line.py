"""A request line, as crontabs and the command line write it::

    [METHOD] URI [name=value ...] [Header:value ...] [@file | --raw=TEXT] [--option=value ...]

Pure: a body file is read by a function that the caller gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from urllib.parse import urlencode

from jqengine.errors import BadRequest, BadValue
from jqengine.job import Headers, Request
from jqengine.joboptions import JOB_OPTIONS, OptionValues
from jqengine.options import closest
from jqengine.request.headers import environ_key
from jqengine.request.linewords import (
    field_of,
    header_of,
    is_comment,
    method_of,
    stray,
    target_of,
)
from jqengine.request.words import Word, split_words

ReadFile = Callable[[str], bytes]
"""Reads a whole body file; raises ``OSError`` when it cannot."""

QUERY_METHODS = frozenset({"GET", "HEAD", "DELETE"})
"""Methods whose ``name=value`` words go into the query, not into a body."""

FORM = "application/x-www-form-urlencoded"

_SINGLE_HEADERS = frozenset({"CONTENT_TYPE", "HTTP_HOST"})


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request line, understood.

    :ivar request: what the application is asked.
    :ivar options: parsed values of the job options on the line, by name.
    :ivar positions: 0-based offset in the line of each option's value.
    """

    request: Request
    options: OptionValues
    positions: Mapping[str, int]


def parse_request_line(line: str, read: ReadFile, user: str | None = None) -> RequestLine:
    """Understand a whole *line*.

    :param user: becomes the request's user.
    :raises BadRequest: for the first thing that is wrong, with its position.
    """
    understood, errors = examine_request(split_words(line), read, user)
    if understood is None:
        raise errors[0]
    return understood


def examine_request(
    words: Sequence[Word], read: ReadFile, user: str | None = None
) -> tuple[RequestLine | None, list[BadRequest]]:
    """Understand the *words* of a request line, or say all that is wrong with them.

    Gives either a request line or at least one error, in the order of words.
    """
    said = _Said(read)
    head = 1 if len(words) < 2 or words[0].text.startswith("/") else 2
    tail = words[head:]
    # One error for a comment, not one for each of its words.
    comment = next((n for n, word in enumerate(tail, 1) if is_comment(word)), None)
    errors: list[BadRequest] = []
    for step in (
        partial(said.take_head, words[:head]),
        *(partial(said.take, word) for word in tail[:comment]),
    ):
        try:
            step()
        except BadRequest as error:
            errors.append(error)
    if not errors:
        try:
            return said.line(user), []
        except BadRequest as error:
            errors.append(error)
    return None, errors


class _Said:
    """What the words read so far have said."""

    def __init__(self, read: ReadFile) -> None:
        self._read = read
        self._method = "GET"
        self._target = "/"
        self._fields: dict[Word, tuple[str, str]] = {}
        self._headers: dict[Word, tuple[str, str]] = {}
        self._body: tuple[Word, bytes, str] | None = None
        self._options: dict[str, object] = {}
        self._positions: dict[str, int] = {}

    def take_head(self, words: Sequence[Word]) -> None:
        """The URI, or the method and the URI."""
        if not words:
            raise BadRequest("the request is missing; expected [METHOD] URI", 0)
        if len(words) > 1:
            self._method = method_of(words[0])
        self._target = target_of(words[-1])

    def take(self, word: Word) -> None:
        """Any word after them."""
        separator = re.search("[=:]", word.text)
        if word.text.startswith("--"):
            self._take_option(word)
        elif word.text.startswith("@"):
            self._take_body(word, self._file(word), "application/octet-stream")
        elif separator is None or is_comment(word):
            raise stray(word)
        elif separator[0] == "=":
            self._fields[word] = field_of(word)
        else:
            self._take_header(word)

    def line(self, user: str | None) -> RequestLine:
        """All of it put together."""
        target, form = self._placed_fields()
        word, body, media_type = self._body or (None, form, FORM if form else "")
        if form and word:
            raise BadRequest(
                f"a {self._method} with name=value words has a form body already", word.start
            )
        request = Request(
            method=self._method,
            target=target,
            headers=self._typed_headers(media_type),
            body=body,
            user=user,
        )
        options, positions = MappingProxyType(self._options), MappingProxyType(self._positions)
        return RequestLine(request, options, positions)

    def _take_header(self, word: Word) -> None:
        name, value = header_of(word)
        key = environ_key(name)
        if key in _SINGLE_HEADERS and any(
            environ_key(other) == key for other, _ in self._headers.values()
        ):
            raise BadRequest(f"{name} is given twice", word.start)
        self._headers[word] = name, value

    def _take_option(self, word: Word) -> None:
        name, equals, text = word.text[2:].partition("=")
        if name != "raw" and name not in JOB_OPTIONS:
            hint = closest(name[:40], ("raw", *JOB_OPTIONS)) or "expected one of a job's options"
            raise BadRequest(f"there is no option --{name[:40]}; {hint}", word.start)
        if not equals:
            form = JOB_OPTIONS[name].form if name in JOB_OPTIONS else "TEXT"
            raise BadRequest(f"--{name} needs a value: --{name}={form}", word.start)
        if name == "raw":
            self._take_body(word, text.encode(), "text/plain; charset=utf-8")
        else:
            self._set_option(name, text, word)

    def _set_option(self, name: str, text: str, word: Word) -> None:
        option, position = JOB_OPTIONS[name], word.offset(len(name) + 3)
        if name in self._options and not option.repeatable:
            raise BadRequest(f"--{name} is given twice", word.start)
        try:
            value = option.read(text)
        except BadValue as error:
            raise BadRequest(f"--{name}: {error}", position) from None
        if option.repeatable:
            before = self._options.get(name, ())
            assert isinstance(before, tuple)
            value = (*before, *value)
        self._options[name] = value
        self._positions.setdefault(name, position)

    def _file(self, word: Word) -> bytes:
        name = word.text[1:]
        if not name:
            raise BadRequest("the name of a file must follow the @", word.start)
        try:
            return self._read(name)
        except (OSError, ValueError) as error:
            why = (isinstance(error, OSError) and error.strerror) or error
            raise BadRequest(f"cannot read the body from {name!r}: {why}", word.start) from None

    def _take_body(self, word: Word, body: bytes, media_type: str) -> None:
        if self._body:
            raise BadRequest("a request has one body, and it was given before", word.start)
        self._body = word, body, media_type

    def _placed_fields(self) -> tuple[str, bytes]:
        """The target with the fields in its query, or the form body with them."""
        encoded = urlencode(list(self._fields.values()))
        if not encoded or self._method not in QUERY_METHODS:
            return self._target, encoded.encode("ascii")
        if "?" not in self._target:
            return f"{self._target}?{encoded}", b""
        joint = "" if self._target[-1] in "?&" else "&"
        return f"{self._target}{joint}{encoded}", b""

    def _typed_headers(self, media_type: str) -> Headers:
        """The headers, with the media type of the body unless one was given."""
        for word, (name, value) in self._headers.items():
            if environ_key(name) == "CONTENT_TYPE":
                if media_type == FORM and value.partition(";")[0].strip().lower() != FORM:
                    raise BadRequest(
                        f"name=value words make a body of the type {FORM};"
                        " give another one as @file or --raw=TEXT",
                        word.start,
                    )
                media_type = ""
        own = tuple(self._headers.values())
        return (*own, ("Content-Type", media_type)) if media_type else own
