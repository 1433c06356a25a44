"""Rules about the end: every run is over, and every result is where it should be."""

from __future__ import annotations

from collections.abc import Iterator

from jqengine.job import Outcome
from jqengine.lifecycle import UNFINISHED_RUNS, DeliveryState, RunState
from tests.simulation.history import Delivered
from tests.simulation.runbook import RunBook
from tests.simulation.seen import Seen


def end_rules(seen: Seen, runs: RunBook) -> Iterator[str]:
    """What is not as it should be in the end."""
    yield from _unfinished(seen)
    yield from _ends(seen, runs)
    yield from _deliveries(seen, runs)


def _unfinished(seen: Seen) -> Iterator[str]:
    for row in seen.final.rows.values():
        run = row.report.run
        if run.state is RunState.RUNNING:
            yield f"{run.id}: is said to be running, and every node has stopped"
        elif run.state in UNFINISHED_RUNS and run.due <= seen.horizon:
            yield f"{run.id}: is {run.state} still, though it was due at {run.due}"
        elif run.state is RunState.SKIPPED and not row.report.reason:
            yield f"{run.id}: was skipped without a reason"


def _ends(seen: Seen, runs: RunBook) -> Iterator[str]:
    """A run has ended as its newest attempt says."""
    for row in seen.final.rows.values():
        run = row.report.run
        if run.state not in (RunState.FINISHED, RunState.FAILED):
            continue
        accepted = runs.account(run.id).accepted
        if not accepted:
            yield f"{run.id}: is {run.state} and no result of it was accepted"
        elif accepted[-1].verdict.state is not run.state:
            yield f"{run.id}: is {run.state}, its last result said {accepted[-1].verdict.state}"
        elif row.report.status != accepted[-1].result.status:
            yield f"{run.id}: has {row.report.status}, its last result {accepted[-1].result.status}"


def _deliveries(seen: Seen, runs: RunBook) -> Iterator[str]:
    delivered: dict[str, Delivered] = {}
    told: dict[tuple[str, str], int] = {}
    for event in seen.history:
        if isinstance(event, Delivered):
            delivered.setdefault(event.parcel_id, event)
            if event.sink.startswith("memo:"):
                told[event.run.id, event.sink] = told.get((event.run.id, event.sink), 0) + 1
            yield from _is_recorded(event, _endings(runs, event.run.id))
    for (run_id, sink), times in told.items():
        if times > len(_endings(runs, run_id)):
            yield f"{run_id}: {sink} was told {times} times"
    for row in seen.final.rows.values():
        kept = {one.id: one for one in row.deliveries}
        for outcome in _endings(runs, row.report.run.id):
            for new in outcome.dispatch.deliveries:
                if new.id not in kept:
                    if not new.if_changed:
                        yield f"{new.id}: the delivery of {outcome.run_id} is not in the store"
                    continue
                yield from _has_arrived(seen, outcome, kept[new.id].state, new.id, delivered)


def _endings(runs: RunBook, run_id: str) -> list[Outcome]:
    """The accepted outcomes that ended a run; several if it was reopened."""
    accepted = runs.account(run_id).accepted
    return [one for one in accepted if one.verdict.state is not RunState.WAITING]


def _is_recorded(event: Delivered, endings: list[Outcome]) -> Iterator[str]:
    said = (event.result.status, event.result.body)
    if said not in [(one.result.status, one.result.body) for one in endings]:
        yield f"{event.run.id}: {event.sink} was told {said}, which was never recorded as its end"


def _has_arrived(
    seen: Seen,
    outcome: Outcome,
    state: DeliveryState,
    delivery_id: str,
    delivered: dict[str, Delivered],
) -> Iterator[str]:
    if state is DeliveryState.DELIVERED and delivery_id not in delivered:
        yield f"{delivery_id}: is said to be delivered and never arrived"
    elif state is DeliveryState.DELIVERING:
        yield f"{delivery_id}: is said to be under way, and every node has stopped"
    elif (
        state not in (DeliveryState.DELIVERED, DeliveryState.DEAD)
        and outcome.result.finished <= seen.horizon
    ):
        yield f"{delivery_id}: the delivery of {outcome.run_id} is {state} still"
