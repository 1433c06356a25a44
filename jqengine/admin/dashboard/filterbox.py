"""The one box in which jobs are looked for: ``state:removed user:alice /reports``.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jqengine.errors import BadValue
from jqengine.lifecycle import JobState

_WORD = re.compile(r'(?P<key>[a-z]+):(?P<value>"[^"]*"|\S*)|(?P<bare>"[^"]*"|\S+)')
_ORDERS = ("newest", "due")
_ORIGINS = ("client", "crontab")
_KEYS = ("state", "user", "name", "target", "origin", "order")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which jobs are wanted: the arguments of the client's ``jobs``.

    :ivar state: one or several, separated by commas.
    :ivar name: a name, or the beginning of one with ``*`` behind it; *target* likewise.
    """

    state: str | None = None
    name: str | None = None
    target: str | None = None
    user: str | None = None
    origin: str | None = None
    order: str | None = None

    @property
    def narrows(self) -> bool:
        """Whether it leaves any job out."""
        return any((self.state, self.name, self.target, self.user, self.origin))


def parse(text: str) -> Wanted:
    """Read what was typed.

    ``key:value`` with the keys state, user, name, target, origin and order; a
    word that begins with ``/`` is the beginning of a target, any other that of a
    name.  What holds blanks is put in double quotes.

    :raises BadValue: a key or value is not known, or is said twice.
    """
    found: dict[str, str] = {}
    for key, value in _words(text):
        if key in found:
            raise BadValue(f"{key} is said twice; expected one of each")
        found[key] = _checked(key, value)
    return Wanted(**found)


def _words(text: str) -> Iterator[tuple[str, str]]:
    for match in _WORD.finditer(text):
        key, bare = match["key"], match["bare"]
        if key is not None:
            yield key, match["value"].strip('"')
            continue
        word = bare.strip('"')
        if not word:
            continue
        beginning = word if word.endswith("*") else f"{word}*"
        yield ("target" if word.startswith("/") else "name"), beginning


def _checked(key: str, value: str) -> str:
    if key not in _KEYS:
        raise BadValue(f"{key}: is nothing one can look for; expected one of {', '.join(_KEYS)}")
    if not value:
        raise BadValue(f"{key}: has nothing behind it")
    if key == "state":
        states = [_state(one) for one in value.split(",")]
        return ",".join(states)
    if key == "origin":
        return _one_of(key, value, _ORIGINS)
    if key == "order":
        return _one_of(key, value, _ORDERS)
    return value


def _state(word: str) -> str:
    return _one_of("state", word, tuple(state.value for state in JobState))


def _one_of(key: str, value: str, known: tuple[str, ...]) -> str:
    word = value.lower()
    if word not in known:
        raise BadValue(f"{key}:{value} is not known; expected one of {', '.join(known)}")
    return word
