"""The verbs of those who look closely and put things right, as conversations.

See :mod:`jqengine.wire.calls`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from jqengine.errors import BadValue, JobQueueError
from jqengine.wire.asks import Answer, Batch, ask
from jqengine.wire.calls import Talk, last_of, one
from jqengine.wire.oversightviews import (
    DeliveryView,
    EditView,
    Overview,
    Page,
    RunDetails,
    SinkView,
    Upcoming,
    WhenView,
    delivery_view,
    firing,
    moment,
    overview,
    run_details,
    sink_view,
    when_view,
)
from jqengine.wire.submitting import Fields, asks_for
from jqengine.wire.views import (
    ContinuationView,
    JobView,
    RunView,
    continuation_view,
    job_view,
    run_view,
)

T = TypeVar("T")

MOST_AT_ONCE = 1000
"""Jobs that are changed by one call."""

ACTIONS: Mapping[str, str] = {
    "pause": "Pause",
    "resume": "Resume",
    "cancel": "Cancel",
    "run": "RunNow",
}
"""What can be done to many jobs at once, with the command for each."""


class Versioned(NamedTuple):
    """A job, and what tells whether it has been changed since.

    :ivar version: differs once the request, time, policy, sinks or state of the
        job do; not when it runs.
    """

    job: JobView
    version: str


def run(run_id: str) -> Talk[RunDetails]:
    """One run in full."""
    answer = yield from one(ask("ShowRun", run=run_id))
    return run_details(answer.json("run"))


def versioned(job: str | None, name: str | None) -> Talk[Versioned]:
    """A job with its version."""
    answer = yield from one(ask("Show", job=job, name=name))
    return Versioned(job_view(answer.json("job")), answer.text("version") or "")


def request_body(key: str, limit: int | None) -> Talk[bytes]:
    """The body of a request, of a run or of a job, or its first *limit* bytes."""
    body = bytearray()
    while limit is None or len(body) < limit:
        answer = yield from one(ask("RequestBody", id=key, offset=len(body)))
        body += answer.bytes("data")
        if not answer.bytes("data") or len(body) >= answer.number("size"):
            break
    return bytes(body if limit is None else body[:limit])


def response_body(run_id: str, attempt: int, limit: int | None) -> Talk[bytes]:
    """The body of a result, or its first *limit* bytes."""
    body = bytearray()
    while limit is None or len(body) < limit:
        call = ask("Body", run=run_id, attempt=attempt, offset=len(body))
        answer = yield from one(call)
        body += answer.bytes("data")
        if not answer.bytes("data") or len(body) >= answer.number("size"):
            break
    return bytes(body if limit is None else body[:limit])


def jobs_page(filters: Fields, after: str | None, limit: int) -> Talk[Page[JobView]]:
    """A page of jobs."""
    return (yield from _page("Jobs", "jobs", job_view, {**filters, "after": after}, limit))


def runs_page(filters: Fields, after: str | None, limit: int) -> Talk[Page[RunView]]:
    """A page of runs."""
    return (yield from _page("Runs", "runs", run_view, {**filters, "after": after}, limit))


def histories(ids: Sequence[str], limit: int) -> Talk[list[Sequence[RunView]]]:
    """The latest runs of each of several jobs; none of one that is gone."""
    answers = yield Batch([ask("Runs", job=job, limit=limit) for job in ids])
    return [
        () if isinstance(answer, JobQueueError) else [run_view(one) for one in answer.json("runs")]
        for answer in answers
    ]


def deliveries(filters: Fields, after: str | None, limit: int) -> Talk[Page[DeliveryView]]:
    """A page of deliveries."""
    said = {**filters, "after": after}
    return (yield from _page("Deliveries", "deliveries", delivery_view, said, limit))


def continuations_page(after: str | None, limit: int) -> Talk[Page[ContinuationView]]:
    """A page of continuations."""
    said = {"after": after}
    return (yield from _page("Continuations", "continuations", continuation_view, said, limit))


def redrive(delivery: str | None, sink: str | None) -> Talk[int]:
    """Try dead letters again; how many they were."""
    answer = yield from one(ask("Redrive", delivery=delivery, sink=sink))
    return answer.number("count")


def drop_delivery(delivery: str) -> Talk[int]:
    """Forget a dead letter; 1, or 0 if it was not there."""
    answer = yield from one(ask("DropDelivery", delivery=delivery))
    return answer.number("count")


def sinks() -> Talk[list[SinkView]]:
    """The sinks that are known."""
    answer = yield from one(ask("Sinks"))
    return [sink_view(said) for said in answer.json("sinks")]


def upcoming(until: object, limit: int, each: int | None) -> Talk[Upcoming]:
    """What is due next."""
    answer = yield from one(ask("Upcoming", until=until, limit=limit, each=each))
    reaches = moment(answer.text("reaches"))
    assert reaches is not None
    return Upcoming([firing(said) for said in answer.json("firings")], reaches)


def instants(job: str | None, name: str | None, count: int) -> Talk[WhenView]:
    """The next due times of a job."""
    answer = yield from one(ask("Instants", job=job, name=name, count=count))
    return when_view(answer.json("when"))


def when(fields: Fields, count: int) -> Talk[WhenView]:
    """What a time text means."""
    answer = yield from one(ask("When", **fields, count=count))
    return when_view(answer.json("when"))


def view() -> Talk[Overview]:
    """How the engine is."""
    answer = yield from one(ask("Overview"))
    return overview(answer.json("overview"))


def edit(
    job: str | None,
    name: str | None,
    fields: Fields,
    *,
    clear: Sequence[str],
    check: bool,
    version: str | None,
    upload: int,
) -> Talk[EditView]:
    """Change a job, or see what that would come to."""
    said = {
        **fields,
        "job": job,
        "name": name,
        "clear": list(clear) or None,
        "check": check or None,
        "version": version,
    }
    answer = yield from last_of(Batch(asks_for(said, upload, "Edit"), whole=True))
    return EditView(job_view(answer.json("job")), moment(answer.text("due-before")))


def retry_changed(run_id: str, fields: Fields, new_id: str, upload: int) -> Talk[RunView]:
    """Run a run's request again, changed."""
    said = {**fields, "run": run_id, "id": new_id}
    asks = asks_for(said, upload, "RetryChanged")
    answer = yield from last_of(Batch(asks, whole=True))
    return run_view(answer.json("run"))


