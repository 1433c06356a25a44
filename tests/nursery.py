"""A process that has imported the engine already, and forks ``twistd`` from itself.

Thus an engine is up in a fraction of the time: a run of the tests is minutes
shorter, and a storm has that many more kills.  Orders come as datagrams of JSON, with
the descriptors that an engine is to have, each with an answer.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parent.parent

LONGEST_ORDER = 1024 * 1024


class Nursery:
    """The other side.  Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LONGEST_ORDER)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.nursery", str(theirs.fileno())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def start(
        self,
        arguments: Sequence[str],
        folder: Path,
        environ: Mapping[str, str],
        output: int,
        errors: int,
    ) -> int:
        """Start ``twistd`` with *arguments*; its process id.

        :param environ: all of its environment.
        :param output: the descriptor of its standard output.
        :param errors: that of its standard error.
        """
        order = {"argv": [*arguments], "folder": str(folder), "environ": dict(environ)}
        pid: int = self._ask(order, output, errors)
        return pid

    def reap(self, pid: int) -> int:
        """Wait until a process is gone; how it ended, as ``subprocess`` says it."""
        return os.waitstatus_to_exitcode(self._ask({"reap": pid}))

    def status(self, pid: int) -> int | None:
        """The same of one that is gone, which is then reaped; else ``None``."""
        status = self._ask({"poll": pid})
        return None if status is None else os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """End it, and with it nothing else."""
        self._orders.close()
        self._process.wait()

    def _ask(self, order: Mapping[str, Any], *descriptors: int) -> Any:
        with self._lock:
            socket.send_fds(self._orders, [json.dumps(order).encode()], descriptors)
            answer = self._orders.recv(4096)
        assert answer, "the nursery has ended"
        return json.loads(answer)


class Forked:
    """A process of a nursery, as far as ``subprocess.Popen`` is needed of it.

    :ivar stdout: what it prints.
    :ivar stderr: what it complains of.
    """

    def __init__(
        self, nursery: Nursery, arguments: Sequence[str], folder: Path, environ: Mapping[str, str]
    ) -> None:
        self._nursery = nursery
        self._lock = threading.Lock()
        self.returncode: int | None = None
        output, their_output = os.pipe()
        errors, their_errors = os.pipe()
        self.stdout, self.stderr = os.fdopen(output, "rb"), os.fdopen(errors, "rb")
        try:
            self.pid = nursery.start(arguments, folder, environ, their_output, their_errors)
        finally:
            os.close(their_output)
            os.close(their_errors)

    def poll(self) -> int | None:
        """How it ended, or ``None`` while it goes on."""
        with self._lock:
            if self.returncode is None:
                self.returncode = self._nursery.status(self.pid)
            return self.returncode

    def wait(self, timeout: float) -> int:
        """How it ended; an error if it does not in time."""
        deadline = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(0.005)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, if it is still there."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as it stands."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def main(descriptor: int) -> None:
    """Import what takes long, and take orders."""
    # Everything but tap.py, which makes a reactor: that is each child's own.
    import alembic.command
    import dateparser
    import sqlalchemy.dialects.sqlite

    import jqengine.engine  # noqa: F401

    del alembic, dateparser, sqlalchemy
    assert "twisted.internet.reactor" not in sys.modules
    # By Control-C the tests end, and then this does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=descriptor) as orders:
        while True:
            line, descriptors, _, _ = socket.recv_fds(orders, LONGEST_ORDER, 2)
            if not line:
                return
            order = json.loads(line)
            if "reap" in order:
                answer: Any = os.waitpid(order["reap"], 0)[1]
            elif "poll" in order:
                pid, status = os.waitpid(order["poll"], os.WNOHANG)
                answer = status if pid else None
            else:
                answer = os.fork()
                if not answer:
                    orders.close()
                    _become_twistd(order, *descriptors)
            for one in descriptors:
                os.close(one)
            orders.send(json.dumps(answer).encode())


def _become_twistd(order: Mapping[str, Any], output: int, errors: int) -> NoReturn:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(output, 1)
    os.dup2(errors, 2)
    os.close(output)
    os.close(errors)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    time.tzset()
    sys.argv = ["twistd", *order["argv"]]
    from twisted.scripts.twistd import run

    run()
    sys.exit()


if __name__ == "__main__":
    main(int(sys.argv[1]))
