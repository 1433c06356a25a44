"""``jobqueue wait`` and ``tail``: what comes."""

from __future__ import annotations

import sys
from typing import Any

import click

from jqengine.client import Event, JobQueue, RunView
from jqengine.commandline.engine import (
    NOT_IN_TIME,
    engine_options,
    job_argument,
    label,
    print_json,
    print_result,
    printable,
    queue_of,
    waiting_for,
    which,
)
from jqengine.commandline.tables import moment
from jqengine.errors import NotInTime
from jqengine.options import parse_positive_duration

ENDED = "finished,failed,skipped"
"""The states of the runs that `tail` begins with."""


@click.command("wait")
@job_argument()
@click.option("--timeout", metavar="DURATION", help="Wait no longer than this.")
@engine_options
def wait(job: str, timeout: str | None, amp: str, secret_file: str | None, as_json: bool) -> int:
    """Wait for the end of a run of JOB and print the body of the response.

    That is the next run that ends, or of a job that is over its last. The exit
    status is 0 for a status below 400, 3 for any other and 4 if no run ended in
    time.
    """
    seconds = None if timeout is None else parse_positive_duration(timeout)
    try:
        with queue_of(amp, secret_file) as queue, waiting_for(job):
            result = queue.wait(**which(job), timeout=seconds)
    except NotInTime as error:
        click.echo(f"error: {printable(str(error))}", err=True)
        return NOT_IN_TIME
    if as_json:
        print_json(result)
        return 0
    return print_result(result)


@click.command("tail")
@job_argument(required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens, until interrupted.")
@click.option(
    "-n", "--lines", type=click.IntRange(0), default=10, metavar="N",
    help="Begin with the last N runs; 10 by default.",
)  # fmt: skip
@engine_options
def tail(
    job: str | None, follow: bool, lines: int, amp: str, secret_file: str | None, as_json: bool
) -> None:
    """Print the last runs of JOB, or of all jobs, and with -f what happens from now on.

    With -f the output of a job is printed as the application writes it.
    """
    with queue_of(amp, secret_file) as queue:
        chosen = which(job) if job else {}
        runs = queue.runs(**chosen, state=ENDED, limit=lines) if lines else []
        for run in reversed(runs):
            _print_run(run, as_json)
        if follow:
            _follow(queue, chosen, alone=job is not None, as_json=as_json)


def _follow(queue: JobQueue, chosen: dict[str, Any], *, alone: bool, as_json: bool) -> None:
    try:
        for event in queue.tail(**chosen, output=True):
            if as_json:
                print_json(event)
            else:
                _print_event(event, alone=alone)
            sys.stdout.flush()
    except KeyboardInterrupt:
        return


def _print_run(run: RunView, as_json: bool) -> None:
    if as_json:
        print_json(run)
        return
    status = "" if run.status is None else f" {run.status}"
    click.echo(f"{moment(run.finished or run.due)} {label(run)}: {run.state}{status}")


def _print_event(event: Event, *, alone: bool) -> None:
    name = printable(event.label)
    if event.kind == "output":
        _print_output(event, "" if alone else f"{name} | ")
    elif event.kind == "began":
        click.echo(f"{name}: attempt {event.attempt} began")
    elif event.kind == "missed":
        click.echo(f"[{event.count} events were missed]")
    elif event.result is not None:
        again = f", again at {moment(event.again)}" if event.again else ""
        click.echo(f"{moment(event.result.finished)} {name}: {printable(event.why)}{again}")


def _print_output(event: Event, prefix: str) -> None:
    text = event.data.decode("utf-8", "replace")
    for line in text.removesuffix("\n").split("\n"):
        click.echo(f"{prefix}{printable(line)}")
