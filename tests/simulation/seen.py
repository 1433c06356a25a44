"""All that a simulation, or a storm of kills, leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tests.simulation.final import Final
from tests.simulation.history import Event


class Seen(NamedTuple):
    """What the checker is given.

    :ivar horizon: the instant up to which every due time must have been seen to.
    """

    history: Sequence[Event]
    final: Final
    horizon: float
