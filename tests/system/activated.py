"""Start ``twistd`` as systemd does for a unit with sockets: they are open already.

As a script: ``python activated.py twistd ARGUMENTS...``.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

HOST = "ACTIVATED_HOST"
"""The variable with the address that is listened on."""

FIRST = 3
"""The first descriptor that is passed on, by sd_listen_fds(3)."""


def main(script: str, *arguments: str) -> None:
    listening = socket.create_server((os.environ.get(HOST, "127.0.0.1"), 0))
    os.dup2(listening.fileno(), FIRST)
    os.set_inheritable(FIRST, True)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="http")
    program = str(Path(sys.executable).with_name(script))
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
