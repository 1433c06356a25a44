"""``jobqueue list``, ``show``, ``results``, ``stats``: what an engine holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from jqengine.client import JobQueue, JobView, ResultView, RunView
from jqengine.commandline.engine import (
    engine_options,
    job_argument,
    label,
    print_body,
    print_json,
    queue_of,
    which,
)
from jqengine.commandline.tables import moment, print_facts, print_table
from jqengine.errors import NotPossible

RUNS_OF_A_JOB = 5

_limit = click.option(
    "-n",
    "--limit",
    type=click.IntRange(1),
    default=50,
    metavar="N",
    help="At most N; 50 by default.",
)


@click.command("list")
@click.option(
    "--state",
    metavar="STATES",
    help="scheduled, paused, finished, removed, retired, cancelled; several with commas.",
)
@click.option("--name", metavar="NAME", help="A name, or the beginning of one and *.")
@click.option("--target", metavar="PATH", help="A target, or the beginning of one and *.")
@click.option("--user", metavar="USER", help="Whom they run as.")
@click.option("--origin", metavar="ORIGIN", help="crontab or client.")
@click.option("--due", is_flag=True, help="The next due first, instead of the newest.")
@click.option("--all", "everything", is_flag=True, help="However many there are.")
@_limit
@engine_options
def list_(
    state: str | None,
    name: str | None,
    target: str | None,
    user: str | None,
    origin: str | None,
    due: bool,
    everything: bool,
    limit: int,
    amp: str,
    secret_file: str | None,
    as_json: bool,
) -> None:
    """List jobs, the newest first, that match all that is said."""
    with queue_of(amp, secret_file) as queue:
        jobs = queue.jobs(
            state=state,
            name=name,
            target=target,
            user=user,
            origin=origin,
            order="due" if due else "newest",
            limit=None if everything else limit,
        )
    if as_json:
        print_json([job.view for job in jobs])
        return
    print_table(
        ("ID", "STATE", "DUE", "LAST", "USER", "NAME", "SCHEDULE", "REQUEST"),
        [_row(job.view) for job in jobs],
        flexible="REQUEST",
    )


@click.command("show")
@job_argument()
@engine_options
def show(job: str, amp: str, secret_file: str | None, as_json: bool) -> None:
    """Show all that is known of JOB, an id or a name, and its latest runs."""
    with queue_of(amp, secret_file) as queue:
        found = queue.job(**which(job))
        runs = found.runs(limit=RUNS_OF_A_JOB)
    if as_json:
        print_json({"job": found.view, "runs": runs})
        return
    print_facts(_facts(found.view))
    if runs:
        click.echo()
        _print_runs(runs)


@click.command("results")
@job_argument(required=False)
@click.option("--run", metavar="ID", help="The attempts of this run, instead of the runs of a job.")
@click.option(
    "--state", metavar="STATES", help="waiting, running, finished, failed, skipped and so on."
)
@click.option("--body", is_flag=True, help="Print the body of the latest result, and nothing else.")
@_limit
@engine_options
def results(
    job: str | None,
    run: str | None,
    state: str | None,
    body: bool,
    limit: int,
    amp: str,
    secret_file: str | None,
    as_json: bool,
) -> None:
    """List the runs of JOB, or of all jobs, and how they ended."""
    with queue_of(amp, secret_file) as queue:
        if body:
            print_body(_latest(queue, job, run).body)
        elif run is not None:
            _print_attempts(queue.results(run, bodies=False), as_json)
        else:
            chosen = which(job) if job else {}
            runs = queue.runs(**chosen, state=state, limit=limit)
            print_json(runs) if as_json else _print_runs(runs)


@click.command("stats")
@engine_options
def stats(amp: str, secret_file: str | None, as_json: bool) -> None:
    """Count jobs and runs by their state."""
    with queue_of(amp, secret_file) as queue:
        counts = queue.stats()
    if as_json:
        print_json(counts)
    else:
        if counts.pop("all_paused", 0):
            click.echo("everything is paused; jobqueue resume --all lets it go on", err=True)
        print_facts([(name, f"{count:,}") for name, count in counts.items()])


def _row(job: JobView) -> Sequence[object]:
    return (
        job.id,
        job.state,
        moment(job.due, job.schedule.get("tz")),
        job.previous_status,
        job.user,
        job.name,
        _time_of(job),
        f"{job.method} {job.target}",
    )


def _time_of(job: JobView) -> str:
    syntax, text = job.schedule.get("syntax", ""), job.schedule.get("text", "")
    return text if syntax == "cron" else f"@{syntax} {text}".rstrip()


def _facts(job: JobView) -> list[tuple[str, object]]:
    zone = job.schedule.get("tz")
    return [
        ("id", job.id),
        ("name", job.name),
        ("state", job.state),
        ("reason", job.reason),
        ("due", moment(job.due, zone)),
        ("schedule", _time_of(job)),
        *((name, text) for name, text in job.schedule.items() if name not in ("syntax", "text")),
        ("request", f"{job.method} {job.target}"),
        ("user", job.user),
        *(("header", f"{name}: {value}") for name, value in job.headers),
        ("body", f"{job.body_size:,} bytes" if job.body_size else None),
        *((name.replace("_", "-"), text) for name, text in job.policy.items()),
        *(("sink", sink) for sink in job.sinks),
        ("origin", job.origin),
        ("created", moment(job.created, zone)),
        ("fired", job.fired),
        ("last status", job.previous_status),
    ]


def _print_runs(runs: Sequence[RunView]) -> None:
    print_table(
        ("RUN", "DUE", "STATE", "STATUS", "ATTEMPT", "TOOK", "JOB", "REASON"),
        [
            (
                run.id,
                moment(run.due),
                run.state,
                run.status,
                f"{run.attempt}/{run.attempts}",
                _seconds(run.started, run.finished),
                label(run),
                run.reason,
            )
            for run in runs
        ],
        flexible="REASON",
    )


def _print_attempts(attempts: Sequence[ResultView], as_json: bool) -> None:
    if as_json:
        print_json(attempts)
        return
    print_table(
        ("ATTEMPT", "BEGAN", "STATUS", "TOOK", "SIZE", "REASON"),
        [
            (
                one.attempt,
                moment(one.started),
                one.status,
                _seconds(one.started, one.finished),
                f"{one.size:,}",
                one.reason,
            )
            for one in attempts
        ],
        flexible="REASON",
    )


def _latest(queue: JobQueue, job: str | None, run: str | None) -> ResultView:
    if run is None:
        if job is None:
            raise click.UsageError("--body needs a JOB or --run ID")
        runs = queue.runs(**which(job), state="finished,failed", limit=1)
        if not runs:
            raise NotPossible(f"{job} has no result yet")
        run = runs[0].id
    found = queue.results(run)
    if not found:
        raise NotPossible(f"the run {run} has no result")
    return found[-1]


def _seconds(started: datetime | None, finished: datetime | None) -> str:
    if started is None or finished is None:
        return ""
    return f"{(finished - started).total_seconds():.3f} s"
