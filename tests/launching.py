"""Run twistd or twist in a process of its own, around an engine that does as told.

As a script: ``python launching.py BEHAVIOUR RUNNER ARGUMENTS...``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import CannotListenError
from twisted.internet.task import deferLater

ROOT = Path(__file__).parent.parent


def launch(
    behaviour: str, runner: Sequence[str], directory: Path
) -> subprocess.CompletedProcess[str]:
    """Run ``RUNNER jobqueue --app x`` in *directory*, to its end."""
    return subprocess.run(
        [sys.executable, __file__, behaviour, *runner, "jobqueue", "--app", "x"],
        cwd=directory,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


class Engine(Service):
    """Leaves a file for each step it takes, and stops the reactor once it is up."""

    def __init__(self, behaviour: str, reactor: Any) -> None:
        self.behaviour = behaviour
        self.reactor = reactor

    def privilegedStartService(self) -> None:
        if self.behaviour == "port in use":
            raise CannotListenError("127.0.0.1", 80, OSError(98, "Address already in use"))

    def startService(self) -> Deferred[None] | None:
        from jqengine.errors import StateDirectoryInUse

        Path("started").touch()
        if self.behaviour == "fails at once":
            raise StateDirectoryInUse("state: in use by process 7")
        if self.behaviour == "has a bug":
            return fail(ZeroDivisionError("oops"))
        if self.behaviour == "fails later":
            return deferLater(self.reactor, 0.05).addCallback(self.fail_later)
        self.reactor.callLater(0.1, self.reactor.stop)
        return None

    def fail_later(self, result: object) -> None:
        from jqengine.errors import SchemaTooNew

        raise SchemaTooNew("jobqueue.db: schema 9 is newer than 1")

    def stopService(self) -> None:
        Path("stopped").touch()


def install_engine(behaviour: str) -> None:
    """Put this engine in the place of the real one, before ``jqengine.tap`` is imported."""
    from jqengine.errors import ApplicationNotLoaded

    def make_engine(settings: object, *, reactor: Any, **tools: object) -> Engine:
        if behaviour == "cannot be made":
            raise ApplicationNotLoaded("x: there is no module 'x'")
        return Engine(behaviour, reactor)

    module = ModuleType("jqengine.engine")
    module.make_engine = make_engine  # type: ignore[attr-defined]
    sys.modules["jqengine.engine"] = module


def main(behaviour: str, runner: str, *arguments: str) -> None:
    install_engine(behaviour)
    sys.argv = [runner, *arguments]
    if runner == "twist":
        from twisted.application.twist._twist import Twist

        Twist.main(sys.argv)
    else:
        from twisted.scripts.twistd import run

        run()


if __name__ == "__main__":
    main(*sys.argv[1:])
