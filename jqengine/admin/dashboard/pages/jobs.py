"""The list of jobs, and what is done to several of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from markupsafe import Markup

from jqengine.admin.dashboard import filterbox
from jqengine.admin.dashboard.desk import Desk
from jqengine.admin.dashboard.drawing.strip import strip
from jqengine.admin.dashboard.filterbox import Wanted
from jqengine.admin.dashboard.pages.histories import cells_of, summary_of
from jqengine.admin.dashboard.schedules import in_words
from jqengine.admin.dashboard.web import Asked, Response, redirect
from jqengine.errors import BadValue, JobQueueError
from jqengine.wire.views import JobView

ON_A_PAGE = 40
LATEST = 30
"""Runs that the strip of a job shows."""

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
    histories = asked.queue.histories([job.id for job in jobs], limit=LATEST)
    return [
        Row(
            job=job,
            schedule=in_words(job.schedule, zone),
            strip=strip(cells_of(runs, zone, now), LATEST, f"Latest runs: {summary_of(runs)}"),
        )
        for job, runs in zip(jobs, histories, strict=True)
    ]


def _heading(wanted: Wanted) -> str:
    return "Jobs like that" if wanted.narrows else "Jobs"
