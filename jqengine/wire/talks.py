"""Every verb as a conversation with an engine, whoever carries it.

The blocking client and the one for Twisted programs carry the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, TypeVar

from jqengine.errors import JobQueueError
from jqengine.wire.asks import Answer, Ask, Batch, ask
from jqengine.wire.calls import Answers, Talk, last_of, one
from jqengine.wire.codes import error_of
from jqengine.wire.submitting import (
    Carton,
    Fields,
    asks_for,
    asks_to_save,
    asks_together,
    cartons,
    check_of,
)
from jqengine.wire.views import (
    ContinuationView,
    JobView,
    NodeView,
    ResultView,
    RunView,
    continuation_view,
    job_view,
    node_view,
    result_view,
    run_view,
)

T = TypeVar("T")

Scheduled = tuple[str, bool]
"""The id of a job, and whether it was there already because its key was held."""

GRACE = 5.0
"""Seconds that an engine may be late with an answer it gives at a certain time."""

LARGEST_PAGE = 1000


def schedule(fields: Fields, job_id: str, upload: int) -> Talk[JobView]:
    """Schedule one job under a proposed id."""
    answer = yield from last_of(Batch(asks_for({**fields, "id": job_id}, upload), whole=True))
    return job_view(answer.json("job"), existing=bool(answer.number("existing")))


def schedule_many(
    jobs: Iterable[Fields], defaults: Fields, ids: Iterator[str], uploads: Iterator[int]
) -> Talk[list[Scheduled | JobQueueError]]:
    """Schedule many; an answer or an error for each, in order."""
    said: list[Scheduled | JobQueueError] = []
    packed = cartons(jobs, defaults, ids, uploads)
    for is_long, group in groupby(packed, key=lambda carton: len(carton.asks) > 1):
        if is_long:
            for carton in group:
                answers = yield Batch(carton.asks, whole=True)
                said.append(_scheduled(carton.ids[0], answers))
        else:
            sent: list[Carton] = []
            answers = yield Batch(_only_asks(group, sent))
            for carton, answer in zip(sent, answers, strict=True):
                said += _entries(carton, answer)
    return said


def check(fields: Fields, job_id: str) -> Talk[JobView]:
    """What would come of one job; nothing is added."""
    answer = yield from one(check_of({**fields, "id": job_id}))
    return job_view(answer.json("job"))


def schedule_together(texts: Sequence[str], upload: int) -> Talk[None]:
    """Schedule jobs, given as JSON, all or none."""
    yield from last_of(Batch(asks_together(texts, upload), whole=True))


def save(fields: Fields, upload: int) -> Talk[ContinuationView]:
    """Save a request, given by the names of ``MakeContinuation``."""
    answer = yield from last_of(Batch(asks_to_save(fields, upload), whole=True))
    return continuation_view(answer.json("continuation"))


def continuations(limit: int | None) -> Talk[list[ContinuationView]]:
    """The continuations there are, the newest first, at most *limit* of them."""
    return (yield from _pages("Continuations", "continuations", {}, limit, continuation_view))


def forget(command: str, fields: Fields) -> Talk[int]:
    """Forget a continuation or several; how many there were."""
    answer = yield from one(ask(command, **fields))
    return answer.number("count")


def show(job: str | None, name: str | None) -> Talk[JobView]:
    """One job."""
    answer = yield from one(ask("Show", job=job, name=name))
    return job_view(answer.json("job"))


def change(command: str, job: str | None, name: str | None, fields: Fields) -> Talk[JobView]:
    """A command that gives the job as it is after it."""
    answer = yield from one(ask(command, job=job, name=name, **fields))
    return job_view(answer.json("job"))


def run_now(job: str | None, name: str | None, run_id: str) -> Talk[RunView]:
    """Run a job once now, under a proposed id."""
    answer = yield from one(ask("RunNow", job=job, name=name, id=run_id))
    return run_view(answer.json("run"))


def retry(job: str | None, name: str | None, run: str | None) -> Talk[RunView]:
    """Give an ended run one more attempt."""
    answer = yield from one(ask("Retry", job=job, name=name, run=run))
    return run_view(answer.json("run"))


def wait(
    job: str | None, name: str | None, timeout: float | None
) -> Talk[tuple[RunView, ResultView | None]]:
    """Wait for the end of a run; its result comes with the whole body."""
    limit = None if timeout is None else max(timeout, 0.0)
    call = ask("Wait", job=job, name=name, timeout=None if limit is None else f"{limit:.3f}s")
    patience = float("inf") if limit is None else limit + GRACE
    answer = yield from last_of(Batch([call], patience=patience))
    run = run_view(answer.json("run"))
    said = answer.json("result")
    if said is None:
        return run, None
    body = yield from _rest_of_body(run.id, said["attempt"], answer.bytes("body"), said["size"])
    return run, result_view(said, body)


def results(run: str, *, bodies: bool) -> Talk[list[ResultView]]:
    """The result of every attempt of a run."""
    found: list[ResultView] = []
    after: int | None = 0
    while after is not None:
        answer = yield from one(ask("Results", run=run, after=after))
        for said in answer.json("results"):
            body = b""
            if bodies:
                body = yield from _rest_of_body(run, said["attempt"], b"", said["size"])
            found.append(result_view(said, body))
        after = answer.number("next") or None
    return found


def jobs(filters: Fields, limit: int | None) -> Talk[list[JobView]]:
    """The jobs that match, at most *limit* of them."""
    return (yield from _pages("Jobs", "jobs", filters, limit, job_view))


def runs(filters: Fields, limit: int | None) -> Talk[list[RunView]]:
    """The runs that match, at most *limit* of them."""
    return (yield from _pages("Runs", "runs", filters, limit, run_view))


def nodes() -> Talk[list[NodeView]]:
    """The nodes that share the store."""
    return (yield from _pages("Nodes", "nodes", {}, None, node_view))


def change_node(command: str, node: str) -> Talk[NodeView]:
    """A command that gives the node as it is after it."""
    answer = yield from one(ask(command, node=node))
    return node_view(answer.json("node"))


def stats() -> Talk[dict[str, int]]:
    """Counts by state."""
    answer = yield from one(ask("Stats"))
    counts: dict[str, int] = answer.json("stats")
    return counts


def reload() -> Talk[dict[str, int]]:
    """Read the crontabs again."""
    answer = yield from one(ask("Reload"))
    return {name: answer.number(name) for name in ("added", "replaced", "retired", "unchanged")}


def _pages(
    command: str,
    key: str,
    filters: Fields,
    limit: int | None,
    view: Callable[[Any], T],
) -> Talk[list[T]]:
    found: list[T] = []
    after: str | None = None
    while limit is None or len(found) < limit:
        size = LARGEST_PAGE if limit is None else min(limit - len(found), LARGEST_PAGE)
        answer = yield from one(ask(command, **filters, after=after, limit=size))
        found += [view(said) for said in answer.json(key)]
        after = answer.text("next")
        if after is None:
            break
    return found


def _rest_of_body(run: str, attempt: int, first: bytes, size: int) -> Talk[bytes]:
    body = bytearray(first)
    while len(body) < size:
        answer = yield from one(ask("Body", run=run, attempt=attempt, offset=len(body)))
        piece = answer.bytes("data")
        if not piece:
            break  # forgotten meanwhile
        body += piece
    return bytes(body)


def _only_asks(packed: Iterator[Carton], sent: list[Carton]) -> Iterator[Ask]:
    for carton in packed:
        sent.append(carton)
        yield carton.asks[0]


def _entries(carton: Carton, answer: Answer | JobQueueError) -> list[Scheduled | JobQueueError]:
    """One entry for each job of *carton*; a call that failed failed for all of them."""
    if isinstance(answer, JobQueueError):
        return [answer] * len(carton.ids)
    if carton.asks[0].command == "Schedule":
        return [_scheduled(carton.ids[0], [answer])]
    return [_entry(said) for said in answer.json("answers")]


def _entry(said: str | dict[str, Any]) -> Scheduled | JobQueueError:
    if isinstance(said, str):
        return said, False
    if "error" in said:
        return error_of(said["error"], said["message"])
    return said["id"], True


def _scheduled(job_id: str, answers: Answers) -> Scheduled | JobQueueError:
    for answer in answers:
        if isinstance(answer, JobQueueError):
            return answer
    last = answers[-1]
    assert isinstance(last, Answer)
    return last.json("job")["id"], bool(last.number("existing"))
