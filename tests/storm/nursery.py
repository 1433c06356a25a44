"""A process that has imported the engine already, and forks ``twistd`` from itself.

Thus an engine is up in a fraction of the time, and a storm has that many more
kills.  Orders come as lines of JSON on standard input, each with an answer on
standard output.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn


class Nursery:
    """The other side: what a storm has of it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.storm.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(
        self, arguments: Sequence[str], folder: Path, environ: Mapping[str, str], log: Path
    ) -> int:
        """Start ``twistd`` with *arguments*; its process id."""
        order = {"argv": [*arguments], "folder": str(folder), "environ": dict(environ)}
        pid: int = self._ask({**order, "log": str(log)})
        return pid

    def reap(self, pid: int) -> int:
        """Wait until a process is gone; how it ended, as ``os.waitpid`` says it."""
        status: int = self._ask({"reap": pid})
        return status

    def is_gone(self, pid: int) -> bool:
        """Whether it is gone; if so, it is reaped."""
        gone: bool = self._ask({"poll": pid})
        return gone

    def close(self) -> None:
        """End it, and with it nothing else."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _ask(self, order: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def main() -> None:
    """Import what takes long, and take orders."""
    # Everything but tap.py, which makes a reactor: that is each child's own.
    import alembic.command
    import dateparser
    import sqlalchemy.dialects.sqlite

    import jqengine.engine  # noqa: F401

    del alembic, dateparser, sqlalchemy
    assert "twisted.internet.reactor" not in sys.modules
    for line in sys.stdin:
        order = json.loads(line)
        if "reap" in order:
            answer: Any = os.waitpid(order["reap"], 0)[1]
        elif "poll" in order:
            answer = os.waitpid(order["poll"], os.WNOHANG)[0] != 0
        else:
            answer = os.fork()
            if not answer:
                _become_twistd(order)
        print(json.dumps(answer), flush=True)


def _become_twistd(order: Mapping[str, Any]) -> NoReturn:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(order["folder"])
    os.environ.update(order["environ"])
    sys.argv = ["twistd", *order["argv"]]
    from twisted.scripts.twistd import run

    run()
    sys.exit()


if __name__ == "__main__":
    main()
