"""Due times a second: ours, croniter and cronsim in one run.

Run it with ``python -m tests.bench.bench_cron``.  The machine sets the figures;
the ratios are what to keep.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from croniter import croniter
from cronsim import CronSim

from jqengine.triggers.cron import parse_cron
from jqengine.triggers.duetimes import all_after

ZONE = "Europe/Paris"
EXPRESSIONS = (
    "* * * * *",
    "*/5 * * * *",
    "17 * * * *",
    "0,30 8-18 * * 1-5",
    "0 3 * * *",
    "30 2 * * 1-5",
    "15 4 1,15 * *",
    "0 22 * * fri",
    "0 0 1 * *",
    "0 12 1 */3 *",
)
_START, _YEARS = 1767222000, 4 * 366 * 86400
_SECONDS = 0.6

Step = Callable[[], object]


def main() -> None:
    """Print one table for each way of asking."""
    for title, makers in (
        ("walking from one due time to the next", (_walk_ours, _walk_croniter, _walk_cronsim)),
        ("from an instant at random", (_ask_ours, _ask_croniter, _ask_cronsim)),
        ("reading the text and asking once", (_read_ours, _read_croniter, _read_cronsim)),
    ):
        print(f"\n{title}, {ZONE}, {len(EXPRESSIONS)} expressions in turn")
        figures = [_rate([make(expression) for expression in EXPRESSIONS]) for make in makers]
        for name, figure in zip(("jqengine", "croniter", "cronsim"), figures, strict=True):
            print(f"  {name:10}{figure:>12,.0f} a second   jqengine is {figures[0] / figure:6.1f}x")


def _rate(steps: list[Step]) -> float:
    """Calls a second of *steps* in turn, the best of three."""
    rates = []
    for _ in range(3):
        count, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < _SECONDS / 3:
            for step in steps:
                step()
            count += len(steps)
        rates.append(count / spent)
    return max(rates)


def _instants() -> Callable[[], int]:
    chance = random.Random(1)
    instants = [_START + chance.randrange(_YEARS) for _ in range(1000)]
    position = -1

    def instant() -> int:
        nonlocal position
        position = (position + 1) % len(instants)
        return instants[position]

    return instant


def _restarted(begin: Callable[[], Step]) -> Step:
    """A step that begins anew every so often, so that no walk leaves this century."""

    def walk() -> Iterator[object]:
        while True:
            step = begin()
            for _ in range(200):
                yield step()

    return walk().__next__


def _walk_ours(expression: str) -> Step:
    trigger = parse_cron(expression, ZONE)
    return _restarted(lambda: all_after(trigger, _START).__next__)


def _walk_croniter(expression: str) -> Step:
    start = datetime.fromtimestamp(_START, ZoneInfo(ZONE))
    return _restarted(lambda: croniter(expression, start, ret_type=datetime).get_next)


def _walk_cronsim(expression: str) -> Step:
    start = datetime.fromtimestamp(_START, ZoneInfo(ZONE))
    return _restarted(lambda: CronSim(expression, start).__next__)


def _ask_ours(expression: str) -> Step:
    trigger, instant = parse_cron(expression, ZONE), _instants()
    return lambda: trigger.next(instant())


def _ask_croniter(expression: str) -> Step:
    iterator, instant, zone = croniter(expression), _instants(), ZoneInfo(ZONE)
    return lambda: iterator.get_next(
        datetime, start_time=datetime.fromtimestamp(instant(), zone)
    ).timestamp()


def _ask_cronsim(expression: str) -> Step:
    return _read_cronsim(expression)  # it can only begin anew


def _read_ours(expression: str) -> Step:
    instant = _instants()
    return lambda: parse_cron(expression, ZONE).next(instant())


def _read_croniter(expression: str) -> Step:
    instant, zone = _instants(), ZoneInfo(ZONE)
    return lambda: (
        croniter(expression, datetime.fromtimestamp(instant(), zone)).get_next(datetime).timestamp()
    )


def _read_cronsim(expression: str) -> Step:
    instant, zone = _instants(), ZoneInfo(ZONE)
    return lambda: next(CronSim(expression, datetime.fromtimestamp(instant(), zone))).timestamp()


if __name__ == "__main__":
    main()
