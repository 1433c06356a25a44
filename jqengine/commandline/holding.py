"""``jobqueue pause``, ``resume``, ``groups``: what is held back, and by which limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from jqengine.client import GroupView, JobQueue, JobView
from jqengine.commandline.engine import (
    each,
    engine_options,
    job_argument,
    print_json,
    printable,
    queue_of,
    which,
)
from jqengine.commandline.tables import moment, print_table


def _command(
    name: str, about: str, step: Callable[..., Any], of_all: Callable[[JobQueue], bool], done: str
) -> click.Command:
    @click.command(name, help=about)
    @job_argument(nargs=-1)
    @click.option("--group", metavar="GROUP", multiple=True, help="This group; repeatable.")
    @click.option("--all", "everything", is_flag=True, help="Everything there is.")
    @engine_options
    def command(
        job: tuple[str, ...],
        group: tuple[str, ...],
        everything: bool,
        amp: str,
        secret_file: str | None,
        as_json: bool,
    ) -> int:
        if bool(job) + bool(group) + everything != 1:
            raise click.UsageError("expected JOB..., --group GROUP or --all")
        with queue_of(amp, secret_file) as queue:
            if everything:
                _say_all(of_all(queue), done, as_json)
                return 0
            if group:
                return each(group, lambda one: step(queue, group=one), _group_line, as_json)
            return each(job, lambda one: step(queue, **which(one)).view, job_line, as_json)

    return command


def _say_all(changed: bool, done: str, as_json: bool) -> None:
    if as_json:
        print_json({"all": done, "changed": changed})
    else:
        click.echo(f"everything {'is' if changed else 'was'} {done}{'' if changed else ' already'}")


def job_line(view: JobView) -> str:
    """What a job has come to, for people."""
    due = f", due {moment(view.due, view.schedule.get('tz'))}" if view.due else ""
    return f"{printable(view.label)} is {view.state}{due}"


def _group_line(view: GroupView) -> str:
    state = "is paused" if view.paused else "goes on"
    return f"{printable(view.name)} {state}, {view.running} running, {view.waiting} waiting"


pause = _command(
    "pause",
    "Hold jobs: due times pass without a run until they are resumed. Or hold a group, or "
    "everything: nothing of it begins, and what runs goes on.",
    JobQueue.pause,
    JobQueue.pause_all,
    "paused",
)
resume = _command(
    "resume",
    "Let paused or removed jobs go on, or a paused group, or everything.",
    JobQueue.resume,
    JobQueue.resume_all,
    "resumed",
)


@click.command("groups")
@engine_options
def groups(amp: str, secret_file: str | None, as_json: bool) -> None:
    """List the groups of runs, by name, with their limits and what there is of them."""
    with queue_of(amp, secret_file) as queue:
        found, paused = queue.groups(), "all_paused" in queue.stats()
    if as_json:
        print_json(found)
        return
    if paused:
        click.echo("everything is paused; jobqueue resume --all lets it go on", err=True)
    print_table(
        ("GROUP", "PAUSED", "RUNNING", "WAITING", "CONCURRENCY", "RATE", "TOKENS"),
        [_row(one) for one in found],
        flexible="GROUP",
    )


def _row(one: GroupView) -> tuple[object, ...]:
    return (
        one.name,
        "paused" if one.paused else "",
        one.running,
        one.waiting,
        "" if one.concurrency is None else one.concurrency,
        one.rate or "",
        "" if one.tokens is None else f"{one.tokens:g}",
    )
