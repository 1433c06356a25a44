"""What single words of a request line mean.

Each function takes a :class:`~jqengine.request.words.Word` and gives its value,
or raises :class:`~jqengine.errors.BadRequest` with the position of the fault.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from jqengine.errors import BadRequest
from jqengine.joboptions import shown
from jqengine.request.headers import environ_key, is_trusted
from jqengine.request.words import Word

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"})
"""The methods of RFC 9110 and 5789 that name a path; others are possible."""

_METHOD = re.compile(r"[A-Z][A-Z0-9_-]*", re.ASCII)
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.6.2
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NOT_IN_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]|[^\x00-\xff]")

# What RFC 3986 lets stand in a path or a query, and the % of escapes.
_URI_SAFE = "/?:@!$&'()*+,;=~-._%"

_REFUSED_HEADERS = {
    "HTTP_IDEMPOTENCY_KEY": "the engine sets it, the same for every attempt of a run",
    "CONTENT_LENGTH": "the engine computes it",
    "HTTP_CONTENT_LENGTH": "the engine computes it",
    "HTTP_TRANSFER_ENCODING": "the body of a job is sent whole",
    "HTTP_PROXY": "it would reach the application as HTTP_PROXY",
}


def method_of(word: Word) -> str:
    """An HTTP method in capitals, of the usual or any other name."""
    text = word.text
    if text == "CONNECT":
        raise BadRequest("CONNECT asks for a host, not for a path of the application", word.start)
    if _METHOD.fullmatch(text):
        return text
    if text.upper() in KNOWN_METHODS:
        raise BadRequest(f"a method is written in capitals: {text.upper()}", word.start)
    raise no_path(word)


def target_of(word: Word) -> str:
    """A path, with or without a query, percent-encoded as far as it must be."""
    text = word.text
    if not text.startswith("/"):
        raise no_path(word)
    if text.startswith("//"):
        raise BadRequest("a path begins with one /, not with //", word.start)
    if "#" in text:
        raise BadRequest(
            "a fragment (#...) is never sent; write %23 for a # in the path",
            word.offset(text.index("#")),
        )
    return quote(_STRAY_PERCENT.sub("%25", text), safe=_URI_SAFE)


def no_path(word: Word) -> BadRequest:
    """The error of a word that stands where a path should."""
    text = word.text
    scheme = _SCHEME.match(text)
    if scheme:
        path = text[scheme.end() :] or "/"
        return BadRequest(
            f"a job asks this engine's own application: give the path alone, {shown(path)}",
            word.start,
        )
    if _METHOD.fullmatch(text):
        return BadRequest(f"a path beginning with / must follow {text}", word.start)
    return BadRequest(f"expected a path beginning with /, not {shown(text)}", word.start)


def field_of(word: Word) -> tuple[str, str]:
    """Name and value of ``name=value``, not yet encoded; the value may be empty."""
    name, _, value = word.text.partition("=")
    if not name:
        raise BadRequest("a name is missing before the =", word.start)
    return name, value


def header_of(word: Word) -> tuple[str, str]:
    """Name and value of ``Header:value``, good to be sent (RFC 9110, section 5)."""
    name, _, value = word.text.partition(":")
    if not _TOKEN.fullmatch(name):
        raise BadRequest(f"{shown(name)} cannot be the name of a header", word.start)
    if is_trusted(name):
        raise BadRequest(f"{name} is a header that only the engine sets", word.start)
    refusal = _REFUSED_HEADERS.get(environ_key(name))
    if refusal:
        raise BadRequest(f"{name} cannot be given: {refusal}", word.start)
    bad = _NOT_IN_HEADER.search(value)
    if bad:
        raise BadRequest(
            f"U+{ord(bad[0]):04X} cannot stand in a header",
            word.offset(len(name) + 1 + bad.start()),
        )
    return name, value.strip(" \t")


def is_comment(word: Word) -> bool:
    """Whether *word* begins what is meant as a comment; one in quotes does not."""
    return word.raw.startswith("#")


def stray(word: Word) -> BadRequest:
    """The error of a word that is none of those which may follow the path."""
    if is_comment(word):
        return BadRequest("a comment stands on a line of its own", word.start)
    if word.text in KNOWN_METHODS:
        return BadRequest(f"the method {word.text} belongs before the path", word.start)
    return BadRequest(
        f"expected name=value, Header:value, @file or --option=value, not {shown(word.text)}",
        word.start,
    )
