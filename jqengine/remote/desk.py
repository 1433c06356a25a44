"""The answer to each command of one client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from jqengine.errors import BadValue, JobQueueError, LimitReached
from jqengine.interfaces import IRunEvents
from jqengine.job import Job, Result, Run
from jqengine.lifecycle import JobState, RunState
from jqengine.queries import (
    JobFilter,
    JobOrder,
    Pattern,
    RunFilter,
    RunOrder,
    StatusRange,
    job_cursor,
    report_cursor,
)
from jqengine.redaction import Redactor
from jqengine.remote import commands
from jqengine.remote.arguments import Json
from jqengine.remote.continuationdesk import ContinuationDesk
from jqengine.remote.describe import job_as_json, report_as_json, result_as_json, run_as_json
from jqengine.remote.editing import version_of
from jqengine.remote.groups import GroupDesk
from jqengine.remote.live import LiveOutput
from jqengine.remote.nodes import NodeDesk
from jqengine.remote.oversightdesk import ANSWERS as OVERSIGHT_ANSWERS
from jqengine.remote.oversightdesk import OversightDesk
from jqengine.remote.pages import MOST_BYTES, bounded, fitting
from jqengine.remote.tails import Line, Tail
from jqengine.remote.uploads import Uploads
from jqengine.remote.verbs import Answer, Verbs
from jqengine.remote.words import instant_said, words_of
from jqengine.units import parse_duration
from jqengine.wire.codes import code_of

MOST_JOBS_AT_ONCE = 1000
MOST_TAILS = 10
DEFAULT_PAGE = 100

Response = dict[str, Any]


class Desk:
    """Answers one client.  For the reactor thread.

    Each method takes the arguments of the command of its name and gives its
    answer; the errors it raises are for the client.

    :ivar continuations: answers the commands about those.
    :ivar nodes: answers the commands about those.
    :ivar oversight: answers those who look closely.
    :ivar groups: answers the commands about those.
    """

    def __init__(
        self,
        *,
        verbs: Verbs,
        events: IRunEvents,
        live: LiveOutput,
        redactor: Redactor,
        uploads: Uploads,
        line: Line,
        most_waits: int,
    ) -> None:
        self._verbs = verbs
        self._events = events
        self._live = live
        self._redactor = redactor
        self._uploads = uploads
        self._line = line
        self._most_waits = most_waits
        self.continuations = ContinuationDesk(verbs.continuations, redactor, uploads)
        self.oversight = OversightDesk(verbs.oversight, verbs.find, redactor, uploads)
        self.groups = GroupDesk(verbs.groups)
        self.nodes = NodeDesk(verbs.nodes)
        self._waits = 0
        self._tails: dict[int, Tail] = {}

    def close(self) -> None:
        """Give back what was held for the client."""
        self._uploads.clear()
        for tail in self._tails.values():
            tail.stop()

    async def schedule(
        self, upload: int | None, body: bytes | None, check: int | None, **said: Any
    ) -> Response:
        """Schedule one job, or see whether it could be."""
        if upload is not None:
            if body is not None:
                raise BadValue("body and upload are given; a request has one body")
            body = self._uploads.take(upload)
        given = {name: value for name, value in said.items() if value is not None}
        if body is not None:
            given["body"] = body
        if check:
            return {"job": bounded(self._job(await self._verbs.check(given))), "existing": 0}
        job, existing = await self._verbs.schedule(given)
        return {"job": bounded(self._job(job)), "existing": int(existing)}

    async def schedule_many(
        self, jobs: Any, upload: int | None, defaults: Any, together: int | None
    ) -> Response:
        """Schedule many."""
        if upload is not None:
            if jobs is not None:
                raise BadValue("jobs and upload are given; expected one of them")
            jobs = _uploaded_list(self._uploads.take(upload))
        if not isinstance(jobs, list) or len(jobs) > MOST_JOBS_AT_ONCE:
            raise BadValue(f"jobs: expected a list of at most {MOST_JOBS_AT_ONCE}")
        if not isinstance(defaults, dict | None):
            raise BadValue("defaults: expected an object")
        schedule = self._verbs.schedule_together if together else self._verbs.schedule_many
        answers = await schedule(jobs, defaults or {})
        return {"answers": [_as_entry(answer) for answer in answers]}

    async def upload(self, upload: int, data: bytes) -> Response:
        """Take a piece of a body."""
        return {"size": self._uploads.add(upload, data)}

    async def drop_upload(self, upload: int) -> Response:
        """Forget a body."""
        return {"size": len(self._uploads.take(upload))}

    async def show(self, **which: str | None) -> Response:
        """One job."""
        job = await self._verbs.find(**which)
        return {"job": bounded(self._job(job)), "version": version_of(job)}

    async def wait(self, timeout: str | None, **which: str | None) -> Response:
        """The end of a run."""
        seconds = None if timeout is None else parse_duration(timeout)
        if self._waits >= self._most_waits:
            raise LimitReached(f"more than {self._most_waits} calls of one connection wait")
        job = await self._verbs.find(**which)
        self._count_wait(1)
        try:
            run, result = await self._verbs.wait(job, seconds)
        finally:
            self._count_wait(-1)
        if result is None:
            return {"run": self._run(run), "result": None, "body": None}
        return {
            "run": self._run(run),
            "result": bounded(result_as_json(run.attempt, result, self._redactor)),
            "body": result.body[:MOST_BYTES],
        }

    async def results(self, run: str, after: int | None) -> Response:
        """The attempts of a run."""

        def describe(one: tuple[int, Result]) -> Response:
            attempt, result = one
            return result_as_json(attempt, result, self._redactor)

        found = [one for one in await self._verbs.results(run) if one[0] > (after or 0)]
        described, all_fit = fitting(found, describe)
        last = None if all_fit else found[len(described) - 1][0]
        return {"results": described, "next": last}

    async def body(self, run: str, attempt: int, offset: int | None) -> Response:
        """A piece of a result's body."""
        if (offset or 0) < 0:
            raise BadValue("offset: expected 0 or more")
        data, size = await self._verbs.body(run, attempt, offset or 0, MOST_BYTES)
        return {"data": data, "size": size}

    async def stats(self) -> Response:
        """Counts."""
        return {"stats": await self._verbs.stats()}

    async def jobs(
        self,
        state: str | None,
        name: str | None,
        target: str | None,
        user: str | None,
        origin: str | None,
        once: int | None,
        order: str | None,
        after: str | None,
        limit: int | None,
    ) -> Response:
        """A page of jobs."""
        [order_read] = words_of(JobOrder, "order", order or "newest")
        wanted = JobFilter(
            states=None if state is None else words_of(JobState, "state", state),
            name=None if name is None else Pattern.parse(name),
            target=None if target is None else Pattern.parse(target),
            user=user,
            origin=origin,
            once=None if once is None else bool(once),
        )
        page = await self._verbs.jobs(wanted, order_read, after, _page_size(limit))
        described, all_fit = fitting(page.items, self._job)
        if all_fit:
            return {"jobs": described, "next": page.after}
        last = page.items[len(described) - 1]
        return {"jobs": described, "next": job_cursor(last, order_read)}

    async def runs(
        self,
        job: str | None,
        name: str | None,
        after: str | None,
        limit: int | None,
        **said: str | None,
    ) -> Response:
        """A page of runs."""
        pattern = None
        if job is None and name is not None and name.endswith("*"):
            pattern, name = Pattern.parse(name), None
        of_job = None if job is None and name is None else (await self._verbs.find(job, name)).id
        wanted = replace(_run_filter(**said), job_id=of_job, name=pattern)
        page = await self._verbs.runs(wanted, after, _page_size(limit))
        described, all_fit = fitting(page.items, partial(report_as_json, redactor=self._redactor))
        last = page.after if all_fit else report_cursor(page.items[len(described) - 1], wanted)
        return {"runs": described, "next": last}

    async def cancel(self, **which: str | None) -> Response:
        """Take a job back."""
        return await self._changed(self._verbs.cancel, which)

    async def pause(self, reason: str | None, **which: str | None) -> Response:
        """Hold a job."""
        return await self._changed(partial(self._verbs.pause, reason=reason), which)

    async def resume(self, **which: str | None) -> Response:
        """Let a job go on."""
        return await self._changed(self._verbs.resume, which)

    async def reschedule(self, job: str | None, name: str | None, **said: Any) -> Response:
        """Give a job another time."""
        found = await self._verbs.find(job, name)
        return {"job": bounded(self._job(await self._verbs.reschedule(found, said)))}

    async def run_now(self, id: str | None, **which: str | None) -> Response:  # noqa: A002
        """Run a job once now."""
        job = await self._verbs.find(**which)
        return {"run": self._run(await self._verbs.run_now(job, id))}

    async def retry(self, run: str | None, **which: str | None) -> Response:
        """Give an ended run one more attempt."""
        if run is None:
            run = (await self._verbs.latest_run(await self._verbs.find(**which))).id
        elif any(which.values()):
            raise BadValue("expected a run or a job, and not both")
        return {"run": self._run(await self._verbs.retry(run))}

    async def reload(self) -> Response:
        """Read the crontabs again."""
        plan = await self._verbs.reload()
        return {
            "added": len(plan.add),
            "replaced": len(plan.replace),
            "retired": len(plan.retire),
            "unchanged": plan.unchanged,
        }

    async def tail(
        self, tail: int, job: str | None, name: str | None, output: int | None
    ) -> Response:
        """Follow runs."""
        if tail in self._tails or len(self._tails) >= MOST_TAILS:
            raise LimitReached(f"{tail} is in use, or {MOST_TAILS} numbers are")
        of_job = None if job is None and name is None else (await self._verbs.find(job, name)).id
        follower = Tail(self._line, tail, of_job, self._redactor, output=bool(output))
        follower.until_stopped(self._events.subscribe(follower))
        follower.until_stopped(self._live.far.subscribe(follower.relayed))
        if output:
            follower.until_stopped(self._live.subscribe(follower.wrote))
        self._tails[tail] = follower
        self._line.waiting(1)
        return {}

    async def stop_tail(self, tail: int) -> Response:
        """Follow no more."""
        if tail not in self._tails:
            raise BadValue(f"nothing is followed under {tail}")
        self._tails.pop(tail).stop()
        self._line.waiting(-1)
        return {}

    async def _changed(
        self, verb: Callable[[Job], Awaitable[Job]], which: Mapping[str, str | None]
    ) -> Response:
        return {"job": bounded(self._job(await verb(await self._verbs.find(**which))))}

    def _count_wait(self, change: int) -> None:
        self._waits += change
        self._line.waiting(change)

    def _job(self, job: Job) -> Response:
        return job_as_json(job, self._redactor)

    def _run(self, run: Run) -> Response:
        return run_as_json(run, self._redactor)


