"""``jobqueue when``: what a time text means."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice

import click

from jqengine.clock import SystemClock
from jqengine.commandline.instants import checked_zone, iso, read_instant, zone_option
from jqengine.commandline.stream import LONGEST_LINE, answered, chunks_of
from jqengine.errors import BadValue, JobQueueError
from jqengine.job import Definition, Request, Schedule, Syntax
from jqengine.triggers.triggers import Triggers

_STREAM = ("-",)
_REQUEST = Request()
_SHOWN_OF_LONGER = 1000
_ONE_LINE = str.maketrans("\t\n\r", "   ")


@click.command("when")
@click.option("--at", "syntax", flag_value="at", help="TEXT is in the syntax of at(1).")
@click.option("--cron", "syntax", flag_value="cron", help="TEXT is a crontab(5) expression.")
@click.option("--every", "syntax", flag_value="every", help="TEXT is an interval.")
@click.option("--now", metavar="ISO", help="The present, in ISO 8601 or seconds since the epoch.")
@zone_option
@click.option(
    "--count",
    type=click.IntRange(1),
    metavar="N",
    help="How many due times to print; 1 by default.",
)
@click.argument("text", nargs=-1, required=True)
def command(
    syntax: str | None, now: str | None, zone: str, count: int | None, text: tuple[str, ...]
) -> None:
    """Print when TEXT is due, in ISO 8601, one instant a line.

    Without a flag the text is natural English: next friday 5pm.

    The text - reads lines TEXT[<tab>NOW[<tab>ZONE]] from standard input and
    answers each with TEXT<tab>INSTANT or TEXT<tab>error: why.
    """
    resolver = Resolver(Syntax(syntax or "when"), now, zone)
    if text == _STREAM:
        if count is not None:
            raise click.UsageError("--count cannot go with -, which answers one line with one")
        _answer_standard_input(resolver)
        return
    for instant in resolver.instants(" ".join(text), count or 1):
        click.echo(iso(instant, zone))


def _answer_standard_input(resolver: Resolver) -> None:
    output = sys.stdout.buffer
    for answers in answered(chunks_of(sys.stdin.fileno()), resolver.answer):
        output.write(answers)
        output.flush()


class Resolver:
    """Resolves texts of one syntax.

    :param now: as the user wrote it, or ``None`` for the time of the clock.
    :param zone: of texts and of a *now* that name none.
    :raises BadValue: *now* is malformed.
    """

    def __init__(self, syntax: Syntax, now: str | None, zone: str) -> None:
        self._syntax = syntax
        self._zone = zone
        self._now = None if now is None else read_instant(now, zone)
        self._clock = SystemClock()
        self._triggers = Triggers()

    def instants(self, text: str, count: int) -> Iterator[float]:
        """At most *count* due times of *text*, in order.

        :raises BadSchedule: it is not understood, or past.
        """
        definition = self._definition(text, self._zone)
        return islice(self._triggers.due_times(definition, self._present()), count)

    def answer(self, line: bytes) -> bytes:
        """The answer to one line of a stream, which is ``TEXT[<tab>NOW[<tab>ZONE]]``.

        Never raises, whatever is in the line.
        """
        text = line.removesuffix(b"\r").partition(b"\t")[0]
        try:
            answer = self._resolved(line)
        except JobQueueError as error:
            answer = f"error: {error}"
        except Exception as error:
            # A fault of ours at one line must not keep thousands of others waiting.
            answer = f"error: a fault of this program: {error!r}"
        shown = text if len(text) <= LONGEST_LINE else text[:_SHOWN_OF_LONGER] + b"..."
        return b"%b\t%b\n" % (shown, answer.translate(_ONE_LINE).encode("utf-8", "replace"))

    def _resolved(self, line: bytes) -> str:
        if len(line) > LONGEST_LINE:
            raise BadValue(f"the line is longer than {LONGEST_LINE} bytes")
        try:
            text, *rest = line.decode().removesuffix("\r").split("\t")
        except UnicodeDecodeError as error:
            raise BadValue(f"byte {line[error.start]:02X} is not UTF-8") from None
        if len(rest) > 2:
            raise BadValue("expected TEXT, NOW and ZONE between tabs, not more")
        zone = checked_zone(rest[1]) if rest[1:] and rest[1] else self._zone
        now = read_instant(rest[0], zone) if rest and rest[0] else self._present()
        due = self._triggers.first(self._definition(text, zone), now)
        assert due is not None  # only `until` could leave a text without one
        return iso(due, zone)

    def _definition(self, text: str, zone: str) -> Definition:
        schedule = Schedule(syntax=self._syntax, text=text, zone=zone)
        return Definition(identity=None, name=None, request=_REQUEST, schedule=schedule)

    def _present(self) -> float:
        return self._clock.now() if self._now is None else self._now
