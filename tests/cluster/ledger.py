"""What must be true of a database when all is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.postgres import rows

_GRID = """
SELECT jobs.name, count(*), count(DISTINCT runs.due), min(runs.due), max(runs.due),
       count(*) FILTER (WHERE runs.state = 'finished'), max(runs.attempt)
FROM jobs JOIN runs ON runs.job_id = jobs.id GROUP BY jobs.name
"""
"""Of each job: its runs, and how many due times they have between the first and the last."""

_MANY_ATTEMPTS = """
SELECT runs.id, runs.attempt, count(attempts.run_id)
FROM runs LEFT JOIN attempts ON attempts.run_id = runs.id WHERE runs.attempt > 1
GROUP BY runs.id, runs.attempt
"""


def violations(url: str, book: Path, steps: dict[str, float]) -> Iterator[str]:
    """Everything that is not as it must be.

    :param steps: seconds between the due times of each job, by its name.
    """
    seen = set()
    for name, count, different, first, last, finished, _ in rows(url, _GRID):
        seen.add(name)
        expected = round((last - first) / steps[name]) + 1
        if not count == different == expected == finished:
            yield f"{name}: {expected} due times, {count} runs, {finished} with a good result"
    yield from (f"{name}: has no run" for name in steps.keys() - seen)
    for run_id, attempt, earlier in rows(url, _MANY_ATTEMPTS):
        if earlier != attempt - 1:
            yield f"run {run_id}: {earlier} results before attempt {attempt}"
    left = unfinished(url)
    if left:
        yield f"{left} runs have no end"
    yield from _calls(book)


def _calls(book: Path) -> Iterator[str]:
    """No attempt is ever called twice."""
    calls = Counter(tuple(line.split()[:2]) for line in book.read_text().splitlines())
    for (run_id, attempt), count in calls.items():
        if count > 1:
            yield f"run {run_id}: attempt {attempt} was called {count} times"


def unfinished(url: str) -> int:
    """Runs that have not ended."""
    [(count,)] = rows(url, "SELECT count(*) FROM runs WHERE finished IS NULL")
    return int(count)


def summary(url: str, book: Path) -> str:
    """What there was, for people."""
    [(count, late, last, again)] = rows(
        url,
        "SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY started - due),"
        " percentile_cont(0.99) WITHIN GROUP (ORDER BY started - due),"
        " count(*) FILTER (WHERE attempt > 1) FROM runs WHERE state = 'finished'",
    )
    nodes = Counter(line.split()[2] for line in book.read_text().splitlines())
    shares = ", ".join(f"{name} {calls}" for name, calls in sorted(nodes.items()))
    return (
        f"{count} runs finished, {again} of them after an attempt that was cut off;"
        f" begun {late * 1000:.1f} ms after they were due (median), {last * 1000:.0f} ms (p99);"
        f" calls: {shares}"
    )
