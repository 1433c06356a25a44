"""What an engine is given by the world."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from jqengine.interfaces import IClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the engine is given by the world, and a test gives it otherwise."""

    reactor: Any
    clock: IClock
    random: Random
