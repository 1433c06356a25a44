"""What a sink factory may use to build its sinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

from jqengine.interfaces import IClock


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkTools:
    """Handed to every sink factory by the engine.

    :ivar reactor: for network and timers.
    :ivar clock: the wall clock.
    :ivar stdout: the binary stream that ``stdout:`` prints to.
    """

    reactor: Any
    clock: IClock
    stdout: BinaryIO
