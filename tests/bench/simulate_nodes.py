"""What 1, 10 and 100 nodes would do on one PostgreSQL, from what one was measured to cost.

``python -m tests.bench.simulate_nodes``: nodes that ask, run and record in turn,
each on a core of its own, before a server with so many cores.  It shows
how many jobs a second begin in time, and how late they are at half of that.
What it leaves out: the disk (a commit of each node waits for it once, on its
own), the network, and whatever the application does.
"""

from __future__ import annotations

import heapq
import statistics
from dataclasses import dataclass
from random import Random

MICRO = 1e-6

# Measured: CPU time of the server and of a node, for a call and for each job in it.
SERVER_TURN, SERVER_CLAIM = 1900 * MICRO, 23 * MICRO
SERVER_RECORD, SERVER_END = 700 * MICRO, 17 * MICRO
SERVER_ADD = 14 * MICRO
NODE_CYCLE, NODE_JOB = 4000 * MICRO, 91 * MICRO
NODE_IDLE_CALLS = 8 * 700 * MICRO / 15.0
"""Of the server, a second: renewals, beats and looks of a node that has nothing to do."""

LATE = 0.1
"""Seconds; beyond them a queue is too busy."""

MOST_AT_ONCE = 500
WAKE = 0.002
"""Seconds from a commit until others hear of it."""


@dataclass
class Server:
    """Cores that are free at some instants."""

    free: list[float]

    def work(self, at: float, seconds: float) -> float:
        """When work that comes *at* an instant is done."""
        begin = max(at, self.free[0])
        heapq.heapreplace(self.free, begin + seconds)
        return begin + seconds


def simulate(nodes: int, cores: int, rate: float, seconds: float) -> tuple[float, float, float]:
    """Jobs a second that were done, and the median and the 99th percentile of their lateness.

    :param rate: jobs that become due in a second.
    """
    random = Random(1)
    server = Server([0.0] * cores)
    spare = 1.0 - nodes * NODE_IDLE_CALLS / cores - rate * SERVER_ADD / cores
    if spare <= 0:
        return 0.0, float("inf"), float("inf")
    waiting = [(random.random() * 0.01, number) for number in range(nodes)]
    heapq.heapify(waiting)
    done, claimed, late = 0, 0, []
    while waiting[0][0] < seconds:
        now, number = heapq.heappop(waiting)
        asked = server.work(now, SERVER_TURN / spare)
        due = int(asked * rate)
        many = min(due - claimed, MOST_AT_ONCE)
        if many <= 0:
            # It is woken by the next job that is due.
            heapq.heappush(waiting, (max((claimed + 1) / rate, asked) + WAKE, number))
            continue
        got = server.work(asked, many * SERVER_CLAIM / spare)
        late += [got - one / rate for one in range(claimed + 1, claimed + many + 1, 10)]
        claimed += many
        ran = got + NODE_CYCLE + many * NODE_JOB
        ended = server.work(ran, (SERVER_RECORD + many * SERVER_END) / spare)
        done += many
        heapq.heappush(waiting, (ended, number))
    late.sort()
    return done / seconds, statistics.median(late), late[int(len(late) * 0.99)]


def capacity(nodes: int, cores: int) -> float:
    """Jobs a second of which 99 in 100 begin within :data:`LATE`."""
    low, high = 0.0, 400_000.0
    while high - low > 500:
        rate = (low + high) / 2
        _, _, last = simulate(nodes, cores, rate, 3.0)
        low, high = (rate, high) if last < LATE else (low, rate)
    return low


def main() -> None:
    """Print a table."""
    print("nodes  server cores  most jobs/s  late at half of it: median, p99")
    for cores in (2, 8, 32):
        for nodes in (1, 10, 100):
            most = capacity(nodes, cores)
            _, middle, last = simulate(nodes, cores, max(most / 2, 1.0), 5.0)
            delays = f"{middle * 1000:.1f} ms, {last * 1000:.1f} ms"
            print(f"{nodes:>5}  {cores:>12}  {most:>11,.0f}  {delays}")


if __name__ == "__main__":
    main()
