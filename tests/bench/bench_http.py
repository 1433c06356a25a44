"""HTTP requests a second: ours, gunicorn, waitress and ``twistd web`` in one run.

Run it with ``python -m tests.bench.bench_http``.  Every round asks each server in
turn, so that a busy moment of the machine falls on all of them; the ratios are
what to keep.  The processor time of a request is steadier than the requests a
second when the machine has other things to do.

Then the memory that one response of a gigabyte takes, while its client reads a
megabyte a second.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from statistics import median
from typing import NamedTuple

from tests.bench.servers import OURS, SERVERS, Server

ROUNDS = 5
SECONDS = 4
CONNECTIONS = 32
READING_SECONDS = 20
MEGABYTE = 1024 * 1024


class Figure(NamedTuple):
    """What one round of one server gave."""

    requests_a_second: float
    cpu_of_a_request: float


def main() -> None:
    """Print both tables."""
    if shutil.which("wrk") is None:
        raise SystemExit("the HTTP benchmark needs wrk (apt-get install wrk)")
    servers = [server for server in SERVERS if server.available()]
    for server in servers:
        server.start()
    try:
        _speed(servers)
    finally:
        for server in servers:
            server.stop()
    _memory(OURS)


def _speed(servers: list[Server]) -> None:
    print(f"\nhello world, wrk with {CONNECTIONS} connections, median of {ROUNDS} rounds")
    rounds = [[_figure(server) for server in servers] for _ in range(ROUNDS)]
    ours, *_ = (_medians(list(column)) for column in zip(*rounds, strict=True))
    for server, column in zip(servers, zip(*rounds, strict=True), strict=True):
        rate, cpu = _medians(list(column))
        print(
            f"  {server.name:22}{rate:>9,.0f} requests/s   jqengine is {ours[0] / rate:4.2f}x"
            f"   {cpu * 1e6:5.0f} us of cpu each, {cpu / ours[1]:4.2f}x"
        )


def _medians(figures: list[Figure]) -> Figure:
    return Figure(*(median(values) for values in zip(*figures, strict=True)))


def _figure(server: Server) -> Figure:
    before = server.cpu()
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", f"http://127.0.0.1:{server.port}/"],
        capture_output=True,
        text=True,
        check=True,
    )
    spent = server.cpu() - before
    if "Non-2xx" in done.stdout:
        raise SystemExit(f"{server.name} gives errors:\n{done.stdout}")
    return Figure(
        float(_found(r"Requests/sec: +([\d.]+)", done.stdout)),
        spent / int(_found(r"(\d+) requests in", done.stdout)),
    )


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"wrk says something else than expected:\n{text}")
    return match[1]


def _memory(server: Server) -> None:
    server.start()
    try:
        before = server.resident()
        received, most = _read_slowly(server)
    finally:
        server.stop()
    print(
        f"\na response of 1 GiB to a client that reads 1 MiB/s, for {READING_SECONDS} s:"
        f"\n  {received / MEGABYTE:.1f} MiB read; resident {before / MEGABYTE:.1f} MiB before,"
        f" {most / MEGABYTE:.1f} MiB at most, {(most - before) / MEGABYTE:+.1f} MiB"
    )


def _read_slowly(server: Server) -> tuple[int, int]:
    """Bytes read, and the most memory that the server held meanwhile."""
    received, most, end = 0, 0, time.monotonic() + READING_SECONDS
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /gigabyte HTTP/1.1\r\nHost: x\r\n\r\n")
        while time.monotonic() < end:
            step = time.monotonic() + 0.1
            wanted = MEGABYTE // 10
            while wanted > 0:
                data = client.recv(wanted)
                received += len(data)
                wanted -= len(data)
            most = max(most, server.resident())
            time.sleep(max(0.0, step - time.monotonic()))
    return received, most


if __name__ == "__main__":
    main()
