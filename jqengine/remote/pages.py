"""Lists that fit into one AMP value, however long their items are."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

MOST_BYTES = 60_000
"""Bytes of a value, with room to the 65,535 that AMP allows."""

T = TypeVar("T")


def fitting(
    items: Sequence[T], describe: Callable[[T], dict[str, Any]]
) -> tuple[list[dict[str, Any]], bool]:
    """As many *items* from the first on as fit, described; whether all did.

    At least one: an item too long by itself comes without its longest parts.
    """
    described: list[dict[str, Any]] = []
    room = MOST_BYTES
    for item in items:
        one = describe(item)
        size = _size(one)
        if size > MOST_BYTES:
            one = _shortened(one)
            size = _size(one)
        room -= size
        if room < 0:
            return described, False
        described.append(one)
    return described, True


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode()) + 1


def _shortened(item: dict[str, Any]) -> dict[str, Any]:
    short = {name: value for name, value in item.items() if _size(value) <= 4096}
    return {**short, "left_out": sorted(item.keys() - short.keys())}
