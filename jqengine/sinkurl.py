"""Sink URLs: what every one of them has in common.

``SCHEME:TARGET#OPTION=VALUE&OPTION=VALUE``.  The scheme names the sink, which
reads the target as it likes; the fragment is the engine's, and one mechanism
reads it for all sinks.  Pure; safe to call from any thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from jqengine.errors import BadValue
from jqengine.options import closest

LONGEST = 2000
"""Characters of a sink URL, at most."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

OptionParsers = Mapping[str, Callable[[str], Any]]
"""Names of fragment options; each with what makes its value from its text or
raises :class:`~jqengine.errors.BadValue`."""


class On(StrEnum):
    """Which results a sink is given."""

    ALWAYS = "always"
    SUCCESS = "success"  # an answer below 400
    FAILURE = "failure"  # any other, none at all, or one that removed the job
    CHANGE = "change"  # a success that differs from the success before it

    @classmethod
    def parse(cls, text: str) -> On:
        """Read one of the words.

        :raises BadValue: it is none of them.
        """
        try:
            return cls(text)
        except ValueError:
            raise BadValue(f"{text!r} is none of {', '.join(cls)}") from None


def parse_header_names(text: str) -> frozenset[str]:
    """Header names with commas between them, in lower case."""
    names = text.split(",")
    if not all(map(_HEADER_NAME.fullmatch, names)):
        raise BadValue(f"{text!r} is not a list of headers; expected Authorization,Cookie")
    return frozenset(name.lower() for name in names)


COMMON_OPTIONS: OptionParsers = MappingProxyType({"on": On.parse, "reveal": parse_header_names})
"""Options that every sink has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkURL:
    """A sink URL, taken apart and checked as far as all sinks are alike.

    :ivar text: the whole of it, as the user wrote it.
    :ivar scheme: in lower case.
    :ivar target: what stands between the scheme's colon and the fragment.
    :ivar on: which results it asks for.
    :ivar reveal: lower-case names of headers it wants to see unredacted.
    :ivar options: the values of the sink's own options that were given.
    """

    text: str
    scheme: str
    target: str
    on: On = On.ALWAYS
    reveal: frozenset[str] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The URL as logs may show it."""
        return label_of(self.text)


def label_of(text: str) -> str:
    """A sink URL as logs may show it: what follows a web host is often a secret."""
    scheme, _, rest = text.partition("#")[0].partition(":")
    if not rest.startswith("//"):
        return f"{scheme}:{rest}"
    authority = re.split("[/?]", rest[2:], maxsplit=1)[0]
    more = rest[2 + len(authority) :].strip("/")
    host = authority.rpartition("@")[2]
    return f"{scheme}://{host}{'/...' if more else ''}"


@lru_cache(maxsize=1024)
def watches(sinks: tuple[str, ...]) -> bool:
    """Whether one of these sink URLs asks for changes alone.

    Quick: it is asked of every run.
    """
    fragments = (text.partition("#")[2] for text in sinks)
    return any(f"on={On.CHANGE}" in fragment.split("&") for fragment in fragments)


def scheme_of(text: str) -> str:
    """The lower-case scheme of a sink URL.

    :raises BadValue: the text is not a URL at all.
    """
    scheme, colon, _ = text.partition(":")
    if len(text) > LONGEST:
        raise BadValue(f"{text[:40]!r}... is longer than the {LONGEST} characters of a sink")
    if not colon or not _SCHEME.fullmatch(scheme.lower()):
        raise BadValue(f"{text!r} is not a sink; expected a URL such as stdout: or file:results")
    if not text.isprintable() or " " in text:
        raise BadValue(f"{text!r} is not a sink; write spaces and the like as %20")
    return scheme.lower()


def parse_sink_url(text: str, own_options: OptionParsers) -> SinkURL:
    """Take a sink URL apart.

    :param own_options: the options that its sink has beside the common ones.
    :raises BadValue: it is malformed, or an option of it is unknown, repeated
        or has a bad value; the sentence says which.
    """
    scheme = scheme_of(text)
    target, _, fragment = text[len(scheme) + 1 :].partition("#")
    values = _values(fragment, {**own_options, **COMMON_OPTIONS}, scheme)
    return SinkURL(
        text=text,
        scheme=scheme,
        target=target,
        on=values.pop("on", On.ALWAYS),
        reveal=values.pop("reveal", frozenset()),
        options=MappingProxyType(values),
    )


def _values(fragment: str, parsers: OptionParsers, scheme: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for part in fragment.split("&") if fragment else ():
        name, equals, value = part.partition("=")
        if not equals:
            raise BadValue(f"#{part} is not an option of a sink; expected #name=value")
        if name not in parsers:
            hint = closest(name, parsers) or f"there are {', '.join(sorted(parsers))}"
            raise BadValue(f"{scheme}: has no option {name!r}; {hint}")
        if name in values:
            raise BadValue(f"#{name}= stands twice in a sink")
        values[name] = _value(name, unquote(value), parsers)
    return values


def _value(name: str, text: str, parsers: OptionParsers) -> Any:
    if not text.isprintable():
        raise BadValue(f"#{name}= holds an unprintable character")
    try:
        return parsers[name](text)
    except BadValue as error:
        raise BadValue(f"#{name}=: {error}") from None
