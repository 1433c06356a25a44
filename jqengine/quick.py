"""Values that are made by the hundred thousand."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any, TypeVar

T = TypeVar("T")


def quickly_made(value: type[T]) -> type[T]:
    """Give a frozen dataclass with slots an ``__init__`` that takes a third of the time.

    The one that :mod:`dataclasses` writes sets each field by its name, past the
    guard that freezes it; this one sets it through its slot.  All else about the
    class stays.  Fields are given by keyword, and have no default factories.
    """
    parameters, settings, scope = [], [], {}
    for field in fields(value):  # type: ignore[arg-type]
        name = field.name
        assert field.default_factory is MISSING, name
        scope[f"set_{name}"] = getattr(value, name).__set__
        scope[f"default_{name}"] = field.default
        parameters.append(name if field.default is MISSING else f"{name}=default_{name}")
        settings.append(f"    set_{name}(self, {name})")
    source = "\n".join([f"def __init__(self, *, {', '.join(parameters)}):", *settings])
    made: dict[str, Any] = {}
    exec(source, scope, made)  # noqa: S102 - as dataclasses does, from the names of fields
    made["__init__"].__qualname__ = f"{value.__qualname__}.__init__"
    value.__init__ = made["__init__"]  # type: ignore[method-assign]
    return value
