"""Claiming runs of groups, as far as their limits allow.

For the store's writer thread, within its transaction.  The row of a group is
locked while its runs and tokens are counted, so that nobody else counts them,
too; a group that another node has just locked is left to that one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    func,
    literal_column,
    select,
    update,
)

from jqengine.group import SET_BACK, Group
from jqengine.job import Owner
from jqengine.lifecycle import RunState
from jqengine.store.constructs import Arrival
from jqengine.store.groups import COLUMNS, group_from
from jqengine.store.hot import HotStatement
from jqengine.store.rows import RUN_COLUMNS, Row
from jqengine.store.schema import groups, run_in_line, run_of_group, run_running, runs, text_of

MOST_GROUPS = 1000
"""Groups that one claim looks at: those whose instant came first."""

_arrival = Arrival()

_OPEN = HotStatement(
    select(*COLUMNS)
    .where(groups.c.opens.is_not(None), groups.c.opens <= bindparam("now"))
    .order_by(groups.c.opens)
    .limit(bindparam("most"))
    .offset(literal_column("0"))
    .with_for_update(skip_locked=True),
    "now",
    "most",
)

_AHEAD = HotStatement(
    select(*COLUMNS)
    .where(groups.c.refilled > bindparam("latest"))
    .with_for_update(skip_locked=True),
    "latest",
)
"""Groups whose instants are of no use, as the clock was set back behind their last refill."""

_NEXT = HotStatement(select(func.min(groups.c.opens)).where(groups.c.opens.is_not(None)))

_RUNNING = HotStatement(
    select(func.count()).where(run_of_group, run_running, runs.c.group_name == bindparam("wanted")),
    "wanted",
)

_of_group = (run_of_group, run_in_line, runs.c.group_name == bindparam("wanted"))


def _levels() -> HotStatement:
    """The priorities of the runs of a group that wait, each with its earliest ready instant."""
    lowest = select(func.min(runs.c.priority).label("priority")).where(*_of_group)
    level = lowest.cte("level", recursive=True)
    above = lowest.where(runs.c.priority > level.c.priority).scalar_subquery()
    level = level.union_all(select(above).where(level.c.priority.is_not(None)))
    earliest = (
        select(func.min(runs.c.ready))
        .where(*_of_group, runs.c.priority == level.c.priority)
        .scalar_subquery()
    )
    return HotStatement(
        select(level.c.priority, earliest)
        .where(level.c.priority.is_not(None))
        .order_by(level.c.priority),
        "wanted",
        "wanted",
        "wanted",
    )


_LEVELS = _levels()


def _first_ready(*columns: ColumnElement[Any]) -> Select[Any]:
    return (
        select(*columns)
        .where(
            *_of_group,
            runs.c.priority == bindparam("level"),
            runs.c.ready <= bindparam("now"),
        )
        .order_by(runs.c.ready, _arrival)
        .limit(bindparam("most"))
        .offset(literal_column("0"))
    )


_SEE = HotStatement(
    _first_ready(runs.c.priority, runs.c.ready, _arrival, runs.c.id),
    "wanted",
    "level",
    "now",
    "most",
)

_TAKE = HotStatement(
    update(runs)
    .where(runs.c.id == bindparam("run_id"), run_in_line)
    .values(
        state=text_of(RunState.RUNNING),
        attempt=runs.c.attempt + literal_column("1"),
        node=bindparam("owner_node"),
        boot=bindparam("owner_boot"),
        lease_until=bindparam("until"),
        started=bindparam("begun"),
    )
    .returning(*(runs.c[name] for name in RUN_COLUMNS)),
    "owner_node",
    "owner_boot",
    "until",
    "begun",
    "run_id",
)

_LEAVE = HotStatement(
    update(groups)
    .where(groups.c.name == bindparam("wanted"))
    .values(
        tokens=bindparam("left"), refilled=bindparam("filled"), opens=bindparam("next_instant")
    ),
    "left",
    "filled",
    "next_instant",
    "wanted",
)


class Place(NamedTuple):
    """Where a run stands in line; they sort as runs are claimed.

    :ivar group: in which it stands, or ``None``.
    """

    priority: int
    ready: float
    arrival: Any
    run_id: str
    group: str | None = None


class Line:
    """The groups that are open at *now*, and the runs that each of them lets begin.

    :ivar places: of at most *most* runs of each group, in no order.
    """

    def __init__(self, connection: Connection, now: float, most: int) -> None:
        self._connection = connection
        self._now = now
        self._most = most
        found = [*_OPEN.rows(connection, (now, MOST_GROUPS))]
        found += _AHEAD.rows(connection, (now + SET_BACK,))
        self._groups = list({row[0]: group_from(row) for row in found}.values())
        self._running: dict[str, int] = {}
        self.places = [place for group in self._groups for place in self._places(group)]

    def take(self, chosen: Sequence[Place], owner: Owner, lease: float) -> list[Row]:
        """Claim the runs of *chosen* places, and note of all open groups when to look again."""
        rows: list[Row] = []
        taken: dict[str, int] = {}
        for place in chosen:
            assert place.group is not None
            claim = (owner.node, owner.boot, self._now + lease, self._now, place.run_id)
            claimed = _TAKE.rows(self._connection, claim)
            rows += claimed
            taken[place.group] = taken.get(place.group, 0) + len(claimed)
        self._leave(taken)
        return rows

    def _places(self, group: Group) -> list[Place]:
        running = self._running[group.name] = self._count(group)
        room = group.at(self._now).room(running, self._most)
        places: list[Place] = []
        if room:
            for priority, earliest in _LEVELS.rows(self._connection, (group.name,) * 3):
                if earliest <= self._now and len(places) < room:
                    ready = (group.name, priority, self._now, room - len(places))
                    rows = _SEE.rows(self._connection, ready)
                    places += (Place._make((*row, group.name)) for row in rows)
        return places

    def _count(self, group: Group) -> int:
        """Its runs under way, if their number matters."""
        if group.concurrency is None:
            return 0
        ((count,),) = _RUNNING.rows(self._connection, (group.name,))
        return int(count)

    def _leave(self, taken: Mapping[str, int]) -> None:
        for group in self._groups:
            count = taken.get(group.name, 0)
            left = group.at(self._now).took(count)
            opens = self._opens(left, self._running[group.name] + count)
            _LEAVE.change(self._connection, (left.tokens, left.refilled, opens, group.name))

    def _opens(self, group: Group, running: int) -> float | None:
        """From when on something of *group* can be claimed, by itself."""
        opens = group.opens(running)
        levels = () if opens is None else _LEVELS.rows(self._connection, (group.name,) * 3)
        earliest = min((ready for _, ready in levels), default=None)
        return None if opens is None or earliest is None else max(opens, earliest)


def next_open(connection: Connection) -> float | None:
    """The earliest instant from which something of a group can be claimed, or may be."""
    ((instant,),) = _NEXT.rows(connection)
    return None if instant is None else float(instant)
