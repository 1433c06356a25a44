"""Pages of runs and of their results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jqengine.admin.answer import NOT_FOUND, TEXT, Answer, Live, document
from jqengine.delivery import Delivery
from jqengine.interfaces import IDeliveryStore, IQueueControl, IStore
from jqengine.job import Headers, Result, Run
from jqengine.mediatype import body_text, media_type
from jqengine.queries import RunFilter, RunReport
from jqengine.redaction import Redactor
from jqengine.request.environ import rfc3339
from jqengine.request.outputs import Output, Outputs

MOST_LISTED = 50


class Runs:
    """Answers questions about runs.

    :param redactor: hides secrets of what is shown.
    """

    def __init__(
        self,
        store: IStore,
        control: IQueueControl,
        deliveries: IDeliveryStore,
        redactor: Redactor,
        outputs: Outputs,
    ) -> None:
        self._store = store
        self._control = control
        self._deliveries = deliveries
        self._redactor = redactor
        self._outputs = outputs

    async def run(self, variables: Sequence[str], site: str) -> Answer:
        """``/runs/ID``: what is known of a run, its results without their bodies."""
        (run_id,) = variables
        found = await self._deliveries.run_with_result(run_id, None)
        if found is None:
            return NOT_FOUND
        run = self._redactor.run(found[0])
        results = await self._store.results(run_id)
        deliveries = await self._deliveries.deliveries(run_id)
        return document(
            {
                **_described(run),
                "attempts": [self._attempt(number, result) for number, result in results],
                "deliveries": [_delivery(one, self._redactor) for one in deliveries],
                "live": _live(self._outputs.of(run_id)),
            }
        )

    async def response(self, variables: Sequence[str], site: str) -> Answer | Live:
        """``/runs/ID/response``: the body of a run's last result.

        Of a run that this engine runs now: what it says, as it says it.
        """
        (run_id,) = variables
        output = self._outputs.of(run_id)
        if output is not None:
            return Live(output)
        found = await self._deliveries.run_with_result(run_id, None)
        run, result = found or (None, None)
        if run is None or result is None:
            return NOT_FOUND
        return shown_body(run, result)

    async def latest(self, variables: Sequence[str], site: str) -> Answer | Live:
        """``/jobs/NAME/latest``: the body of a job's latest result."""
        for report in await self.reports(variables[0]):
            if report.status is None:
                continue
            answer = await self.response([report.run.id], site)
            if isinstance(answer, Answer):
                place = ("Content-Location", f"/runs/{report.run.id}/response")
                return answer._replace(headers=(*answer.headers, place))
            return answer
        return NOT_FOUND

    async def reports(self, name: str) -> Sequence[RunReport]:
        """The latest runs of the job of that name or id, the newest first."""
        job = await self._store.job_named(name) or await self._store.job(name)
        if job is None:
            return ()
        page = await self._control.find_runs(RunFilter(job_id=job.id), None, MOST_LISTED)
        return page.items

    def _attempt(self, number: int, result: Result) -> dict[str, Any]:
        return {
            "attempt": number,
            "status": result.status,
            "reason": result.reason,
            "headers": _listed(self._redactor.headers(result.headers)),
            "bytes": len(result.body),
            "truncated": result.truncated,
            "started": rfc3339(result.started),
            "finished": rfc3339(result.finished),
        }


def shown_body(run: Run, result: Result) -> Answer:
    """The body of *result*: a text as plain text, anything else as a download."""
    headers = (
        ("ETag", f'"{run.id}-{run.attempt}"'),
        ("X-JobQueue-Status", str(result.status)),
    )
    words = body_text(result)
    if words is not None:
        return Answer(200, TEXT, words.encode("utf-8"), headers)
    name = f"result-{run.id}{media_type(result).suffix}"
    download = ("Content-Disposition", f'attachment; filename="{name}"')
    return Answer(200, "application/octet-stream", result.body, (*headers, download))


def _described(run: Run) -> dict[str, Any]:
    request = run.request
    return {
        "id": run.id,
        "job": {"id": run.job_id, "name": run.name},
        "state": run.state.value,
        "due": rfc3339(run.due),
        "attempt": run.attempt,
        "request": {
            "method": request.method,
            "target": request.target,
            "user": request.user,
            "headers": _listed(request.headers),
            "bytes": len(request.body),
        },
    }


def _live(output: Output | None) -> dict[str, Any] | None:
    """What a run that this engine runs now has said so far."""
    if output is None:
        return None
    last = output.last_wrote
    return {
        "bytes": sum(map(len, output.pieces(0))),
        "last_output": None if last is None else rfc3339(last),
    }


def _listed(headers: Headers) -> list[list[str]]:
    return [list(header) for header in headers]


def _delivery(delivery: Delivery, redactor: Redactor) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "sink": redactor.sink(delivery.sink),
        "attempt": delivery.attempt,
        "state": delivery.state.value,
        "tries": delivery.tries,
        "ready": rfc3339(delivery.ready),
        "reason": delivery.reason,
    }
