"""The hosted application: a WSGI application whose every answer is a throw of seeded dice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any, NamedTuple, Protocol

Answer = tuple[str, list[tuple[str, str]]]


class Process(Protocol):
    """What the application needs of the process that it runs in."""

    random: Random

    @property
    def calm(self) -> bool:
        """Whether the application is to behave."""

    def pause(self, seconds: float | None) -> None:
        """Wait; with ``None``, as good as for ever."""

    def die(self) -> None:
        """End the process, as a bug in native code does."""

    def began(self, run_id: str, attempt: int) -> int:
        """Note that the application was called; a number for this call."""

    def ended(self, run_id: str, attempt: int, execution: int, status: int, body: bytes) -> None:
        """Note what it answers; status 0 when it raises."""


class Behaviour(NamedTuple):
    """What a path does.

    :ivar takes: seconds, at least and at most.
    :ivar answers: statuses to choose from; 0 raises, -1 hangs, -2 kills the process.
    """

    takes: tuple[float, float]
    answers: tuple[int, ...]


PATHS: Mapping[str, Behaviour] = {
    "/quick": Behaviour((0.001, 0.05), (200,)),
    "/slow": Behaviour((1.0, 12.0), (200, 200, 204)),
    "/long": Behaviour((40.0, 130.0), (200,)),
    "/moody": Behaviour((1.0, 250.0), (200, 500, 500)),
    "/flaky": Behaviour((0.01, 2.0), (200, 500, 503, 408, 404)),
    "/busy": Behaviour((0.01, 0.5), (503, 429, 200)),
    "/raises": Behaviour((0.01, 1.0), (0, 0, 200)),
    "/hangs": Behaviour((0.01, 1.0), (-1, 200, 200)),
    "/deadly": Behaviour((0.01, 1.0), (-2, 200, 200)),
    "/gone": Behaviour((0.01, 1.0), (410, 200, 200, 200)),
    "/change": Behaviour((0.01, 1.0), (200, 200, 304, 500)),
}
CALM = Behaviour((0.001, 0.05), (200,))
ASKS_TO_WAIT = frozenset({503, 429})


class Application:
    """The application of one process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer as the dice fall."""
        process, random = self._process, self._process.random
        run_id, attempt = environ["HTTP_X_JOBQUEUE_RUN"], int(environ["HTTP_X_JOBQUEUE_ATTEMPT"])
        execution = process.began(run_id, attempt)
        path = environ["PATH_INFO"]
        behaviour = CALM if process.calm else PATHS[path]
        process.pause(random.uniform(*behaviour.takes))
        status = random.choice(behaviour.answers)
        if status == -2:
            process.die()
        if status < 0:
            process.pause(None)
            status = 200
        body = b"" if status in (204, 304) else f"{run_id} {attempt} {execution}".encode()
        process.ended(run_id, attempt, execution, status, body)
        if status == 0:
            raise RuntimeError(f"the application failed in {execution}")
        start_response(f"{status} Said", _headers(path, status, random))
        return [body]


def _headers(path: str, status: int, random: Random) -> list[tuple[str, str]]:
    if status in ASKS_TO_WAIT and path == "/busy":
        return [("Retry-After", str(random.randint(0, 6)))]
    if path == "/change":
        return [("ETag", f'"{random.randint(1, 2)}"')]
    return []
