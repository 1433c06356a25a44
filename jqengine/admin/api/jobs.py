"""What the API does with jobs."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from jqengine.admin.api import schemas, shown
from jqengine.admin.api.asking import BASE, Answer, Asked
from jqengine.admin.api.keys import Keys, used_for_another
from jqengine.admin.api.problems import Refusal, refusal_of
from jqengine.errors import ChangedMeanwhile, JobQueueError, NoSuchJob
from jqengine.wire.oversightviews import Page
from jqengine.wire.views import JobView, RunView

_ID = re.compile(schemas.ID)
_ETAGS = re.compile(schemas.ETAGS)
_ETAG = re.compile(r'"([0-9a-f]{20})"')


class Jobs:
    """Handlers.  Safe to use from many threads.

    :param keys: remembers idempotency keys.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def page(self, asked: Asked) -> Answer:
        """Jobs that match, a page at a time."""
        return page_of(asked, "jobs", asked.queue.jobs_page(**asked.query), shown.job)

    def create(self, asked: Asked) -> Answer:
        """Schedule a job."""
        fields = request_fields(asked.said)
        if asked.key is None:
            view = asked.queue.schedule(**fields).view
            return _job_answer(200 if view.existing else 201, view)
        return self._create_once(asked, asked.key, fields)

    def _create_once(self, asked: Asked, key: str, fields: dict[str, Any]) -> Answer:
        queue = asked.queue

        def is_known(job_id: str) -> bool:
            return _exists(lambda: queue.job(job_id))

        job_id, unsure = self._keys.id_for(key, "job", dict(asked.said), is_known)
        if unsure and not _is_alike(queue.job(job_id).view, queue.would_schedule(**fields)):
            raise used_for_another()
        try:
            view = queue.schedule_as(job_id, **fields)
        except JobQueueError:
            self._keys.forget(key, "job")
            raise
        return _job_answer(200 if view.existing else 201, view)

    def show(self, asked: Asked) -> Answer:
        """A job."""
        view, version = asked.queue.versioned(**which(asked))
        return Answer(200, shown.job(view), (("ETag", f'"{version}"'),))

    def edit(self, asked: Asked) -> Answer:
        """Change the request, the time, the policy or the sinks of a job."""
        clear = [name for name, value in asked.said.items() if value is None]
        fields = request_fields({n: v for n, v in asked.said.items() if v is not None})
        done = asked.queue.edit(
            **which(asked),
            clear=["body" if name in _BODIES else name for name in clear],
            check=asked.query.get("check", False),
            version=_version(asked),
            **fields,
        )
        answer = {
            "job": shown.job(done.job),
            "due_before": None if done.due_before is None else shown.instant(done.due_before),
        }
        if asked.query.get("check"):
            return Answer(200, answer)
        version = asked.queue.versioned(done.job.id).version
        return Answer(200, answer, (("ETag", f'"{version}"'),))

    def cancel(self, asked: Asked) -> Answer:
        """Take a job back."""
        wanted = _version(asked)
        if wanted is not None and asked.queue.versioned(**which(asked)).version != wanted:
            raise ChangedMeanwhile("the job was changed meanwhile; look at it again")
        return Answer(200, shown.job(asked.queue.cancel(**which(asked)).view))

    def pause(self, asked: Asked) -> Answer:
        """Hold a job."""
        return Answer(200, shown.job(asked.queue.pause(**which(asked)).view))

    def resume(self, asked: Asked) -> Answer:
        """Let a paused or removed job go on."""
        return Answer(200, shown.job(asked.queue.resume(**which(asked)).view))

    def run(self, asked: Asked) -> Answer:
        """Run a job once now."""
        queue = asked.queue
        if asked.key is None:
            return run_answer(queue.run_now(**which(asked)))
        job = queue.job(**which(asked))

        def is_known(run_id: str) -> bool:
            return _exists(lambda: queue.run(run_id))

        run_id, _ = self._keys.id_for(asked.key, "run", job.id, is_known)
        return run_answer(queue.run_now_as(run_id, job.id))

    def runs(self, asked: Asked) -> Answer:
        """The runs of a job, the latest due first."""
        job = asked.queue.job(**which(asked))
        return page_of(asked, "runs", asked.queue.runs_page(job.id, **asked.query), shown.run)

    def instants(self, asked: Asked) -> Answer:
        """The next due times of a job."""
        return Answer(200, shown.when(asked.queue.instants(**which(asked), **asked.query)))

    def body(self, asked: Asked) -> Answer:
        """The body of a job's request."""
        job = asked.queue.job(**which(asked))
        return bytes_answer(asked.queue.request_body(job.id), f"request-{job.id}")

    def change(self, asked: Asked) -> Answer:
        """Do one thing to many jobs."""
        ids = asked.said["jobs"]
        answers = asked.queue.change_many(ids, asked.said["action"])
        pairs = zip(ids, answers, strict=True)
        return Answer(200, {"answers": [_changed(job_id, one) for job_id, one in pairs]})


