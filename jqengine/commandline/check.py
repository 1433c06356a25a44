"""``jobqueue check``: whether a crontab is good, and for an application."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import click

from jqengine.app.loader import load_application
from jqengine.clock import SystemClock
from jqengine.commandline.clockchanges import hazards
from jqengine.commandline.files import crontab_reader
from jqengine.commandline.instants import zone_option
from jqengine.commandline.probe import Prober, Severity
from jqengine.commandline.titles import counted
from jqengine.errors import BadValue, CrontabError
from jqengine.request.linewords import KNOWN_METHODS
from jqengine.sinks.offline import check_sink_url
from jqengine.triggers.crontab import Crontab, CrontabLine, Remark
from jqengine.triggers.triggers import Triggers

_YEAR = 366 * 86400


class Finding(NamedTuple):
    """Something about a place in a crontab.

    :ivar line: 1-based, or 0 for the whole file; so is the column.
    """

    path: str
    line: int
    column: int
    severity: Severity
    message: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in self[:3] if part)
        return f"{place}: {self.severity}: {self.message}"


@click.command("check")
@click.option("--app", "-a", metavar="APP", help="Ask this application whether it has the paths.")
@zone_option
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
def command(app: str | None, zone: str, files: tuple[str, ...]) -> int:
    """Print everything that is wrong with the crontab FILE, each with its line and column.

    Warnings are about variables without use, times that are past, and what
    the next year's clock changes do. With --app, each path is asked for
    with HEAD or OPTIONS, never with anything else. The status is 1 if there is an error.
    """
    clock, triggers = SystemClock(), Triggers()
    prober = Prober(load_application(app), clock.now) if app is not None else None
    now = clock.now()
    crontab, errors = crontab_reader(zone, now, triggers).examine(files)
    findings = [
        *map(_error, errors),
        *map(_warning, crontab.warnings),
        *_doubts_of_lines(crontab.lines),
        *_bad_sinks(crontab.lines),
        *_clock_changes(crontab, now, triggers),
    ]
    if prober is not None:
        findings += _doubts_of_paths(crontab.lines, prober)
    _report(findings, files, len(crontab.lines))
    return any(one.severity is Severity.ERROR for one in findings)


def _error(error: CrontabError) -> Finding:
    return Finding(error.path, error.line, error.column, Severity.ERROR, error.message)


def _warning(remark: Remark) -> Finding:
    return Finding(remark.path, remark.line, remark.column, Severity.WARNING, remark.message)


def _doubts_of_lines(lines: Iterable[CrontabLine]) -> Iterator[Finding]:
    for line in lines:
        method = line.definition.request.method
        if line.never:
            yield _at(line, Severity.WARNING, f"the job would never be due: {line.never}")
        if method not in KNOWN_METHODS:
            yield _at(line, Severity.WARNING, f"{method} is an unusual method")


def _bad_sinks(lines: Iterable[CrontabLine]) -> Iterator[Finding]:
    for line in lines:
        for sink in line.definition.sinks:
            try:
                check_sink_url(sink)
            except BadValue as error:
                yield _at(line, Severity.ERROR, f"sink: {error}")


def _clock_changes(crontab: Crontab, now: float, triggers: Triggers) -> Iterator[Finding]:
    lines = [line for line in crontab.lines if not line.never]
    for hazard in hazards(lines, now, now + _YEAR, triggers):
        yield _at(hazard.line, Severity.WARNING, str(hazard))


def _doubts_of_paths(lines: Iterable[CrontabLine], prober: Prober) -> Iterator[Finding]:
    for line in lines:
        doubt = prober.doubt(line.definition)
        if doubt:
            yield _at(line, doubt.severity, doubt.message)


def _at(line: CrontabLine, severity: Severity, message: str) -> Finding:
    return Finding(line.path, line.line, line.column, severity, message)


def _report(findings: Sequence[Finding], files: Sequence[str], jobs: int) -> None:
    order = {path: number for number, path in enumerate(dict.fromkeys(files))}
    for finding in sorted(findings, key=lambda one: (order[one.path], *one[1:3])):
        click.echo(str(finding))
    errors = sum(one.severity is Severity.ERROR for one in findings)
    counts = (
        counted(jobs, "job"),
        counted(errors, "error"),
        counted(len(findings) - errors, "warning"),
    )
    click.echo(f"{', '.join(order)}: {', '.join(counts)}")