def _run_filter(
    target: str | None,
    user: str | None,
    state: str | None,
    status: str | None,
    since: str | None,
    until: str | None,
    node: str | None,
    order: str | None,
) -> RunFilter:
    """The filter that a client says, but for the job."""
    by_end = since is not None or until is not None
    [order_read] = words_of(RunOrder, "order", order or ("ended" if by_end else "newest"))
    return RunFilter(
        target=None if target is None else Pattern.parse(target),
        user=user,
        states=None if state is None else words_of(RunState, "state", state),
        statuses=None if status is None else StatusRange.parse(status),
        since=None if since is None else instant_said("since", since),
        until=None if until is None else instant_said("until", until),
        node=node,
        order=order_read,
    )


def _of_oversight(answer: Callable[..., Any], desk: Desk, **said: Any) -> Any:
    """What the part of *desk* for those who look closely answers."""
    return answer(desk.oversight, **said)


ANSWERS: Mapping[type[commands.EngineCommand], Callable[..., Coroutine[Any, Any, Response]]] = {
    commands.Schedule: Desk.schedule,
    commands.ScheduleMany: Desk.schedule_many,
    commands.Upload: Desk.upload,
    commands.DropUpload: Desk.drop_upload,
    commands.Show: Desk.show,
    commands.Wait: Desk.wait,
    commands.Results: Desk.results,
    commands.Body: Desk.body,
    commands.Stats: Desk.stats,
    commands.Jobs: Desk.jobs,
    commands.Runs: Desk.runs,
    commands.Cancel: Desk.cancel,
    commands.Pause: Desk.pause,
    commands.Resume: Desk.resume,
    commands.RunNow: Desk.run_now,
    commands.Retry: Desk.retry,
    commands.Reschedule: Desk.reschedule,
    commands.Reload: Desk.reload,
    commands.Tail: Desk.tail,
    commands.StopTail: Desk.stop_tail,
    commands.MakeContinuation: lambda desk, **said: desk.continuations.make(**said),
    commands.Continuations: lambda desk, **said: desk.continuations.page(**said),
    commands.DropContinuation: lambda desk, **said: desk.continuations.drop(**said),
    commands.ClearContinuations: lambda desk, **said: desk.continuations.clear(**said),
    commands.Nodes: lambda desk, **said: desk.nodes.page(**said),
    commands.Drain: lambda desk, **said: desk.nodes.drain(**said),
    commands.Undrain: lambda desk, **said: desk.nodes.undrain(**said),
    **{command: partial(_of_oversight, answer) for command, answer in OVERSIGHT_ANSWERS.items()},
    commands.Groups: lambda desk, **said: desk.groups.page(**said),
    commands.PauseGroup: lambda desk, **said: desk.groups.pause(**said),
    commands.ResumeGroup: lambda desk, **said: desk.groups.resume(**said),
    commands.PauseAll: lambda desk: desk.groups.pause_all(),
    commands.ResumeAll: lambda desk: desk.groups.resume_all(),
}
"""What answers each command but those of the handshake, which need no desk."""


def _uploaded_list(text: bytes) -> Any:
    try:
        return Json("").fromString(text)
    except (ValueError, RecursionError):
        raise BadValue("what was uploaded is not JSON in UTF-8") from None


def _page_size(limit: int | None) -> int:
    return DEFAULT_PAGE if limit is None else limit


def _as_entry(answer: Answer) -> str | Response:
    """What one of many jobs is answered; no more than its id if all is plain."""
    if isinstance(answer, JobQueueError):
        return {"error": code_of(answer) or "ENGINE_ERROR", "message": str(answer)[:1000]}
    job, existing = answer
    return {"id": job.id, "existing": True} if existing else job.id
