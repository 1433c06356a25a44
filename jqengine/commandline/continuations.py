"""``jobqueue continuations``, ``forget``: the requests that an engine has saved."""

from __future__ import annotations

import click

from jqengine.client import ContinuationView
from jqengine.commandline.engine import (
    FAILED,
    engine_options,
    print_json,
    printable,
    queue_of,
)
from jqengine.commandline.tables import moment, print_table


@click.command("continuations")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1),
    default=50,
    metavar="N",
    help="At most N; 50 by default.",
)
@click.option("--all", "everything", is_flag=True, help="However many there are.")
@engine_options
def continuations(
    limit: int, everything: bool, amp: str, secret_file: str | None, as_json: bool
) -> None:
    """List saved requests, the newest first, without their secrets."""
    with queue_of(amp, secret_file) as queue:
        found = queue.continuations(limit=None if everything else limit)
    if as_json:
        print_json(found)
        return
    print_table(
        ("ID", "CREATED", "EXPIRES", "USES", "USER", "REQUEST"),
        [_row(one) for one in found],
        flexible="REQUEST",
    )


@click.command("forget")
@click.argument("ids", metavar="ID...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All of them.")
@engine_options
def forget(
    ids: tuple[str, ...], everything: bool, amp: str, secret_file: str | None, as_json: bool
) -> int:
    """Forget saved requests; jobs that were made from them stay."""
    if bool(ids) == everything:
        raise click.UsageError("expected ID... or --all")
    with queue_of(amp, secret_file) as queue:
        if everything:
            gone, missing = queue.clear_continuations(), []
        else:
            missing = [one for one in ids if not queue.drop_continuation(one)]
            gone = len(ids) - len(missing)
    for one in missing:
        click.echo(f"error: there is no continuation {printable(one)}", err=True)
    if as_json:
        print_json({"forgotten": gone})
    else:
        click.echo(f"{gone:,} forgotten")
    return FAILED if missing else 0


def _row(one: ContinuationView) -> tuple[object, ...]:
    return (
        one.id,
        moment(one.created),
        moment(one.expires),
        "any" if one.reusable else "one",
        one.user,
        f"{one.method} {one.target}",
    )
