"""Writing the ends of attempts, and what they change behind them.

For the store's writer thread, within its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Update,
    and_,
    bindparam,
    delete,
    insert,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.types import TypeEngine

from jqengine.job import Outcome, Receipt
from jqengine.lifecycle import RunState
from jqengine.news import Topic
from jqengine.store.aftermath import settle_jobs
from jqengine.store.blocks import InBlocks, numbered, parameters
from jqengine.store.bodyfiles import put_away
from jqengine.store.constructs import NotByIndex
from jqengine.store.copying import Copied
from jqengine.store.dispatching import dispatch
from jqengine.store.followups import add_follow_ups
from jqengine.store.groups import look_at
from jqengine.store.hot import HotStatement, execute
from jqengine.store.intake import add
from jqengine.store.news import tell
from jqengine.store.outputs import settle
from jqengine.store.rows import RESULT_COLUMNS, Row, result_values
from jqengine.store.schema import attempts, runs, text_of
from jqengine.store.turns import take_turn
from jqengine.store.withdrawing import runs_of_cancelled_jobs, withdraw

_FENCE = ("run_id", "owner_node", "owner_boot", "held_attempt")


def _fence(said: Mapping[str, ColumnElement[Any]]) -> ColumnElement[bool]:
    """Whether the run in *said* is still held by its owner, in that attempt."""
    return and_(
        runs.c.id == said["run_id"],
        NotByIndex(runs.c.state) == text_of(RunState.RUNNING),
        runs.c.node == said["owner_node"],
        runs.c.boot == said["owner_boot"],
        runs.c.attempt == said["held_attempt"],
    )


def _named(names: Sequence[str]) -> Mapping[str, ColumnElement[Any]]:
    return {name: bindparam(name) for name in names}


_ENDED_COLUMNS = ("state", *RESULT_COLUMNS)
_ENDED = (*(f"new_{name}" for name in _ENDED_COLUMNS), *_FENCE)


def _ending(said: Mapping[str, ColumnElement[Any]]) -> Update:
    new = {name: said[f"new_{name}"] for name in _ENDED_COLUMNS}
    return update(runs).where(_fence(said)).values(lease_until=null(), **new)


def _ending_of(rows: int) -> HotStatement:
    named = [parameters(_ENDED, row) for row in range(rows)]
    if rows == 1:
        return HotStatement(_ending(named[0]), *numbered(_ENDED, 1))
    selects = [select(*(value.label(name) for name, value in row.items())) for row in named]
    said = union_all(*selects).subquery("said")
    return HotStatement(_ending(dict(said.c.items())), *numbered(_ENDED, rows))


def _ending_copied(rows: FromClause) -> Update:
    return _ending(dict(rows.c.items()))


_END_TYPES: dict[str, TypeEngine[Any]] = {
    **{f"new_{name}": runs.c[name].type for name in _ENDED_COLUMNS},
    "run_id": runs.c.id.type,
    "owner_node": runs.c.node.type,
    "owner_boot": runs.c.boot.type,
    "held_attempt": runs.c.attempt.type,
}

_END = InBlocks(_ending_of, Copied(_END_TYPES, _ending_copied))

_RETRY = HotStatement(
    update(runs)
    .where(_fence(_named(_FENCE)))
    .values(
        state=text_of(RunState.WAITING),
        ready=bindparam("new_ready"),
        attempt=runs.c.attempt - bindparam("restored"),
        node=null(),
        boot=null(),
        lease_until=null(),
        started=null(),
    ),
    "new_ready",
    "restored",
    *_FENCE,
)

_TEXTS = {state: state.value for state in RunState}

_FORGET_ATTEMPT = HotStatement(
    delete(attempts).where(
        attempts.c.run_id == bindparam("run_id"), attempts.c.attempt == bindparam("number")
    ),
    "run_id",
    "number",
)
_KEEP_ATTEMPT = HotStatement(insert(attempts), *(column.name for column in attempts.columns))


def record(connection: Connection, outcomes: Sequence[Outcome]) -> Sequence[Receipt]:
    """See :meth:`jqengine.interfaces.IStore.record`."""
    if any(map(_changes_more_than_a_run, outcomes)):
        take_turn(connection)
    outcomes = put_away(connection, settle(connection, outcomes))
    cancelled = _of_cancelled_jobs(connection, outcomes)
    answers = _write(connection, outcomes)
    accepted = [outcome for outcome, held in zip(outcomes, answers, strict=True) if held]
    retried = [one for one in accepted if one.verdict.state is RunState.WAITING]
    _keep_attempts(connection, retried)
    _withdraw(connection, [one for one in retried if one.run_id in cancelled])
    ended = [one for one in accepted if one.verdict.state is not RunState.WAITING]
    settle_jobs(connection, ended)
    dispatch(connection, ended)
    add_follow_ups(ended, partial(add, connection))
    if ended:
        tell(connection, Topic.ENDED)
    look_at(connection, dict.fromkeys(one.group for one in accepted if one.group is not None))
    return [
        _receipt(held, outcome.run_id in cancelled)
        for outcome, held in zip(outcomes, answers, strict=True)
    ]


def _changes_more_than_a_run(outcome: Outcome) -> bool:
    return outcome.job_id != outcome.run_id or bool(outcome.dispatch.follow_ups)


def _receipt(held: bool, withdrawn: bool) -> Receipt:
    return Receipt.WITHDRAWN if held and withdrawn else Receipt(held)


def _of_cancelled_jobs(connection: Connection, outcomes: Iterable[Outcome]) -> set[str]:
    """The runs that would be tried again, and whose job is cancelled."""
    again = {
        one.run_id
        for one in outcomes
        if one.verdict.state is RunState.WAITING and one.job_id != one.run_id
    }
    return runs_of_cancelled_jobs(connection, again) if again else again


def _withdraw(connection: Connection, outcomes: Iterable[Outcome]) -> None:
    for outcome in outcomes:
        withdraw(connection, [outcome.run_id], outcome.result.finished)


def _write(connection: Connection, outcomes: Sequence[Outcome]) -> Sequence[bool]:
    """Change the runs; which outcomes were accepted.

    The driver counts changes for all rows of a statement together.  That is
    answer enough unless some were refused, which is rare: then once more, one
    by one.
    """
    execute(connection, "SAVEPOINT together")
    if _write_together(connection, outcomes) == len(outcomes):
        execute(connection, "RELEASE SAVEPOINT together")
        return [True] * len(outcomes)
    execute(connection, "ROLLBACK TO SAVEPOINT together")
    return [_write_together(connection, [outcome]) == 1 for outcome in outcomes]


def _write_together(connection: Connection, outcomes: Iterable[Outcome]) -> int:
    ends: list[Row] = []
    retries: list[Row] = []
    for outcome in outcomes:
        verdict = outcome.verdict
        fence = (outcome.run_id, *outcome.owner, outcome.attempt)
        if verdict.state is RunState.WAITING:
            retries.append((verdict.ready, int(verdict.restore), *fence))
        else:
            ends.append((_TEXTS[verdict.state], *result_values(outcome.result), *fence))
    return _END.change(connection, ends) + _RETRY.change_each(connection, retries)


def _keep_attempts(connection: Connection, outcomes: Iterable[Outcome]) -> None:
    """Move results of runs that go on out of their way.

    An attempt that was not counted has the number of the one after it, and
    gives way to it: a run told to come back every second for a week keeps one
    row, not half a million.
    """
    rows = {
        (one.run_id, one.attempt): (
            one.run_id,
            one.attempt,
            *one.owner,
            *result_values(one.result),
        )
        for one in outcomes
    }
    _FORGET_ATTEMPT.change_each(connection, list(rows))
    _KEEP_ATTEMPT.change_each(connection, list(rows.values()))
