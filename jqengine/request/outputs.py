"""What responses under way have said so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class Output(Protocol):
    """A response that an application is giving.  Safe to look at from any thread."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""

    @property
    def last_wrote(self) -> float | None:
        """The instant of the last piece: a sign of life.  ``None`` before one."""

    def pieces(self, start: int) -> Sequence[bytes]:
        """The pieces of the body so far, from the *start*-th on."""


class OutputKey(NamedTuple):
    """The attempt of a run whose response it is."""

    run_id: str
    attempt: int


class Outputs:
    """The responses that job threads are receiving now.

    Safe to call from any thread.  It costs a job one entry in a dict; whoever
    wants to see an output comes and looks.
    """

    def __init__(self) -> None:
        self._under_way: dict[OutputKey, Output] = {}

    def begin(self, environ: Mapping[str, Any], output: Output) -> None:
        """Note that the application is called with *environ*."""
        key = _key(environ)
        if key is not None:
            self._under_way[key] = output

    def end(self, environ: Mapping[str, Any]) -> None:
        """Note that this call is over."""
        key = _key(environ)
        if key is not None:
            self._under_way.pop(key, None)

    def under_way(self) -> Sequence[tuple[OutputKey, Output]]:
        """Every response that is being received."""
        return list(self._under_way.items())

    def of(self, run_id: str) -> Output | None:
        """The response of a run that is being received, or ``None``."""
        for key, output in self.under_way():
            if key.run_id == run_id:
                return output
        return None


def _key(environ: Mapping[str, Any]) -> OutputKey | None:
    facts = environ.get("jobqueue.job")
    return None if facts is None else OutputKey(facts["run"], facts["attempt"])
