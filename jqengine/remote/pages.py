"""Lists that fit into one AMP value, however long their items are."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

MOST_BYTES = 60_000
"""Bytes of a value, with room to the 65,535 that AMP allows."""

LONGEST_PART = 4096
"""Bytes of a part of an item that is too long."""

T = TypeVar("T")


def fitting(
    items: Sequence[T], describe: Callable[[T], dict[str, Any]], room: int = MOST_BYTES
) -> tuple[list[dict[str, Any]], bool]:
    """As many *items* from the first on as fit, described; whether all did.

    At least one: an item too long by itself comes without its longest parts.

    :param room: bytes that they may take.
    """
    described: list[dict[str, Any]] = []
    most = room
    for item in items:
        one = bounded(describe(item), most)
        room -= _size(one)
        if room < 0:
            return described, False
        described.append(one)
    return described, True


def bounded(described: dict[str, Any], most: int = MOST_BYTES) -> dict[str, Any]:
    """What is described, without its longest parts if it would not fit into *most* bytes."""
    if _size(described) <= most:
        return described
    short = {name: value for name, value in described.items() if _size(value) <= LONGEST_PART}
    return {**short, "left_out": sorted(described.keys() - short.keys())}


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode()) + 1
