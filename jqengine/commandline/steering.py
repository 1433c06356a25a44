"""``jobqueue cancel``, ``run``, ``retry``, ``reload``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from jqengine.client import JobQueue, RunView
from jqengine.commandline.engine import (
    each,
    engine_options,
    job_argument,
    label,
    print_json,
    print_result,
    queue_of,
    waiting_for,
    which,
)
from jqengine.commandline.holding import job_line


@click.command("cancel")
@job_argument(nargs=-1, required=True)
@engine_options
def cancel(job: tuple[str, ...], amp: str, secret_file: str | None, as_json: bool) -> int:
    """Take jobs back: due no more; what runs goes on to its end."""
    with queue_of(amp, secret_file) as queue:
        return each(job, lambda one: queue.cancel(**which(one)).view, job_line, as_json)


@click.command("run")
@job_argument(nargs=-1, required=True)
@click.option("--wait", is_flag=True, help="Wait for its end and print the body; for one JOB.")
@engine_options
def run(job: tuple[str, ...], wait: bool, amp: str, secret_file: str | None, as_json: bool) -> int:
    """Run jobs once now, whatever their schedule says, which stays as it is."""
    with queue_of(amp, secret_file) as queue:
        return _begin(job, lambda one: queue.run_now(**which(one)), queue, wait, as_json)


@click.command("retry")
@job_argument(nargs=-1)
@click.option("--run", "run_id", metavar="ID", help="This run, instead of the latest of a job.")
@click.option("--wait", is_flag=True, help="Wait for its end and print the body; for one JOB.")
@engine_options
def retry(
    job: tuple[str, ...],
    run_id: str | None,
    wait: bool,
    amp: str,
    secret_file: str | None,
    as_json: bool,
) -> int:
    """Give the latest run of jobs, which must have ended, one more attempt."""
    if (run_id is None) == (not job):
        raise click.UsageError("expected JOB... or --run ID")
    with queue_of(amp, secret_file) as queue:

        def again(one: str) -> RunView:
            return queue.retry(run=one) if run_id else queue.retry(**which(one))

        return _begin((run_id,) if run_id else job, again, queue, wait, as_json)


@click.command("reload")
@engine_options
def reload(amp: str, secret_file: str | None, as_json: bool) -> None:
    """Let the engine read its crontabs again."""
    with queue_of(amp, secret_file) as queue:
        changes = queue.reload()
    if as_json:
        print_json(changes)
    else:
        click.echo(", ".join(f"{count} {word}" for word, count in changes.items()))


def _begin(
    jobs: tuple[str, ...],
    step: Callable[[str], RunView],
    queue: JobQueue,
    wait: bool,
    as_json: bool,
) -> int:
    if wait and len(jobs) > 1:
        raise click.UsageError("--wait is for one JOB")
    begun: list[RunView] = []

    def noted(one: str) -> Any:
        begun.append(step(one))
        return begun[-1]

    status = each(jobs, noted, lambda run: f"{label(run)}: run {run.id}", as_json)
    if not wait or status:
        return status
    with waiting_for(begun[0].label):
        result = queue.wait(begun[0].job)
    return print_result(result)
