"""The latest runs of jobs, as strips and bars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from jqengine.admin.dashboard import outcomes, words
from jqengine.admin.dashboard.drawing.strip import Cell
from jqengine.wire.views import RunView

_ORDER = (outcomes.RAN, outcomes.FAILED, outcomes.RUNNING, outcomes.WAITING, outcomes.SKIPPED)


def cells_of(runs: Sequence[RunView], zone: str, now: datetime) -> list[Cell]:
    """*runs*, the newest first, as cells, the oldest first."""
    return [
        Cell(
            outcome=outcomes.of_run(run.state),
            title=title_of(run, zone),
            href=f"/runs/{run.id}",
            seconds=outcomes.seconds_taken(run, now),
        )
        for run in reversed(runs)
    ]


def title_of(run: RunView, zone: str) -> str:
    """What is said of a run to who points at it."""
    took = outcomes.seconds_taken(run)
    tail = f", took {words.duration(took)}" if took is not None else ""
    return f"{words.exact(run.due, zone)}: {outcomes.short(run)}{tail}"


def summary_of(runs: Iterable[RunView]) -> str:
    """``28 ran, 2 failed``, for those who do not see the picture."""
    counts = Counter(outcomes.of_run(run.state) for run in runs)
    return ", ".join(f"{counts[one]:,} {one}" for one in _ORDER if counts[one]) or "no run yet"
