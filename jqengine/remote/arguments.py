"""The kinds of values that AMP commands take and give, each with its documentation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from twisted.protocols import amp

from jqengine.errors import BadValue


class Documented(amp.Argument):
    """An argument that says what it is.

    :ivar about: what it means, in one or two sentences.
    :ivar form: its kind, in a word or two.
    """

    form = ""

    def __init__(self, about: str, *, optional: bool = False) -> None:
        super().__init__(optional=optional)
        self.about = about


class Text(Documented, amp.Unicode):
    """Text."""

    form = "UTF-8 text"


class Bytes(Documented, amp.String):
    """Bytes as they are."""

    form = "bytes"


class Number(Documented):
    """A whole number in decimal digits."""

    form = "a number"

    def fromString(self, inString: bytes) -> int:
        """The number that *inString* says; no more than 15 digits."""
        if not re.fullmatch(rb"-?[0-9]{1,15}", inString):
            raise ValueError(inString)
        return int(inString)

    def toString(self, inObject: int) -> bytes:
        """*inObject* in digits."""
        return b"%d" % inObject


class Json(Documented):
    """A JSON value (RFC 8259)."""

    form = "JSON in UTF-8"

    def fromString(self, inString: bytes) -> Any:
        """The value that *inString* says."""
        value = json.loads(inString.decode("utf-8"), parse_constant=_no_constant)
        if b"\\u" in inString:
            self.toString(value)  # fails on half of a surrogate pair, which is no text
        return value

    def toString(self, inObject: Any) -> bytes:
        """*inObject* in as few bytes as JSON allows."""
        return json.dumps(inObject, ensure_ascii=False, separators=(",", ":")).encode()


def parse_arguments(command: type[amp.Command], box: amp.AmpBox) -> dict[str, Any]:
    """The values of the arguments of *command* in *box*, by their Python names.

    What is optional and not given is ``None``.

    :raises BadValue: one is missing, malformed or unknown; the sentence names it.
    """
    known = _known_arguments(command)
    values = dict.fromkeys(known.optional)
    for name, value in box.items():
        if name in _NOT_ARGUMENTS:
            continue
        if name not in known.by_key:
            raise BadValue(f"{command.__name__} has no argument {name[:40].decode('latin-1')}")
        python_name, argument = known.by_key[name]
        try:
            values[python_name] = argument.fromString(value)
        except (ValueError, RecursionError):
            raise BadValue(f"{name.decode()} is not {argument.form}") from None
    for name in known.required - box.keys():
        raise BadValue(f"{name.decode()} is missing; expected {known.by_key[name][1].form}")
    return values


class _Known(NamedTuple):
    """The arguments of a command: Twisted's own way to find them asks for each in turn."""

    by_key: Mapping[bytes, tuple[str, Documented]]
    required: frozenset[bytes]
    optional: tuple[str, ...]


@cache
def _known_arguments(command: type[amp.Command]) -> _Known:
    by_key = {}
    for name, argument in command.arguments:
        assert isinstance(argument, Documented)
        by_key[name] = name.decode().replace("-", "_"), argument
    return _Known(
        by_key,
        required=frozenset(name for name, (_, one) in by_key.items() if not one.optional),
        optional=tuple(name for name, one in by_key.values() if one.optional),
    )


_NOT_ARGUMENTS = frozenset({amp.ASK, amp.COMMAND})


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
