"""The rows of groups: what limits there are, and when to look at a group again.

``opens`` is what makes waiting groups cost nothing.  A claim looks at the
groups whose instant has come, and leaves in each the next at which something
of it can be claimed, or none if only an event can bring that about.  Each such
event (a run that comes to wait or ends, other limits, a resumption) sets the
instant to :data:`AT_ONCE`.

For the store's threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    update,
)

from jqengine.group import Group, GroupReport, Holds
from jqengine.job import Policy
from jqengine.lifecycle import RunState
from jqengine.news import Topic
from jqengine.store.constructs import InsertIfAbsent
from jqengine.store.hot import HotStatement
from jqengine.store.news import tell
from jqengine.store.schema import groups, job_unfinished, jobs, run_of_group, runs, text_of
from jqengine.store.selecting import select_in, slices
from jqengine.units import Rate

EVERYTHING = ""
"""The name in the row that says whether all is paused.  No group is called so."""

AT_ONCE = 0.0
"""An instant that has come."""

COLUMNS = [
    groups.c[name]
    for name in ("name", "concurrency", "rate", "per", "tokens", "refilled", "paused")
]

_EVERYTHING = select(groups.c.paused).where(groups.c.name == literal_column(f"'{EVERYTHING}'"))
_IS_ALL_PAUSED = HotStatement(_EVERYTHING)
_STAYS_PAUSED = HotStatement(_EVERYTHING.with_for_update(read=True))

_LOOK = HotStatement(
    update(groups)
    .where(groups.c.name == bindparam("wanted"))
    .values(opens=literal_column(str(AT_ONCE))),
    "wanted",
)

_LIMITS = ("concurrency", "rate", "per", "tokens", "refilled")
_CHANGE = (
    update(groups)
    .where(groups.c.name == bindparam("wanted"))
    .values({name: bindparam(f"new_{name}") for name in _LIMITS})
)


def group_from(row: Sequence[Any]) -> Group:
    """The group that *row*, :data:`COLUMNS`, says."""
    name, concurrency, rate, per, tokens, refilled, paused = row
    bucket = None if rate is None else Rate(rate, per)
    return Group(name, concurrency, bucket, tokens, refilled, bool(paused))


def is_all_paused(connection: Connection) -> bool:
    """Whether everything is paused."""
    return any(paused for (paused,) in _IS_ALL_PAUSED.rows(connection))


def nothing_may_begin(connection: Connection) -> bool:
    """Whether everything is paused, or not, until the transaction ends."""
    return any(paused for (paused,) in _STAYS_PAUSED.rows(connection))


def look_at(connection: Connection, policies: Mapping[str, Policy | None]) -> None:
    """Have groups looked at by the next claim, as something happened to their runs.

    :param policies: of a run of each, by the name of the group, should it have
        been forgotten; ``None`` where it cannot have been.
    """
    for name in sorted(policies):
        if not _LOOK.change(connection, (name,)):
            policy = policies[name]
            note_limits(connection, [policy or Policy(group=name)])
    if policies:
        tell(connection, Topic.READY)


def groups_of(
    connection: Connection, column: ColumnElement[str], values: Iterable[str]
) -> dict[str, Policy | None]:
    """The groups of unfinished runs whose *column* is one of *values*, for :func:`look_at`."""
    query = select(runs.c.group_name).where(run_of_group).distinct()
    return {row.group_name: None for row in select_in(connection, query, column, values)}


def note_limits(connection: Connection, policies: Iterable[Policy]) -> None:
    """Let what *policies* say, of each group the last, hold, and have the groups looked at."""
    said: dict[str, list[Policy]] = {}
    for policy, _ in groupby(policies):
        if policy.group is not None:
            said.setdefault(policy.group, []).append(policy)
    if not said:
        return
    known = _known(connection, said)
    for name in sorted(said.keys() - known.keys()):
        connection.execute(InsertIfAbsent(groups).values(_values(Group(name))))
    if known.keys() != said.keys():
        known = _known(connection, said)
    for name in sorted(said):
        group = known[name]
        for policy in said[name]:
            group = group.said(policy)
        if group != known[name]:
            connection.execute(_CHANGE, _changed(group))
        _LOOK.change(connection, (name,))
    tell(connection, Topic.READY)


def set_paused(connection: Connection, name: str | None, paused: bool) -> bool:
    """See :meth:`jqengine.interfaces.IQueueControl.set_paused`."""
    wanted = EVERYTHING if name is None else name
    if paused:
        connection.execute(InsertIfAbsent(groups).values(_values(Group(wanted))))
    known = _known(connection, [wanted]).get(wanted)
    if known is None or known.paused == paused:
        return False
    row = update(groups).where(groups.c.name == wanted)
    connection.execute(row.values(paused=paused, opens=None if name is None else AT_ONCE))
    tell(connection, Topic.READY)
    return True


def holds(connection: Connection, now: float) -> Holds:
    """See :meth:`jqengine.interfaces.IQueueControl.holds`.  For the reader thread."""
    found = map(group_from, connection.execute(select(*COLUMNS).order_by(groups.c.name)))
    running = _counts(connection, RunState.RUNNING)
    waiting = _counts(connection, RunState.WAITING)
    return Holds(
        is_all_paused(connection),
        tuple(
            GroupReport(group.at(now), running.get(group.name, 0), waiting.get(group.name, 0))
            for group in found
            if group.name != EVERYTHING
        ),
    )


def forget_idle(connection: Connection, names: Iterable[str], now: float) -> None:
    """Forget those groups of *names* that nothing is left of, and whose bucket is full."""
    of_run = exists().where(run_of_group, runs.c.group_name == groups.c.name)
    of_job = exists().where(job_unfinished, jobs.c.group_name == groups.c.name)
    is_full = or_(groups.c.rate.is_(None), groups.c.refilled + groups.c.per <= now)
    idle = (groups.c.paused == false(), is_full, ~of_run, ~of_job)
    for some in slices(names):
        connection.execute(delete(groups).where(groups.c.name.in_(some), *idle))


def _known(connection: Connection, names: Iterable[str]) -> dict[str, Group]:
    """Those groups of *names* that are there; nobody changes them until the transaction ends."""
    query = select(*COLUMNS).order_by(groups.c.name).with_for_update()
    rows = select_in(connection, query, groups.c.name, sorted(names))
    return {row.name: group_from(row) for row in rows}


def _counts(connection: Connection, state: RunState) -> dict[str, int]:
    """How many runs of each group are in *state*."""
    query = (
        select(runs.c.group_name, func.count().label("runs"))
        .where(run_of_group, runs.c.state == text_of(state))
        .group_by(runs.c.group_name)
    )
    return {row.group_name: row.runs for row in connection.execute(query)}


def _values(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        **_limits(group),
        "paused": group.paused,
        "opens": None if group.name == EVERYTHING else AT_ONCE,
    }


def _changed(group: Group) -> dict[str, Any]:
    return {"wanted": group.name, **{f"new_{name}": is_ for name, is_ in _limits(group).items()}}


def _limits(group: Group) -> dict[str, Any]:
    rate = group.rate
    return {
        "concurrency": group.concurrency,
        "rate": None if rate is None else rate.count,
        "per": None if rate is None else rate.per,
        "tokens": group.tokens,
        "refilled": group.refilled,
    }
