"""``jobqueue add``: schedule a job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from jqengine.client import Job
from jqengine.commandline.engine import (
    engine_options,
    print_json,
    print_result,
    queue_of,
    waiting_for,
)
from jqengine.commandline.tables import moment
from jqengine.errors import BadRequest
from jqengine.job import Request
from jqengine.joboptions import JOB_OPTIONS
from jqengine.request.line import examine_request
from jqengine.request.words import Piece, Word

TIMES = {
    "cron": "A crontab(5) expression.",
    "every": "A duration between due times.",
    "at": "A time as at(1) reads it.",
    "when": "A time in plain English.",
    "after": "A duration from now.",
}


def _options(command: Any) -> Any:
    """The time texts and every option that a job can have."""
    for option in reversed(list(JOB_OPTIONS.values())):
        command = click.option(
            f"--{option.name}",
            metavar=option.form,
            multiple=option.repeatable,
            help=f"{option.help[0].upper()}{option.help[1:]}.",
        )(command)
    for name, about in reversed(TIMES.items()):
        command = click.option(f"--{name}", metavar="TEXT", help=about)(command)
    return command


@click.command("add")
@_options
@click.option("--user", metavar="NAME", help="Whom the job runs as: REMOTE_USER.")
@click.option("--raw", metavar="TEXT", help="The body, as it is.")
@click.option("--wait", is_flag=True, help="Wait for the end of its first run, and print the body.")
@engine_options
@click.argument("words", nargs=-1, required=True, metavar="REQUEST...")
def add(
    words: tuple[str, ...],
    user: str | None,
    raw: str | None,
    wait: bool,
    amp: str,
    secret_file: str | None,
    as_json: bool,
    **said: Any,
) -> int:
    """Schedule the request REQUEST; without a time it is due now.

    REQUEST is [METHOD] URI [name=value ...] [Header:value ...] [@FILE], as in a
    crontab. The job's id is printed, and with --wait the body of its first
    response.
    """
    request = _request([*words, *([] if raw is None else [f"--raw={raw}"])])
    sinks = said.pop("sink")
    fields: dict[str, Any] = {**said, "sinks": sinks or None}
    with queue_of(amp, secret_file) as queue:
        job = queue.schedule(
            request.target,
            method=request.method,
            headers=request.headers or None,
            body=request.body or None,
            user=user,
            **fields,
        )
        _say(job, as_json)
        if not wait:
            return 0
        with waiting_for(job.view.label):
            result = job.wait()
    return print_result(result)


def _say(job: Job, as_json: bool) -> None:
    if as_json:
        print_json(job.view)
        return
    click.echo(job.id)
    zone = job.view.schedule.get("tz")
    click.echo(
        f"{'is there already, ' if job.existing else ''}due {moment(job.due, zone)}", err=True
    )


def _request(texts: Sequence[str]) -> Request:
    words = [Word(text, text, 0, (Piece(text, 0),)) for text in texts]
    understood, errors = examine_request(words, lambda name: Path(name).read_bytes())
    if understood is None:
        raise BadRequest(str(errors[0]))
    return understood.request
