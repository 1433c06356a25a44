"""``jobqueue nodes``, ``drain``, ``undrain``: the processes that share a store."""

from __future__ import annotations

from collections.abc import Callable

import click

from jqengine.client import JobQueue, NodeView
from jqengine.commandline.engine import (
    each,
    engine_options,
    print_json,
    printable,
    queue_of,
)
from jqengine.commandline.tables import moment, print_table


@click.command("nodes")
@engine_options
def nodes(amp: str, secret_file: str | None, as_json: bool) -> None:
    """List the nodes that share the store of an engine, by name."""
    with queue_of(amp, secret_file) as queue:
        found = queue.nodes()
    if as_json:
        print_json(found)
        return
    print_table(
        ("NAME", "STATE", "SINCE", "LAST BEAT", "RUNNING", "THREADS", "VERSION", "HOST"),
        [_row(one) for one in found],
        flexible="HOST",
    )


def _row(one: NodeView) -> tuple[object, ...]:
    return (
        one.name,
        one.state,
        moment(one.since),
        moment(one.beat),
        one.running,
        one.threads,
        one.version,
        f"{one.host} ({one.pid})",
    )


def _command(name: str, about: str, step: Callable[[JobQueue, str], NodeView]) -> click.Command:
    @click.command(name, help=about)
    @click.argument("node", metavar="NODE...", nargs=-1, required=True)
    @engine_options
    def command(node: tuple[str, ...], amp: str, secret_file: str | None, as_json: bool) -> int:
        with queue_of(amp, secret_file) as queue:
            return each(
                node,
                lambda one: step(queue, one),
                lambda view: f"{printable(view.name)} is {view.state}",
                as_json,
            )

    return command


drain = _command(
    "drain",
    "Let nodes claim no more runs: they finish what they have begun and give back the rest.",
    JobQueue.drain,
)
undrain = _command("undrain", "Let nodes claim runs again.", JobQueue.undrain)
