"""Giving ready runs to owners, and taking them back.

For the store's writer thread, within its transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from heapq import merge
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    null,
    select,
    update,
)

from jqengine.job import Owner, Run
from jqengine.lifecycle import RunState
from jqengine.news import Topic
from jqengine.store.ballast import require_room
from jqengine.store.constructs import Arrival, LeaseClock
from jqengine.store.dispatching import with_validators
from jqengine.store.groups import groups_of, is_all_paused, look_at, nothing_may_begin
from jqengine.store.hot import HotStatement
from jqengine.store.line import Line, Place, next_open
from jqengine.store.news import tell
from jqengine.store.rows import RUN_COLUMNS, Row, run_from
from jqengine.store.schema import (
    job_scheduled,
    jobs,
    run_free,
    run_in_line,
    run_running,
    runs,
    text_of,
)
from jqengine.store.selecting import bodies_of, sizes_of_bodies
from jqengine.store.turns import has_turns, take_turn
from jqengine.store.withdrawing import runs_of_cancelled_jobs, withdraw

MOST_BYTES = 64 * 2**20
"""Bytes of request bodies that a claim reads for one priority, or for the runs of groups."""

_RUN_COLUMNS = [runs.c[name] for name in RUN_COLUMNS]
_BODY_ID = RUN_COLUMNS.index("body_id")
_ready_and_id = itemgetter(RUN_COLUMNS.index("ready"), RUN_COLUMNS.index("id"))


def _levels(waiting: ColumnElement[bool]) -> HotStatement:
    """The priorities of runs that are *waiting*, each with its earliest ready instant.

    The index is not read through but stepped along, from one priority to the
    next, so a million runs of one priority cost as much as one.
    """
    lowest = select(func.min(runs.c.priority).label("priority")).where(waiting)
    level = lowest.cte("level", recursive=True)
    above = lowest.where(runs.c.priority > level.c.priority).scalar_subquery()
    level = level.union_all(select(above).where(level.c.priority.is_not(None)))
    earliest = (
        select(func.min(runs.c.ready))
        .where(waiting, runs.c.priority == level.c.priority)
        .scalar_subquery()
    )
    return HotStatement(
        select(level.c.priority, earliest)
        .where(level.c.priority.is_not(None))
        .order_by(level.c.priority)
    )


_LEVELS = _levels(run_free)
_LEVELS_IN_LINE = _levels(run_in_line)

_arrival = Arrival()


def _first_ready(*columns: ColumnElement[Any]) -> Select[Any]:
    """Of the first runs of one priority and no group that are ready: at most so many."""
    return (
        select(*columns)
        .where(
            run_free,
            runs.c.priority == bindparam("level"),
            runs.c.ready <= bindparam("now"),
        )
        .order_by(runs.c.ready, _arrival)
        .limit(bindparam("most"))
        .offset(literal_column("0"))
    )


_BECOMES: dict[str, ColumnElement[Any]] = {
    "state": text_of(RunState.RUNNING),
    "attempt": runs.c.attempt + literal_column("1"),
}

_TO_OWNER: dict[str, ColumnElement[Any]] = {
    "node": bindparam("owner_node"),
    "boot": bindparam("owner_boot"),
    "lease_until": LeaseClock(bindparam("at")) + bindparam("lease"),
}

_SEE = HotStatement(
    _first_ready(*(_BECOMES.get(column.name, column) for column in _RUN_COLUMNS)),
    "level",
    "now",
    "most",
)

_PLACES = HotStatement(
    _first_ready(runs.c.priority, runs.c.ready, _arrival, runs.c.id), "level", "now", "most"
)

_TAKE = HotStatement(
    update(runs)
    .where(_arrival.in_(_first_ready(_arrival)))
    .values(
        **_BECOMES,
        **_TO_OWNER,
        started=bindparam("begun"),
    ),
    *("owner_node", "owner_boot", "at", "lease", "begun", "level", "now", "most"),
)

_ready_for_nobody = _first_ready(runs.c.id).with_for_update(skip_locked=True).cte("first_ready")
_TAKE_PAST_OTHERS = HotStatement(
    update(runs)
    .where(runs.c.id == _ready_for_nobody.c.id)
    .values(**_BECOMES, **_TO_OWNER, started=bindparam("begun"))
    .returning(*_RUN_COLUMNS),
    *("owner_node", "owner_boot", "at", "lease", "begun", "level", "now", "most"),
)
"""What others are about to take is passed over, not waited for."""

_GIVE_BACK = HotStatement(
    update(runs)
    .where(
        runs.c.id == bindparam("run_id"),
        run_running,
        runs.c.node == bindparam("owner_node"),
        runs.c.boot == bindparam("owner_boot"),
    )
    .values(
        state=text_of(RunState.WAITING),
        attempt=runs.c.attempt - literal_column("1"),
        node=null(),
        boot=null(),
        lease_until=null(),
        started=null(),
    ),
    "run_id",
    "owner_node",
    "owner_boot",
)


def _take_over(left_behind: ColumnElement[bool], *parameters: str) -> HotStatement:
    """What its owner, or somebody else, is changing at this moment is passed over."""
    theirs = select(runs.c.id).where(run_running, left_behind).with_for_update(skip_locked=True)
    return HotStatement(
        update(runs).where(runs.c.id.in_(theirs)).values(**_TO_OWNER).returning(*_RUN_COLUMNS),
        *("owner_node", "owner_boot", "at", "lease", *parameters),
    )


_TAKE_OVER_OWN = _take_over(
    and_(runs.c.node == bindparam("same_node"), runs.c.boot != bindparam("same_boot")),
    *("same_node", "same_boot"),
)

_TAKE_OVER_OTHERS = _take_over(
    and_(runs.c.node != bindparam("same_node"), runs.c.lease_until < LeaseClock(bindparam("now"))),
    *("same_node", "now"),
)

_RENEW = HotStatement(
    update(runs)
    .where(
        run_running,
        runs.c.node == bindparam("owner_node"),
        runs.c.boot == bindparam("owner_boot"),
    )
    .values(lease_until=_TO_OWNER["lease_until"]),
    "at",
    "lease",
    "owner_node",
    "owner_boot",
)

_NEXT_DUE = HotStatement(select(func.min(jobs.c.due)).where(job_scheduled))


def claim(
    connection: Connection, owner: Owner, now: float, limit: int, lease: float
) -> Sequence[Run]:
    """See :meth:`jqengine.interfaces.IStore.claim`."""
    require_room(connection)
    if limit <= 0 or nothing_may_begin(connection):
        return []
    line = Line(connection, now, limit)
    if line.places:
        claimed = _claim_both(connection, owner, now, lease, limit, line)
    else:
        line.take((), owner, lease)
        claimed = _claim_free(connection, owner, now, lease, limit)
    return with_validators(connection, claimed)


def _claim_free(
    connection: Connection, owner: Owner, now: float, lease: float, limit: int
) -> list[Run]:
    """Claim runs that are in no group."""
    claimed: list[Run] = []
    for priority, earliest in _LEVELS.rows(connection):
        if earliest <= now and len(claimed) < limit:
            most = limit - len(claimed)
            claimed += _claim_of(connection, owner, now, lease, (priority, now, most))
    return claimed


def _claim_both(
    connection: Connection, owner: Owner, now: float, lease: float, limit: int, line: Line
) -> list[Run]:
    """Claim runs of groups and others, whichever comes first."""
    free = _free_places(connection, now, limit)
    chosen = sorted([*free, *line.places])[:limit]
    claimed: list[Run] = []
    for priority, count in sorted(Counter(one.priority for one in chosen if not one.group).items()):
        claimed += _claim_of(connection, owner, now, lease, (priority, now, count))
    rows = line.take([place for place in chosen if place.group], owner, lease)
    grouped = _affordable(connection, owner, rows)
    return list(merge(claimed, sorted(grouped, key=_order), key=_order))


def _free_places(connection: Connection, now: float, limit: int) -> list[Place]:
    """Where the first runs that are ready and in no group stand."""
    places: list[Place] = []
    for priority, earliest in _LEVELS.rows(connection):
        if earliest <= now and len(places) < limit:
            rows = _PLACES.rows(connection, (priority, now, limit - len(places)))
            places += (Place(*row) for row in rows)
    return places


def _order(run: Run) -> tuple[int, float]:
    return run.policy.priority, run.ready


def _claim_of(
    connection: Connection, owner: Owner, now: float, lease: float, first_ready: Row
) -> Sequence[Run]:
    """Claim the runs that *first_ready*, three parameters, asks for.

    In SQLite, to read them first and then to change them costs a quarter less than to
    have the change return them.  Nobody else writes between the two, and their
    order is total, so both mean the same runs.
    """
    values = (owner.node, owner.boot, now, lease, now, *first_ready)
    if has_turns(connection):
        taken_rows = _TAKE_PAST_OTHERS.rows(connection, values)
        return _affordable(connection, owner, sorted(taken_rows, key=_ready_and_id))
    rows = _SEE.rows(connection, first_ready)
    taken = _TAKE.change(connection, values)
    assert taken == len(rows), f"saw {len(rows)} runs and took {taken}"
    return _affordable(connection, owner, rows)


def _affordable(connection: Connection, owner: Owner, rows: Sequence[Row]) -> list[Run]:
    """The first of the runs in *rows*, as many as fit into memory; the others wait on."""
    sizes = sizes_of_bodies(connection, (row[_BODY_ID] for row in rows))
    if sum(sizes.values()) <= MOST_BYTES:
        return _runs_from(connection, rows)
    count = _how_many_fit([row[_BODY_ID] for row in rows], sizes)
    others = [row[0] for row in rows[count:]]
    _GIVE_BACK.change_each(connection, [(run_id, owner.node, owner.boot) for run_id in others])
    look_at(connection, groups_of(connection, runs.c.id, others))
    return _runs_from(connection, rows[:count])


def _how_many_fit(body_ids: Sequence[str | None], sizes: Mapping[str, int]) -> int:
    """At least one does; a body that several have is there once."""
    held: set[str] = set()
    left = MOST_BYTES
    for count, body_id in enumerate(body_ids):
        if body_id is None or body_id in held:
            continue
        left -= sizes.get(body_id, 0)
        if left < 0 and count:
            return count
        held.add(body_id)
    return len(body_ids)


def _runs_from(connection: Connection, rows: Sequence[Row]) -> list[Run]:
    contents = bodies_of(connection, (row[_BODY_ID] for row in rows))
    return [run_from(row, contents) for row in rows]


def levels(connection: Connection) -> list[tuple[ColumnElement[bool], int]]:
    """The priorities of runs that wait, without a group and with one; what says so of a run."""
    return [
        (waiting, priority)
        for waiting, found in ((run_free, _LEVELS), (run_in_line, _LEVELS_IN_LINE))
        for priority, _ in found.rows(connection)
    ]


def next_ready(connection: Connection) -> float | None:
    """See :meth:`jqengine.interfaces.IStore.next_ready`."""
    instants = [due for (due,) in _NEXT_DUE.rows(connection)]
    if not is_all_paused(connection):
        instants += [earliest for _, earliest in _LEVELS.rows(connection)]
        instants.append(next_open(connection))
    return min((instant for instant in instants if instant is not None), default=None)


def give_back(connection: Connection, owner: Owner, run_ids: Sequence[str], now: float) -> int:
    """See :meth:`jqengine.interfaces.IStore.give_back`."""
    take_turn(connection)
    tell(connection, Topic.READY)
    cancelled = runs_of_cancelled_jobs(connection, run_ids)
    given = _GIVE_BACK.change_each(
        connection, [(run_id, owner.node, owner.boot) for run_id in run_ids]
    )
    withdraw(connection, cancelled, now)
    look_at(connection, groups_of(connection, runs.c.id, run_ids))
    return given


def recover(
    connection: Connection, owner: Owner, now: float, lease: float, others: bool
) -> Sequence[Run]:
    """See :meth:`jqengine.interfaces.IStore.recover`."""
    mine = (owner.node, owner.boot, now, lease)
    rows = list(_TAKE_OVER_OWN.rows(connection, (*mine, owner.node, owner.boot)))
    if others:
        rows += _TAKE_OVER_OTHERS.rows(connection, (*mine, owner.node, now))
    return _runs_from(connection, rows)


def renew(connection: Connection, owner: Owner, now: float, lease: float) -> int:
    """See :meth:`jqengine.interfaces.IStore.renew`."""
    return _RENEW.change(connection, (now, lease, owner.node, owner.boot))
