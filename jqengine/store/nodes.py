"""The nodes that share the store.

For the store's writer thread, within its transaction; what is only asked, for
its reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Double,
    Integer,
    Row,
    Table,
    Text,
    delete,
    insert,
    null,
    select,
    update,
)

from jqengine.errors import NoSuchNode
from jqengine.job import Owner
from jqengine.news import Topic
from jqengine.node import FORGOTTEN_AFTER, Beat, Node
from jqengine.store.news import tell
from jqengine.store.schema import metadata

nodes = Table(
    "nodes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("boot", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("started", Double, nullable=False),
    Column("threads", Integer, nullable=False),
    Column("running", Integer, nullable=False),
    Column("beat", Double, nullable=False),
    Column("drained", Double),
    Column("stopped", Boolean, nullable=False),
)


def beat(connection: Connection, said: Beat, now: float) -> Node:
    """See :meth:`jqengine.interfaces.INodeStore.beat`."""
    name = said.owner.node
    values = _values(said, now)
    known = connection.execute(update(nodes).where(nodes.c.name == name).values(values))
    if not known.rowcount:
        connection.execute(insert(nodes).values(name=name, drained=null(), **values))
    connection.execute(delete(nodes).where(nodes.c.beat < now - FORGOTTEN_AFTER))
    return _known(connection, name)


def sign_off(connection: Connection, owner: Owner, now: float) -> None:
    """See :meth:`jqengine.interfaces.INodeStore.sign_off`."""
    connection.execute(
        update(nodes)
        .where(nodes.c.name == owner.node, nodes.c.boot == owner.boot)
        .values(stopped=True, running=0, beat=now)
    )


def drain(connection: Connection, name: str, since: float | None) -> Node:
    """See :meth:`jqengine.interfaces.INodeStore.drain`."""
    node = _known(connection, name)
    if (node.drained is None) != (since is None):
        connection.execute(update(nodes).where(nodes.c.name == name).values(drained=since))
        tell(connection, Topic.NODES)
    return _known(connection, name)


def all_nodes(connection: Connection) -> Sequence[Node]:
    """See :meth:`jqengine.interfaces.INodeStore.nodes`."""
    return [_node(row) for row in connection.execute(select(nodes).order_by(nodes.c.name))]


def _values(said: Beat, now: float) -> dict[str, Any]:
    return {
        "boot": said.owner.boot,
        "host": said.host,
        "pid": said.pid,
        "version": said.version,
        "started": said.started,
        "threads": said.threads,
        "running": said.running,
        "beat": now,
        "stopped": False,
    }


def _known(connection: Connection, name: str) -> Node:
    row = connection.execute(select(nodes).where(nodes.c.name == name)).one_or_none()
    if row is None:
        raise NoSuchNode(f"there is no node {name!r}")
    return _node(row)


def _node(row: Row[Any]) -> Node:
    said = Beat(
        owner=Owner(row.name, row.boot),
        host=row.host,
        pid=row.pid,
        version=row.version,
        started=row.started,
        threads=row.threads,
        running=row.running,
    )
    return Node(said=said, beat=row.beat, drained=row.drained, stopped=row.stopped)
