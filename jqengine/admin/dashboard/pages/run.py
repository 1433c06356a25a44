"""One run: what the application got, and what it said."""

from __future__ import annotations

from typing import NamedTuple

from jqengine.admin.dashboard import outcomes, words
from jqengine.admin.dashboard.desk import Desk
from jqengine.admin.dashboard.requesttext import as_curl, as_text
from jqengine.admin.dashboard.web import Asked, Response, redirect
from jqengine.client import JobQueue
from jqengine.job import Result
from jqengine.lifecycle import RunEvent, RunState, run_after
from jqengine.mediatype import body_text
from jqengine.wire.oversightviews import RunDetails
from jqengine.wire.views import ResultView, RunView

MOST_SHOWN = 50_000
"""Bytes of a body that a page shows; the rest is behind the link to the whole."""

MOST_DELIVERIES = 100

LATE = 1.0
"""Seconds after which a run began late."""


class Can(NamedTuple):
    """What can be done to a run in its state."""

    retry: bool


class Attempt(NamedTuple):
    """An attempt as the table shows it."""

    result: ResultView
    words: str
    seconds: float


def show_run(desk: Desk, asked: Asked) -> Response:
    """``GET /runs/ID``."""
    (run_id,) = asked.variables
    queue = asked.queue
    details = queue.run(run_id)
    run = details.run
    attempts = queue.results(run.id, bodies=False)
    live = run.state == RunState.RUNNING
    result = attempts[-1] if attempts and not live else None
    sent = request_body(queue, details)
    return desk.page(
        asked,
        "run.html",
        run=run,
        details=details,
        can=Can(retry=run_after(RunState(run.state), RunEvent.REOPEN) is not None),
        sentence=_sentence(desk, details),
        lateness=_lateness(run),
        request_body=None if sent is None else as_text(sent),
        curl=as_curl(desk.site(), run.method, run.target, details.headers, sent),
        live=live,
        result=result,
        result_line="" if result is None else _line(result),
        result_text=None if result is None else _text(queue, run, result),
        cut_here=result is not None and result.size > MOST_SHOWN,
        no_result=_why_none(run),
        attempts=[_attempt(one) for one in attempts],
        deliveries=queue.deliveries(run=run.id, limit=MOST_DELIVERIES).items,
    )


def retry_run(desk: Desk, asked: Asked) -> Response:
    """``POST /runs/ID/retry``: once more, as it was."""
    (run_id,) = asked.variables
    run = asked.queue.retry(run=run_id)
    return redirect(f"/runs/{run.id}", did="retried")


def request_body(queue: JobQueue, details: RunDetails) -> bytes | None:
    """The body of a run's request, or ``None`` where it is too long, or a saved one's."""
    if not details.body_size:
        return b""
    if details.body_size > MOST_SHOWN or details.continuation is not None:
        return None
    return queue.request_body(details.run.id)


def _text(queue: JobQueue, run: RunView, result: ResultView) -> str | None:
    """What is shown of a response's body; ``None`` if it is no text."""
    body = queue.response_body(run.id, result.attempt, limit=MOST_SHOWN) if result.size else b""
    cut = result.truncated or result.size > MOST_SHOWN
    return body_text(Result(result.status, "", result.headers, body, cut, 0.0, 0.0))


def _attempt(result: ResultView) -> Attempt:
    return Attempt(result, _line(result), (result.finished - result.started).total_seconds())


def _sentence(desk: Desk, details: RunDetails) -> str:
    said = outcomes.sentence(details.run, details.ready, desk.templates.now())
    return said[:1].upper() + said[1:]


def _lateness(run: RunView) -> str | None:
    if run.started is None or run.attempt != 1:
        return None
    late = (run.started - run.due).total_seconds()
    return words.duration(late) if late >= LATE else None


def _line(result: ResultView) -> str:
    return outcomes.status_words(result.status, result.reason)


def _why_none(run: RunView) -> str:
    if run.state == RunState.SKIPPED:
        return "It was skipped, so there is no response."
    if run.state == RunState.CANCELLED:
        return "It was cancelled before it ran."
    return "It has not answered yet."
