"""The list of jobs, and what is done to several of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from markupsafe import Markup

from jqengine.admin.dashboard import filterbox, outcomes
from jqengine.admin.dashboard.desk import Desk
from jqengine.admin.dashboard.drawing.strip import Cell, strip
from jqengine.admin.dashboard.filterbox import Wanted
from jqengine.admin.dashboard.pages.histories import cells_of, summary_of
from jqengine.admin.dashboard.schedules import in_words
from jqengine.admin.dashboard.web import Asked, Response, redirect
from jqengine.errors import BadValue, JobQueueError
from jqengine.wire.views import JobView, RunView

ON_A_PAGE = 25
LATEST = 20
"""Runs that the strip of a job shows."""

ONCE = frozenset({"at", "after", "now"})
"""Time syntaxes of which one due time comes; a text of ``when`` may mean several."""

_DONE = {"pause": "paused", "resume": "resumed", "run": "ran", "cancel": "cancelled"}


class Row(NamedTuple):
    """A job as the list shows it."""

    job: JobView
    schedule: str
    strip: Markup


def list_jobs(desk: Desk, asked: Asked) -> Response:
    """``GET /jobs``."""
    text = asked.query.text("q")
    try:
        wanted = filterbox.parse(text)
    except BadValue as error:
        return _not_understood(desk, asked, text, error)
    page = asked.queue.jobs_page(
        state=wanted.state,
        name=wanted.name,
        target=wanted.target,
        user=wanted.user,
        origin=wanted.origin,
        order=wanted.order or "newest",
        after=asked.query.text("after") or None,
        limit=ON_A_PAGE,
    )
    again = {"q": text} if text else {}
    first = f"/jobs?{urlencode(again)}" if again else "/jobs"
    return desk.page(
        asked,
        "jobs.html",
        heading=_heading(wanted),
        q=text,
        jobs=_rows(desk, asked, page.items),
        next=f"/jobs?{urlencode({**again, 'after': page.next})}" if page.next else None,
        first=first if asked.query.text("after") else None,
    )


def change_jobs(desk: Desk, asked: Asked) -> Response:
    """``POST /jobs``: one thing done to all that are selected."""
    form = asked.form
    verb, chosen = form.text("do"), form.all("job")
    if verb not in _DONE:
        raise BadValue("that is nothing one can do to jobs")
    if not chosen:
        raise BadValue("no job is selected; select some on the left of the list")
    answers = asked.queue.change_many(chosen, verb)
    refused = sum(isinstance(answer, JobQueueError) for answer in answers)
    said: dict[str, str | int] = {"did": _DONE[verb], "n": len(answers) - refused}
    if refused:
        said["not"] = refused
    if form.text("q"):
        said["q"] = form.text("q")
    return redirect("/jobs", **said)


def _not_understood(desk: Desk, asked: Asked, text: str, error: BadValue) -> Response:
    return desk.page(
        asked,
        "jobs.html",
        status="400 Bad Request",
        heading="Jobs",
        q=text,
        jobs=(),
        problem=str(error),
    )


def _rows(desk: Desk, asked: Asked, jobs: Sequence[JobView]) -> list[Row]:
    zone, now = desk.templates.zone, desk.templates.now()
    several = [job.id for job in jobs if may_run_again(job)]
    histories = dict(zip(several, asked.queue.histories(several, limit=LATEST), strict=True))
    return [
        Row(
            job=job,
            schedule=in_words(job.schedule, zone),
            strip=_strip(histories[job.id], zone, now) if job.id in histories else _only_run(job),
        )
        for job in jobs
    ]


def may_run_again(job: JobView) -> bool:
    """Whether it is more than a single run."""
    return job.name is not None or job.schedule.get("syntax") not in ONCE


def _strip(runs: Sequence[RunView], zone: str, now: datetime) -> Markup:
    return strip(cells_of(runs, zone, now), LATEST, f"Latest runs: {summary_of(runs)}")


def _only_run(job: JobView) -> Markup:
    """The one run of a job that is due once, whose id is its own."""
    if job.previous_status is None:
        return strip((), LATEST, "no run yet")
    outcome = outcomes.RAN if 0 < job.previous_status < 400 else outcomes.FAILED
    said = str(job.previous_status or "no response")
    return strip((Cell(outcome, said, f"/runs/{job.id}"),), LATEST, f"Its run: {said}")


def _heading(wanted: Wanted) -> str:
    return "Jobs like that" if wanted.narrows else "Jobs"
