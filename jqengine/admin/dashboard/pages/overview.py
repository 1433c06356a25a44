"""The overview: is all well, and what happens next?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from markupsafe import Markup

from jqengine.admin.dashboard import outcomes, words
from jqengine.admin.dashboard.desk import Desk, failing_of, needs_of
from jqengine.admin.dashboard.drawing.sparkline import sparkline
from jqengine.admin.dashboard.drawing.timeline import PILE_UP, Bar, Due, Timeline, draw, stacks
from jqengine.admin.dashboard.pages.histories import title_of
from jqengine.admin.dashboard.web import Asked, Response
from jqengine.wire.oversightviews import Firing, Minute, Overview, SinkView, Upcoming
from jqengine.wire.views import JobView, RunView


class Span(NamedTuple):
    """How far the picture reaches to either side."""

    word: str
    words: str
    seconds: float


SPANS = (
    Span("10m", "10 min", 600.0),
    Span("1h", "1 h", 3600.0),
    Span("6h", "6 h", 21_600.0),
    Span("24h", "24 h", 86_400.0),
    Span("7d", "7 days", 604_800.0),
)
DEFAULT_SPAN = SPANS[1]

MOST_RUNS = 200
MOST_DUE = 500
MOST_OF_ONE_JOB = 200
"""Due times of one job that the picture shows; one that is due all the time fills it no more."""

MOST_LISTED = 8
MOST_NEEDS = 3


class Need(NamedTuple):
    """Something that waits for a person."""

    text: str
    href: str


class Lead(NamedTuple):
    """The first thing that the eye meets.

    :ivar title: of the page.
    :ivar text: how it begins; it goes on with *needs*, or ends with *next*.
    :ivar next: the next due time, if there is one.
    :ivar jobs: how many jobs are to come, in words.
    """

    outcome: str
    title: str
    text: str
    needs: Sequence[Need]
    jobs: str
    next: Firing | None


class Figure(NamedTuple):
    """A number with its line."""

    words: str
    value: str
    more: str
    picture: Markup


def show_overview(desk: Desk, asked: Asked) -> Response:
    """``GET /``."""
    queue, now, zone = asked.queue, desk.templates.now(), desk.templates.zone
    span = next((one for one in SPANS if one.word == asked.query.text("span")), DEFAULT_SPAN)
    reach = timedelta(seconds=span.seconds)
    overview = queue.overview()
    ended = queue.runs_page(since=now - reach, order="ended", limit=MOST_RUNS).items
    upcoming = queue.upcoming(now + reach, limit=MOST_DUE, each=MOST_OF_ONE_JOB)
    following = queue.upcoming(now + timedelta(days=366), limit=MOST_LISTED, each=1)
    failures = queue.runs_page(state="failed", order="ended", limit=MOST_LISTED).items
    timeline = _timeline([*overview.running, *ended], upcoming, now, span, zone)
    running = overview.stats["running"]
    shown = overview.running[:MOST_LISTED]
    return desk.page(
        asked,
        "overview.html",
        troubles=needs_of(overview),
        lead=lead_of(overview, following),
        timeline=draw(timeline),
        timeline_words=_timeline_words(timeline, span),
        spans=SPANS,
        span=span.word,
        figures=figures_of(overview.minutes),
        running=shown,
        more_running=max(running - len(shown), 0),
        upcoming=following.firings,
        failures=failures,
    )


def lead_of(overview: Overview, following: Upcoming) -> Lead:
    """Whether all is well, in one sentence, and what is not."""
    count = needs_of(overview)
    first = following.firings[0] if following.firings else None
    jobs = words.counted(overview.stats["scheduled"], "job")
    if count:
        text = "1 thing needs you" if count == 1 else f"{count:,} things need you"
        return Lead(outcomes.FAILED, text, text, needs(overview), jobs, first)
    text = "All well: nothing is due" if first is None else f"All well: {jobs}, next"
    return Lead(outcomes.RAN, "All well", text, (), jobs, first)


def needs(overview: Overview) -> list[Need]:
    """What waits for a person, the first few by name, the others by number."""
    found = list(_needs(overview))
    shown = found[:MOST_NEEDS]
    more = needs_of(overview) - len(shown)
    if more > 0:
        shown.append(Need(f"and {more:,} more", "/needs-you"))
    return shown


def _needs(overview: Overview) -> Iterator[Need]:
    for job in overview.removed:
        yield Need(_removed(job), f"/jobs/{job.id}")
    for sink in failing_of(overview):
        yield Need(_failing(sink), "/sinks")
    for name in overview.missing_nodes:
        yield Need(f"node {name} is missing", "/nodes")
    if overview.stuck_threads:
        said = words.counted(overview.stuck_threads, "thread")
        yield Need(f"{said} stuck in the application", "/needs-you")
    for letter in overview.dead:
        yield Need(f"a result for {letter.sink} was given up", f"/runs/{letter.run}")


def _removed(job: JobView) -> str:
    status = f"answered {job.previous_status}" if job.previous_status else "gave no response"
    return f"{_short(job.label)} ({status}, removed)"


def _failing(sink: SinkView) -> str:
    waiting = sink.pending + sink.held
    return f"{_short(sink.sink)} does not take results ({waiting:,} waiting)"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def _timeline(
    runs: Sequence[RunView], upcoming: Upcoming, now: datetime, span: Span, zone: str
) -> Timeline:
    bars = [_bar(run, zone, now) for run in runs if run.started is not None]
    ended = [run.finished.timestamp() for run in runs if run.finished is not None]
    return Timeline(
        now=now.timestamp(),
        span=span.seconds,
        zone=zone,
        bars=bars,
        due=[Due(one.due.timestamp(), one.label, f"/jobs/{one.job}") for one in upcoming.firings],
        since=min(ended) if len(ended) == MOST_RUNS else None,
        until=upcoming.reaches.timestamp(),
    )


def _bar(run: RunView, zone: str, now: datetime) -> Bar:
    assert run.started is not None
    return Bar(
        began=run.started.timestamp(),
        seconds=outcomes.seconds_taken(run, now) or 0.0,
        outcome=outcomes.of_run(run.state),
        title=f"{run.label}, {title_of(run, zone)}",
        href=f"/runs/{run.id}",
    )


def _timeline_words(timeline: Timeline, span: Span) -> str:
    counts = Counter(bar.outcome for bar in timeline.bars)
    ran = sum(counts.values())
    found = stacks(timeline)
    coming = sum(len(stack.due) for stack in found)
    more = "more than " if timeline.since is not None else ""
    said = f"Last {span.words}: {more}{words.counted(ran, 'run')}"
    if counts[outcomes.FAILED]:
        said += f", {counts[outcomes.FAILED]:,} failed"
    said += f". Next {span.words}: {coming:,} due"
    most = max((stack.at_once for stack in found), default=0)
    if most >= PILE_UP:
        said += f", at most {most} at once"
    return said + "."


def figures_of(minutes: Sequence[Minute]) -> list[Figure]:
    """Lateness and throughput of the last hour of this engine."""
    late = [minute.latest for minute in minutes]
    ended = [minute.ended for minute in minutes]
    failed = sum(minute.failed for minute in minutes)
    most = max((value for value in late if value is not None), default=None)
    mean = [minute.late for minute in minutes if minute.late is not None]
    middle = sorted(mean)[len(mean) // 2] if mean else None
    lateness = "none yet" if middle is None else words.duration(middle)
    worst = "" if most is None else f"at the start of a run, {words.duration(most)} at most"
    return [
        Figure(
            "Lateness",
            lateness,
            worst,
            sparkline(late, f"Lateness minute by minute: {lateness}, {worst}"),
        ),
        Figure(
            "Throughput",
            f"{sum(ended):,}",
            f"attempts in the last hour, {failed:,} failed",
            sparkline([float(one) for one in ended], f"Attempts minute by minute, {sum(ended):,}"),
        ),
    ]
