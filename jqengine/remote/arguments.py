"""The kinds of values that AMP commands take and give, each with its documentation."""

from __future__ import annotations

import json
import re
from typing import Any

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

    What is understood is taken out of *box*.

    :raises BadValue: one is missing, malformed or unknown; the sentence names it.
    """
    values: dict[str, Any] = {}
    for name, argument in command.arguments:
        assert isinstance(argument, Documented)
        try:
            argument.fromBox(name, box, values, None)
        except KeyError:
            raise BadValue(f"{name.decode()} is missing; expected {argument.form}") from None
        except (ValueError, RecursionError):
            raise BadValue(f"{name.decode()} is not {argument.form}") from None
    for name in box.keys() - _NOT_ARGUMENTS:
        raise BadValue(f"{command.__name__} has no argument {name[:40].decode('latin-1')}")
    return values


_NOT_ARGUMENTS = frozenset({amp.ASK, amp.COMMAND})


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