_BODIES = ("body", "body64", "json", "data")


def which(asked: Asked) -> dict[str, Any]:
    """Which job is meant: by its id, or by its name."""
    said = asked.variables["job"]
    return {"job": said} if _ID.match(said) else {"name": said}


def page_of(asked: Asked, name: str, page: Page[Any], show: Any) -> Answer:
    """A page as JSON, with the address of the one behind it."""
    behind = asked.page_behind(page.next)
    links = () if behind is None else (("Link", f'<{behind}>; rel="next"'),)
    return Answer(200, {name: [show(one) for one in page.items], "next": behind}, links)


def bytes_answer(body: bytes, name: str) -> Answer:
    """Bytes that nobody looks at: a browser keeps them as a file."""
    headers = (
        ("Content-Type", "application/octet-stream"),
        ("Content-Disposition", f'attachment; filename="{name}"'),
    )
    return Answer(200, body, headers)


def run_answer(view: RunView) -> Answer:
    """A run that was made."""
    return Answer(201, shown.run(view), (("Location", f"{BASE}/runs/{view.id}"),))


def _job_answer(status: int, view: JobView) -> Answer:
    return Answer(status, shown.job(view), (("Location", f"{BASE}/jobs/{view.id}"),))


def _changed(job_id: str, one: JobView | RunView | JobQueueError) -> dict[str, Any]:
    if isinstance(one, JobQueueError):
        refusal = refusal_of(one, with_body=True)
        return {"id": job_id, "status": refusal.status, "detail": str(one)}
    return {"id": job_id, "status": 200, "detail": ""}


def _version(asked: Asked) -> str | None:
    """What the version of the job has to be."""
    if asked.if_match is None or asked.if_match.strip() == "*":
        return None
    match = _ETAG.fullmatch(asked.if_match.strip())
    if not _ETAGS.fullmatch(asked.if_match.strip()):
        raise Refusal(400, "If-Match: expected an ETag in its quotes, or *", parameter="If-Match")
    if match is None:
        raise Refusal(
            412, "If-Match is not the ETag of this job as it is now", kind="changed-meanwhile"
        )
    return match[1]


def request_fields(said: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a job as the client takes it.

    :raises Refusal: it has two bodies, or one that is not base64.
    """
    fields = dict(said)
    encoded = fields.pop("body64", None)
    if encoded is not None:
        if "body" in fields:
            raise Refusal(
                422, "body and body64 are given; a request has one body", pointer="/body64"
            )
        try:
            fields["body"] = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise Refusal(
                422, "body64: expected base64 (RFC 4648, section 4)", pointer="/body64"
            ) from None
    return fields


def _exists(ask: Any) -> bool:
    try:
        ask()
    except NoSuchJob:
        return False
    return True


_SAME = ("name", "method", "target", "user", "headers", "body_size", "policy", "sinks")


def _is_alike(there: JobView, asked: JobView) -> bool:
    """Whether a job that is there says what is asked for."""
    times = [
        {name: one for name, one in view.schedule.items() if name != "words"}
        for view in (there, asked)
    ]
    return times[0] == times[1] and all(
        getattr(there, name) == getattr(asked, name) for name in _SAME
    )