def change_many(
    ids: Sequence[str], action: str, run_ids: Iterator[str]
) -> Talk[list[JobView | RunView | JobQueueError]]:
    """Do one thing to many jobs; the answer or the error of each.

    :param run_ids: gives ids to propose for the runs that ``run`` makes.
    :raises BadValue: there is no such action, or the jobs are too many.
    """
    command = ACTIONS.get(action)
    if command is None:
        raise BadValue(f"{action[:40]!r} is none of {', '.join(ACTIONS)}")
    if len(ids) > MOST_AT_ONCE:
        raise BadValue(f"expected at most {MOST_AT_ONCE} jobs at once")
    if command == "RunNow":
        calls = [ask(command, job=job, id=next(run_ids)) for job in ids]
    else:
        calls = [ask(command, job=job) for job in ids]
    answers = yield Batch(calls)
    return [one if isinstance(one, JobQueueError) else _changed(one) for one in answers]


def _changed(answer: Answer) -> JobView | RunView:
    said = answer.json("job")
    return run_view(answer.json("run")) if said is None else job_view(said)


def _page(
    command: str, key: str, view: Callable[[Mapping[str, Any]], T], filters: Fields, limit: int
) -> Talk[Page[T]]:
    """One page; less than *limit* only where the list ends, or all of a page did not fit."""
    answer = yield from one(ask(command, **filters, limit=limit))
    return Page([view(said) for said in answer.json(key)], answer.text("next"))
