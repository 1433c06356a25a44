"""Digests that a person asks for: scheduled, listed, taken back and waited for in views.

``JobQueue()`` finds the engine by ``JOBQUEUE_AMP``.  The engine sets it for the
application it hosts; under another server say it yourself.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, request

from jqengine.client import Job, JobQueue
from jqengine.errors import BadSchedule, NoSuchJob, NotInTime, NotPossible

blueprint = Blueprint("digests", __name__)
queue = JobQueue()


@blueprint.post("/digests")
def ask_for_one() -> tuple[dict[str, Any], int]:
    """Schedule a digest for the user, now or ``when`` they say."""
    try:
        job = queue.schedule(
            "/digest",
            method="POST",
            data={"format": request.form.get("format", "short")},
            user=_user(),
            when=request.form.get("when"),
        )
    except BadSchedule as error:
        abort(400, str(error))
    return _shown(job), 202


@blueprint.get("/digests")
def list_them() -> list[dict[str, Any]]:
    """The digests that are still to come."""
    return [_shown(job) for job in queue.jobs(user=_user(), target="/digest", state="scheduled")]


@blueprint.get("/digests/<job_id>")
def wait_for_it(job_id: str) -> tuple[str, int]:
    """The digest, as soon as it is there."""
    try:
        result = _own(job_id).wait(timeout=10)
    except NotInTime:
        return "Not yet.\n", 202
    return result.text, result.status


@blueprint.post("/digests/<job_id>/cancel")
def take_it_back(job_id: str) -> dict[str, Any]:
    """Cancel a digest that has not begun."""
    try:
        return _shown(_own(job_id).cancel())
    except NotPossible as error:
        abort(409, str(error))


def _own(job_id: str) -> Job:
    """A job of the user, and nobody else's."""
    try:
        job = queue.job(job_id)
    except NoSuchJob:
        abort(404, "No such digest.")
    if job.view.user != _user():
        abort(404, "No such digest.")
    return job


def _user() -> str:
    if not g.user:
        abort(401)
    return str(g.user)


def _shown(job: Job) -> dict[str, Any]:
    return {"id": job.id, "state": job.state, "due": job.due and job.due.isoformat()}
