"""Crontabs of several nodes: who changed the queue's, and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.logger import globalLogPublisher

from jqengine.plan import CrontabPlan, PlanAuthor
from jqengine.store.crontabplans import KEPT, plans

from .values import NOW, a_job

LINE = {"origin": "crontab"}


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What the log says of crontabs that take each other's place."""
    found: list[str] = []

    def observe(event: Any) -> None:
        if "takes the place" in (event.get("log_format") or ""):
            found.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    yield found
    globalLogPublisher.removeObserver(observe)


def a_plan(node: str, instant: float, *lines: Any, **changes: Any) -> CrontabPlan:
    return CrontabPlan(add=tuple(lines), author=PlanAuthor(node, instant), **changes)


@ensureDeferred
async def test_the_last_one_has_its_way_and_says_whose_place_it_takes(
    sqlite_store: Any, said: list[str]
) -> None:
    first, second = a_job("one", **LINE), a_job("two", **LINE)
    await sqlite_store.apply(a_plan("north", NOW, first))
    await sqlite_store.apply(a_plan("north", NOW + 1, second))
    assert said == []
    await sqlite_store.apply(a_plan("south", NOW + 91, retire=(first.id,)))
    assert said == ["The crontab of this node takes the place of what node north applied 1m30s ago"]
    jobs = {job.label: job.state for job in await sqlite_store.crontab_jobs()}
    assert jobs == {"one": "retired", "two": "scheduled"}


@ensureDeferred
async def test_the_latest_plans_are_remembered(sqlite_store: Any, tmp_path: Path) -> None:
    for number in range(KEPT + 5):
        await sqlite_store.apply(a_plan("north", NOW + number, a_job(f"job-{number}", **LINE)))
    kept = await sqlite_store._reader.submit(
        lambda connection: connection.execute(plans.select().order_by(plans.c.applied)).all()
    )
    assert len(kept) == KEPT
    assert tuple(kept[-1]) == (NOW + KEPT + 4, "north", 1, 0, 0)
