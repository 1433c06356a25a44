"""What runs have said before they ended, as it comes.

For the store's writer thread, within its transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    LargeBinary,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
)

from jqengine.job import NO_RESPONSE, Outcome
from jqengine.store.ballast import require_room
from jqengine.store.hot import HotStatement
from jqengine.store.schema import Whole, metadata, runs

outputs = Table(
    "outputs",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Whole, primary_key=True),
    Column("position", Whole, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

_FIRST = HotStatement(select(func.min(outputs.c.run_id)))

_KEEP = HotStatement(
    insert(outputs).values({column.name: bindparam(column.name) for column in outputs.c}),
    *(column.name for column in outputs.c),
)


_FORGET = HotStatement(
    delete(outputs).where(
        outputs.c.run_id == bindparam("ended_run"), outputs.c.attempt <= bindparam("ended_attempt")
    ),
    *("ended_run", "ended_attempt"),
)


def keep(connection: Connection, run_id: str, attempt: int, position: int, data: bytes) -> None:
    """See :meth:`jqengine.interfaces.IOutputStore.keep_output`."""
    require_room(connection)
    known = connection.scalar(select(runs.c.id).where(runs.c.id == run_id))
    if known is not None:
        _KEEP.change(connection, (run_id, attempt, position, data))


def settle(connection: Connection, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """*outcomes*, those that lack a body because their process was lost with
    what they had said; nothing more is remembered of them.

    Quick while no run of any of them was long.
    """
    ((first,),) = _FIRST.rows(connection)
    if first is None:
        return outcomes
    completed = [_completed(connection, outcome) for outcome in outcomes]
    _FORGET.change_each(connection, [(one.run_id, one.attempt) for one in outcomes])
    return completed


def _completed(connection: Connection, outcome: Outcome) -> Outcome:
    result = outcome.result
    if result.status != NO_RESPONSE or result.body:
        return outcome
    said = connection.execute(
        select(outputs.c.data)
        .where(outputs.c.run_id == outcome.run_id, outputs.c.attempt == outcome.attempt)
        .order_by(outputs.c.position)
    )
    body = b"".join(said.scalars())
    return outcome._replace(result=result._replace(body=body)) if body else outcome
