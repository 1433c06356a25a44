"""One job, and what is done to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from jqengine.admin.dashboard import words
from jqengine.admin.dashboard.desk import Desk
from jqengine.admin.dashboard.drawing.strip import bars
from jqengine.admin.dashboard.outcomes import seconds_taken
from jqengine.admin.dashboard.pages.histories import cells_of, summary_of
from jqengine.admin.dashboard.requesttext import as_lines
from jqengine.admin.dashboard.schedules import in_words
from jqengine.admin.dashboard.web import Asked, Response, redirect
from jqengine.client import JobQueue
from jqengine.errors import NoSuchJob
from jqengine.lifecycle import JobEvent, JobState, job_after
from jqengine.wire.views import JobView, RunView

ON_A_PAGE = 25
IN_THE_PICTURE = 80
INSTANTS = 10

_ENDED = frozenset({JobState.CANCELLED, JobState.RETIRED})


class Can(NamedTuple):
    """What can be done to a job in its state."""

    run: bool
    pause: bool
    resume: bool
    cancel: bool
    edit: bool


def show_job(desk: Desk, asked: Asked) -> Response:
    """``GET /jobs/ID``."""
    (known_as,) = asked.variables
    queue, templates = asked.queue, desk.templates
    job = job_of(queue, known_as)
    after = asked.query.text("after") or None
    page = queue.runs_page(job.id, after=after, limit=ON_A_PAGE)
    drawn = queue.runs_page(job.id, limit=IN_THE_PICTURE).items
    here = f"/jobs/{job.id}"
    return desk.page(
        asked,
        "job.html",
        job=job,
        can=what_can_be_done(job),
        schedule=in_words(job.schedule, templates.zone),
        cells=bool(drawn),
        bars=bars(cells_of(drawn, templates.zone, templates.now())),
        bars_words=_words_of(drawn),
        request_text="\n".join(filter(None, (f"{job.method} {job.target}", as_lines(job.headers)))),
        sinks=job.sinks,
        facts=list(_facts(job, templates.zone)),
        instants=_instants(queue, job),
        no_instants=_why_none(job),
        runs=page.items,
        next=f"{here}?{urlencode({'after': page.next})}" if page.next else None,
        first=here if after else None,
    )


def pause_job(desk: Desk, asked: Asked) -> Response:
    """``POST /jobs/ID/pause``."""
    (job_id,) = asked.variables
    job = asked.queue.pause(job_id, reason=asked.form.text("reason") or None)
    return redirect(f"/jobs/{job.id}", did="paused")


def resume_job(desk: Desk, asked: Asked) -> Response:
    """``POST /jobs/ID/resume``."""
    (job_id,) = asked.variables
    job = asked.queue.resume(job_id)
    return redirect(f"/jobs/{job.id}", did="resumed")


def cancel_job(desk: Desk, asked: Asked) -> Response:
    """``POST /jobs/ID/cancel``."""
    (job_id,) = asked.variables
    job = asked.queue.cancel(job_id)
    return redirect(f"/jobs/{job.id}", did="cancelled")


def run_job(desk: Desk, asked: Asked) -> Response:
    """``POST /jobs/ID/run``: once now; leads to the run."""
    (job_id,) = asked.variables
    run = asked.queue.run_now(job_id)
    return redirect(f"/runs/{run.id}", did="ran")


def job_of(queue: JobQueue, known_as: str) -> JobView:
    """The job of an id, or of a name.

    :raises NoSuchJob: there is none.
    """
    try:
        return queue.job(known_as).view
    except NoSuchJob:
        return queue.job(name=known_as).view


def what_can_be_done(job: JobView) -> Can:
    """By the table of states, which decides when it is asked for, too."""
    state = JobState(job.state)

    def may(event: JobEvent) -> bool:
        return job_after(state, event) is not None

    return Can(
        run=state not in _ENDED,
        pause=may(JobEvent.PAUSE),
        resume=may(JobEvent.RESUME),
        cancel=may(JobEvent.CANCEL),
        edit=may(JobEvent.REPLACE) and job.origin == "client",
    )


def _instants(queue: JobQueue, job: JobView) -> Sequence[datetime]:
    """The next due times; none of a job that has none to come."""
    if job.due is None:
        return ()
    return queue.instants(job.id, count=INSTANTS).instants


def _facts(job: JobView, zone: str) -> Iterator[tuple[str, str]]:
    yield "id", job.id
    yield "kept by", "a crontab" if job.origin == "crontab" else "clients"
    yield "made", words.exact(job.created, zone)
    yield "due times so far", f"{job.fired:,}"
    for name, value in job.schedule.items():
        if name not in ("syntax", "text"):
            yield name, str(value)
    for name, value in job.policy.items():
        if value not in (None, ""):
            yield name.replace("_", " "), str(value)


def _words_of(runs: Sequence[RunView]) -> str:
    taken = sorted(seconds for run in runs if (seconds := seconds_taken(run)) is not None)
    said = f"The last {words.counted(len(runs), 'run')}: {summary_of(runs)}."
    if not taken:
        return said
    middle, most = taken[len(taken) // 2], taken[-1]
    return f"{said} Half took {words.duration(middle)} or less, the longest {words.duration(most)}."


def _why_none(job: JobView) -> str:
    if job.state == JobState.PAUSED:
        return "It is paused: due times pass without a run."
    if job.state == JobState.REMOVED:
        return "Its answer took it out of the queue; resume it to have it run again."
    if job.schedule.get("syntax") == "reboot":
        return "Whenever the engine starts."
    return "No due time is to come."
