"""``jobqueue deliveries``, ``redrive``: results on their way to sinks."""

from __future__ import annotations

import click

from jqengine.client import JobQueue
from jqengine.commandline.engine import (
    FAILED,
    engine_options,
    print_json,
    printable,
    queue_of,
)
from jqengine.commandline.tables import moment, print_table
from jqengine.wire.oversightviews import DeliveryView, SinkView

MOST = 1000


@click.command("deliveries")
@click.option("--run", metavar="ID", help="Those of the results of a run.")
@click.option("--job", metavar="ID", help="Those of a job.")
@click.option("--sink", metavar="URL", help="Those to a sink, as it is shown here.")
@click.option(
    "--state",
    metavar="STATES",
    help="held, pending, delivering, delivered or dead, separated by commas.",
)
@click.option("--sinks", is_flag=True, help="Count them by sink instead.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1, MOST),
    default=50,
    metavar="N",
    help="At most N; 50 by default.",
)
@engine_options
def deliveries(
    run: str | None,
    job: str | None,
    sink: str | None,
    state: str | None,
    sinks: bool,
    limit: int,
    amp: str,
    secret_file: str | None,
    as_json: bool,
) -> None:
    """List results on their way to sinks, the newest first.

    Those that were given up are dead; `jobqueue redrive` tries them again.
    """
    with queue_of(amp, secret_file) as queue:
        if sinks:
            _print_sinks(queue.sinks(), as_json)
            return
        found = _found(queue, run, job, sink, state, limit)
    if as_json:
        print_json(found)
        return
    print_table(
        ("ID", "RUN", "STATE", "SINCE", "TRIES", "SINK", "REASON"),
        [_row(one) for one in found],
        flexible="REASON",
    )


@click.command("redrive")
@click.argument("ids", metavar="ID...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that are dead.")
@click.option("--sink", metavar="URL", help="All that are dead for a sink, as it is shown.")
@click.option("--drop", is_flag=True, help="Forget them instead; only with ID...")
@engine_options
def redrive(
    ids: tuple[str, ...],
    everything: bool,
    sink: str | None,
    drop: bool,
    amp: str,
    secret_file: str | None,
    as_json: bool,
) -> int:
    """Try deliveries again that were given up."""
    if [bool(ids), everything, sink is not None].count(True) != 1:
        raise click.UsageError("expected one of ID..., --all and --sink")
    if drop and not ids:
        raise click.UsageError("--drop needs the IDs of what is to be forgotten")
    with queue_of(amp, secret_file) as queue:
        if not ids:
            count, missing = queue.redrive_all(sink=sink), []
        else:
            step = queue.drop_delivery if drop else queue.redrive
            missing = [one for one in ids if not step(one)]
            count = len(ids) - len(missing)
    for one in missing:
        click.echo(f"error: there is no dead delivery {printable(one)}", err=True)
    done = "forgotten" if drop else "redriven"
    if as_json:
        print_json({done: count})
    else:
        click.echo(f"{count:,} forgotten" if drop else f"{count:,} will be tried again")
    return FAILED if missing else 0


def _found(
    queue: JobQueue,
    run: str | None,
    job: str | None,
    sink: str | None,
    state: str | None,
    limit: int,
) -> list[DeliveryView]:
    """At most *limit* that match, of however many pages."""
    found: list[DeliveryView] = []
    after: str | None = None
    while len(found) < limit:
        page = queue.deliveries(
            run=run, job=job, sink=sink, state=state, after=after, limit=limit - len(found)
        )
        found += page.items
        after = page.next
        if after is None:
            break
    return found


def _row(one: DeliveryView) -> tuple[object, ...]:
    return one.id, one.run, one.state, moment(one.ready), one.tries, one.sink, one.reason


def _print_sinks(found: list[SinkView], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    print_table(
        ("SINK", "PENDING", "HELD", "DEAD", "DELIVERED", "FAILED", "REASON"),
        [
            (
                one.sink,
                one.pending,
                one.held,
                one.dead,
                moment(one.delivered),
                moment(one.failed),
                one.reason,
            )
            for one in found
        ],
        flexible="REASON",
    )
