"""Continuations, sinks, nodes and groups, as tables with the one number that matters first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from jqengine.admin.dashboard import outcomes
from jqengine.admin.dashboard.desk import Desk
from jqengine.admin.dashboard.web import Asked, Response, redirect
from jqengine.wire.groups import GroupView
from jqengine.wire.oversightviews import SinkView
from jqengine.wire.views import ContinuationView, NodeView

MOST_CONTINUATIONS = 100


class Column(NamedTuple):
    """The head of a column; one without words has buttons."""

    words: str
    kind: str = ""


class Button(NamedTuple):
    """Something that can be done to what a row is about.

    :ivar value: what is sent with it, as the field ``id``.
    """

    words: str
    action: str
    value: str
    confirm: str = ""


class Cell(NamedTuple):
    """What stands in one place of a table: a text with a mark before it, or an instant."""

    text: str = ""
    outcome: str = ""
    instant: datetime | None = None
    href: str = ""
    buttons: Sequence[Button] = ()


class Row(NamedTuple):
    """A row, which its *id* tells apart from the others."""

    id: str
    cells: Sequence[Cell]


def list_continuations(desk: Desk, asked: Asked) -> Response:
    """``GET /continuations``."""
    found = asked.queue.continuations(limit=MOST_CONTINUATIONS)
    return _table(
        desk,
        asked,
        "Continuations",
        "Saved requests of real clients, to be run later as a job or resumed by link."
        + (f" The newest {MOST_CONTINUATIONS}." if len(found) == MOST_CONTINUATIONS else ""),
        (
            Column("Expires", "number"),
            Column("Request", "grow"),
            Column("User", "wide"),
            Column("For", "plain wide"),
            Column("Made", "number wide"),
            Column("", "buttons"),
        ),
        [_continuation(one) for one in found],
        "No continuation is saved. An application makes one with queue.continuation(environ).",
    )


def forget_continuation(desk: Desk, asked: Asked) -> Response:
    """``POST /continuations/forget``."""
    dropped = asked.queue.drop_continuation(asked.form.text("id"))
    return redirect("/continuations", did="forgotten" if dropped else "gone")


def list_sinks(desk: Desk, asked: Asked) -> Response:
    """``GET /sinks``."""
    return _table(
        desk,
        asked,
        "Sinks",
        "Where results go: those with something under way, and those tried since the start.",
        (
            Column("Sink"),
            Column("Dead", "number"),
            Column("Waiting", "number"),
            Column("Last delivered", "number wide"),
            Column("Last failed", "number wide"),
            Column("Why", "grow wide"),
            Column("", "buttons"),
        ),
        [_sink(number, sink) for number, sink in enumerate(asked.queue.sinks())],
        "No result is on its way to a sink, and none was tried since the engine started.",
        live=True,
    )


def redrive_sink(desk: Desk, asked: Asked) -> Response:
    """``POST /sinks/redrive``: all dead letters of one sink."""
    count = asked.queue.redrive_all(sink=asked.form.text("id"))
    return redirect("/sinks", did="redriven", n=count)


def list_nodes(desk: Desk, asked: Asked) -> Response:
    """``GET /nodes``."""
    return _table(
        desk,
        asked,
        "Nodes",
        "The engines that share this store.",
        (
            Column("Node"),
            Column("State", "plain"),
            Column("Running", "number"),
            Column("Since", "number"),
            Column("Last heard of", "number wide"),
            Column("Started", "number wide"),
            Column("Where", "grow wide"),
            Column("", "buttons"),
        ),
        [_node(node) for node in asked.queue.nodes()],
        "No node has signed in yet.",
        live=True,
    )


def drain_node(desk: Desk, asked: Asked) -> Response:
    """``POST /nodes/drain``."""
    asked.queue.drain(asked.form.text("id"))
    return redirect("/nodes", did="drained")


def undrain_node(desk: Desk, asked: Asked) -> Response:
    """``POST /nodes/undrain``."""
    asked.queue.undrain(asked.form.text("id"))
    return redirect("/nodes", did="undrained")


def list_groups(desk: Desk, asked: Asked) -> Response:
    """``GET /groups``."""
    return _table(
        desk,
        asked,
        "Groups",
        "Runs that share limits: so many at once, so often.",
        (
            Column("Group"),
            Column("State", "plain"),
            Column("Running", "number"),
            Column("Waiting", "number"),
            Column("At once", "number wide"),
            Column("Rate", "number wide"),
            Column("", "buttons grow"),
        ),
        [_group(group) for group in asked.queue.groups()],
        "No job has a group. One shares its limits with others by --group, --concurrency, --rate.",
        live=True,
    )


def pause_group(desk: Desk, asked: Asked) -> Response:
    """``POST /groups/pause``."""
    asked.queue.pause(group=asked.form.text("id"))
    return redirect("/groups", did="paused-group")


def resume_group(desk: Desk, asked: Asked) -> Response:
    """``POST /groups/resume``."""
    asked.queue.resume(group=asked.form.text("id"))
    return redirect("/groups", did="resumed-group")


def _table(
    desk: Desk,
    asked: Asked,
    heading: str,
    about: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    no_rows: str,
    *,
    live: bool = False,
) -> Response:
    return desk.page(
        asked,
        "table.html",
        heading=heading,
        about=about,
        columns=columns,
        rows=rows,
        no_rows=no_rows,
        live=live,
    )


def _continuation(one: ContinuationView) -> Row:
    forget = Button("Forget", "/continuations/forget", one.id, "Forget this saved request?")
    return Row(
        one.id,
        (
            Cell(instant=one.expires),
            Cell(f"{one.method} {one.target}"),
            Cell(one.user or ""),
            Cell("any number of uses" if one.reusable else "one use"),
            Cell(instant=one.created),
            Cell(buttons=(forget,)),
        ),
    )


def _sink(number: int, sink: SinkView) -> Row:
    bad = sink.is_failing or sink.dead
    redrive = Button("Redrive its dead letters", "/sinks/redrive", sink.sink)
    return Row(
        str(number),
        (
            Cell(sink.sink, outcomes.FAILED if bad else outcomes.RAN),
            Cell(f"{sink.dead:,}"),
            Cell(f"{sink.pending + sink.held:,}"),
            Cell(instant=sink.delivered),
            Cell(instant=sink.failed),
            Cell(sink.reason),
            Cell(buttons=(redrive,) if sink.dead else ()),
        ),
    )


def _node(node: NodeView) -> Row:
    up = node.state == "up"
    change = (
        Button("Drain", "/nodes/drain", node.name)
        if up
        else Button("Undrain", "/nodes/undrain", node.name)
    )
    return Row(
        node.name,
        (
            Cell(node.name),
            Cell(node.state, _OUTCOMES.get(node.state, outcomes.WAITING)),
            Cell(f"{node.running} of {node.threads}"),
            Cell(instant=node.since),
            Cell(instant=node.beat),
            Cell(instant=node.started),
            Cell(f"{node.host}, process {node.pid}, version {node.version}"),
            Cell(buttons=(change,) if node.state in ("up", "draining", "drained") else ()),
        ),
    )


def _group(group: GroupView) -> Row:
    pause = Button("Pause", "/groups/pause", group.name)
    resume = Button("Resume", "/groups/resume", group.name)
    state, outcome = ("paused", outcomes.SKIPPED) if group.paused else ("open", outcomes.RAN)
    limit = "" if group.concurrency is None else f"{group.concurrency:,}"
    return Row(
        group.name,
        (
            Cell(group.name),
            Cell(state, outcome),
            Cell(f"{group.running:,}"),
            Cell(f"{group.waiting:,}"),
            Cell(limit or "no limit"),
            Cell(group.rate or "no limit"),
            Cell(buttons=(resume if group.paused else pause,)),
        ),
    )


_OUTCOMES = {
    "up": outcomes.RAN,
    "draining": outcomes.RUNNING,
    "drained": outcomes.SKIPPED,
    "stopped": outcomes.SKIPPED,
    "missing": outcomes.FAILED,
}
