"""What an engine is given by the world."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from jqengine.interfaces import IClock
from jqengine.systemd import ServiceManager


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the engine is given by the world, and a test gives it otherwise.

    :ivar manager: who is told how the engine is.
    """

    reactor: Any
    clock: IClock
    random: Random
    manager: ServiceManager = field(default_factory=ServiceManager)
