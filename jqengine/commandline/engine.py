"""What the commands that speak to an engine share: its address, the queue, the statuses."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import date
from typing import Any

import click

from jqengine.client import JobQueue, ResultView, RunView
from jqengine.errors import JobQueueError
from jqengine.harmless import harmless_json
from jqengine.identity import ID_LENGTH
from jqengine.wire.address import DEFAULT, SECRET_VARIABLE, VARIABLE

FAILED = 1
"""Exit status: something could not be done."""

ANSWERED_WITH_ERROR = 3
"""Exit status: the job that was waited for was answered with 400 or above, or not at all."""

NOT_IN_TIME = 4
"""Exit status: what was waited for did not come in time."""

_ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")


def engine_options(command: Any) -> Any:
    """Gives a command the options that say which engine is meant, and ``--json``."""
    for option in reversed(
        (
            click.option(
                "--amp",
                metavar="ADDRESS",
                envvar=VARIABLE,
                default=DEFAULT,
                help=f"Where the engine is; {DEFAULT} by default.",
            ),
            click.option(
                "--secret-file",
                metavar="FILE",
                envvar=SECRET_VARIABLE,
                help="The secrets of an engine that is reached over TCP.",
            ),
            click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        )
    ):
        command = option(command)
    return command


@contextmanager
def queue_of(amp: str, secret_file: str | None) -> Iterator[JobQueue]:
    """The queue of an engine; one that is not there is not waited for."""
    with JobQueue(amp, secret_file=secret_file, patience=0) as queue:
        yield queue


def which(job: str) -> dict[str, Any]:
    """What names a job, from the id or the name that a user gave."""
    return {"job": job} if _ID.fullmatch(job) else {"name": job}


def job_argument(**attributes: Any) -> Callable[[Any], Any]:
    """A job as an argument, completed from the names that the engine knows."""
    return click.argument("job", metavar="JOB", shell_complete=_names, **attributes)


def _names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    amp = context.params.get("amp") or DEFAULT
    try:
        with JobQueue(amp, timeout=1, patience=0) as queue:
            jobs = queue.jobs(name=f"{incomplete}*", limit=100)
            return [job.name for job in jobs if job.name]
    except JobQueueError:
        return []


def print_json(value: object) -> None:
    """Print *value*, views of the client included, as JSON."""
    click.echo(harmless_json(json.dumps(value, ensure_ascii=False, indent=2, default=_plain)))


def _plain(value: Any) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return {name: one for name, one in asdict(value).items() if name != "body"}


@contextmanager
def waiting_for(what: str) -> Iterator[None]:
    """Show on a terminal that something is waited for, and for how long already."""
    with _progress(what) if sys.stderr.isatty() else nullcontext():
        yield


@contextmanager
def _progress(what: str) -> Iterator[None]:
    # Rich costs a command that shows nothing a tenth of a second.
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        progress.add_task(f"waiting for {escape(printable(what))}", total=None)
        yield


def print_result(result: ResultView) -> int:
    """Print how a run was answered, its body to standard output; the exit status."""
    seconds = (result.finished - result.started).total_seconds()
    head = f"{result.status} {result.reason}".rstrip() if result.status else result.reason
    click.echo(f"{printable(head)} in {seconds:.3f} s", err=True)
    print_body(result.body)
    if result.truncated:
        click.echo("[cut off here]", err=True)
    return 0 if result.ok else ANSWERED_WITH_ERROR


def print_body(body: bytes) -> None:
    """Print bytes as they are, or what a terminal can show of them."""
    if sys.stdout.isatty():
        text = "\n".join(printable(line) for line in body.decode("utf-8", "replace").split("\n"))
        click.echo(text, nl=not text.endswith("\n"))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()


def printable(text: str) -> str:
    """*text* without what could move a terminal's cursor or forge a line."""
    return "".join(one if one.isprintable() or one == "\t" else "\N{REPLACEMENT CHARACTER}"
                   for one in text)  # fmt: skip


def each(
    jobs: Iterable[str], step: Callable[[str], object], say: Callable[[Any], str], as_json: bool
) -> int:
    """Do *step* to each of *jobs*, a failure of one being nothing to the others."""
    status = 0
    done: list[object] = []
    for job in jobs:
        try:
            answer = step(job)
        except JobQueueError as error:
            click.echo(f"error: {printable(str(error))}", err=True)
            status = FAILED
        else:
            done.append(answer)
            if not as_json:
                click.echo(say(answer))
    if as_json:
        print_json(done)
    return status


def label(run: RunView) -> str:
    """What a run is called, fit to be printed."""
    return printable(run.label)
