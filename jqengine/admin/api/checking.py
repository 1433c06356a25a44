"""Whether a value is what a schema says: the part of JSON Schema that the API uses.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from jqengine.admin.api.schemas import Schema
from jqengine.options import closest

_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_NAMES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


class NotAsSaid(Exception):
    """A value is not what its schema says.

    :ivar pointer: where (RFC 6901).
    :ivar is_about_a_name: whether a member is missing or not known.
    """

    def __init__(self, pointer: str, message: str, *, is_about_a_name: bool = False) -> None:
        self.pointer = pointer
        self.is_about_a_name = is_about_a_name
        super().__init__(message)


def check(value: Any, schema: Schema, pointer: str = "") -> None:
    """Make sure that *value* is what *schema* says.

    :raises NotAsSaid: it is not; the first fault is named.
    """
    kinds = schema.get("type")
    if kinds is not None:
        _check_kind(value, [kinds] if isinstance(kinds, str) else kinds, pointer)
    if "enum" in schema and value not in schema["enum"]:
        raise NotAsSaid(pointer, f"expected one of {_listed(schema['enum'])}")
    if isinstance(value, str):
        _check_text(value, schema, pointer)
    elif isinstance(value, dict):
        _check_object(value, schema, pointer)
    elif isinstance(value, list):
        _check_list(value, schema, pointer)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        _check_number(value, schema, pointer)


def read_text(said: str, schema: Schema, name: str) -> Any:
    """The value that the text of a parameter stands for.

    :raises NotAsSaid: it is not what *schema* says.
    """
    value: Any = said
    if schema["type"] == "integer":
        if not re.fullmatch(r"-?[0-9]{1,15}", said, re.ASCII):
            raise NotAsSaid(name, "expected a whole number")
        value = int(said)
    elif schema["type"] == "boolean":
        if said not in ("true", "false"):
            raise NotAsSaid(name, "expected true or false")
        value = said == "true"
    check(value, schema, name)
    return value


def _check_kind(value: Any, kinds: list[str], pointer: str) -> None:
    for kind in kinds:
        if isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool)):
            return
    raise NotAsSaid(pointer, f"expected {' or '.join(_NAMES[kind] for kind in kinds)}")


def _check_text(value: str, schema: Schema, pointer: str) -> None:
    if len(value) > schema.get("maxLength", len(value)):
        raise NotAsSaid(pointer, f"expected at most {schema['maxLength']} characters")
    if len(value) < schema.get("minLength", 0):
        raise NotAsSaid(pointer, f"expected at least {schema['minLength']} characters")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        raise NotAsSaid(pointer, f"expected something that matches {schema['pattern']}")
    if schema.get("format") == "date-time" and not _is_instant(value):
        raise NotAsSaid(pointer, "expected an instant such as 2026-12-24T17:30:00Z")


def _check_number(value: float, schema: Schema, pointer: str) -> None:
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    if not low <= value <= high:
        limits = f"{low} to {high}" if "maximum" in schema else f"{low} or more"
        raise NotAsSaid(pointer, f"expected {limits}")


def _check_list(value: list[Any], schema: Schema, pointer: str) -> None:
    fewest, most = schema.get("minItems", 0), schema.get("maxItems", len(value))
    if not fewest <= len(value) <= most:
        raise NotAsSaid(pointer, f"expected {fewest} to {most} items")
    for number, item in enumerate(value):
        check(item, schema.get("items", {}), f"{pointer}/{number}")


def _check_object(value: dict[str, Any], schema: Schema, pointer: str) -> None:
    properties = schema.get("properties", {})
    for name, member in value.items():
        place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        if name in properties:
            check(member, properties[name], place)
        elif schema.get("additionalProperties") is False:
            hint = closest(name[:60], properties) or f"known are {', '.join(properties)}"
            raise NotAsSaid(
                place, f"there is no member {name[:60]!r}; {hint}", is_about_a_name=True
            )
    for name in schema.get("required", ()):
        if name not in value:
            raise NotAsSaid(f"{pointer}/{name}", f"{name} is missing", is_about_a_name=True)


def _is_instant(text: str) -> bool:
    if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]", text, re.ASCII):
        return False
    try:
        return datetime.fromisoformat(text.upper()).tzinfo is not None
    except ValueError:
        return False


def _listed(words: list[Any]) -> str:
    return ", ".join("null" if word is None else str(word) for word in words)
