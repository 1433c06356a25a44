"""Who has changed the jobs of the crontabs, and when.

Nodes with different crontabs do not argue: the one that read its files last has
its way, and what it took the place of is said and kept here.

For the store's writer thread, within its transaction.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, Double, Table, Text, delete, insert, select

from jqengine.plan import CrontabPlan, PlanAuthor
from jqengine.store.schema import Whole, metadata

KEPT = 100
"""Plans that are remembered."""

plans = Table(
    "crontab_plans",
    metadata,
    Column("applied", Double, primary_key=True),
    Column("node", Text, primary_key=True),
    Column("added", Whole, nullable=False),
    Column("changed", Whole, nullable=False),
    Column("gone", Whole, nullable=False),
)

_LATEST = select(plans).order_by(plans.c.applied.desc())


def note(connection: Connection, plan: CrontabPlan) -> PlanAuthor | None:
    """Remember *plan*; who made the one before it, if that was another node."""
    author = plan.author
    if author is None:
        return None
    latest = connection.execute(_LATEST.limit(1)).one_or_none()
    values = {"added": len(plan.add), "changed": len(plan.replace), "gone": len(plan.retire)}
    same = (plans.c.applied == author.instant, plans.c.node == author.node)
    connection.execute(delete(plans).where(*same))
    connection.execute(insert(plans).values(applied=author.instant, node=author.node, **values))
    oldest = connection.scalar(
        select(plans.c.applied).order_by(plans.c.applied.desc()).offset(KEPT)
    )
    if oldest is not None:
        connection.execute(delete(plans).where(plans.c.applied <= oldest))
    if latest is None or latest.node == author.node:
        return None
    return PlanAuthor(latest.node, latest.applied)
