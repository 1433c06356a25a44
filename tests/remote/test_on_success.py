"""Jobs that come about only if the request that makes them succeeds: over HTTP."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from jqengine.app.resource import client_has_left
from jqengine.client import JobQueueMiddleware
from jqengine.client.request import LARGEST_HELD, MOST_HELD
from jqengine.eager import Eager, eager
from jqengine.errors import BadSchedule, LimitReached, NoSuchContinuation, NotPossible
from tests.app.serving import Connection, body_of, head_of, served, until

ASK = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def schedule(environ: dict[str, Any], target: str = "/later", **fields: Any) -> Any:
    return environ["jobqueue"].on_success().schedule(target, **fields)


def nobody(environ: Any, start_response: Any) -> Iterable[bytes]:
    """An application that is not called."""
    raise AssertionError


@pytest.fixture
def engine() -> Iterator[Eager]:
    """An engine without threads: what it accepts is in its store at once."""
    with eager(nobody, now="2026-11-24T03:00:00Z") as engine:
        yield engine


@asynccontextmanager
async def hosted(engine: Eager, application: Any) -> AsyncIterator[Any]:
    """*application*, served over HTTP as the engine does it."""
    around = JobQueueMiddleware(application, engine.queue, gone=client_has_left)
    async with served(around) as server:
        yield server


async def ask(engine: Eager, application: Any, request: bytes = ASK) -> bytes:
    """Everything that is answered."""
    async with hosted(engine, application) as server:
        return await server.exchange(request)


def targets(engine: Eager) -> list[str]:
    return [job.view.target for job in engine.jobs]


def answering(
    status: str,
    body: Callable[[], Iterable[bytes]] = lambda: [b"done"],
    headers: tuple[tuple[str, str], ...] = (),
) -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        schedule(environ)
        start_response(status, list(headers))
        return body()

    return application


def streamed() -> Iterator[bytes]:
    yield b"do"
    yield b"ne"


LENGTH = (("Content-Length", "4"),)


@pytest.mark.parametrize(
    "status", ["200 OK", "201 Created", "204 No Content", "303 See Other", "304 Not Modified"]
)
@ensureDeferred
async def test_a_success_brings_the_jobs_about(engine: Eager, status: str) -> None:
    body: Callable[[], Iterable[bytes]] = lambda: [] if status[:3] in ("204", "304") else [b"x"]  # noqa: E731
    response = await ask(engine, answering(status, body))
    assert head_of(response)[0] == f"HTTP/1.1 {status}".encode()
    assert targets(engine) == ["/later"]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (lambda: [b"done"], ()),
        (lambda: [b"do", b"ne"], ()),
        (lambda: (b"done",), LENGTH),
        (lambda: [b"do", b"", b"ne"], LENGTH),
        (list, ()),
        (streamed, ()),
        (streamed, LENGTH),
        (lambda: iter([]), ()),
    ],
)
@ensureDeferred
async def test_however_the_body_comes(engine: Eager, body: Any, headers: Any) -> None:
    assert body_of(await ask(engine, answering("200 OK", body, headers))) is not None
    assert targets(engine) == ["/later"]


@pytest.mark.parametrize(
    "status", ["400 No", "404 Not Found", "409 Conflict", "500 Oops", "503 Soon"]
)
@ensureDeferred
async def test_an_error_drops_them(engine: Eager, status: str) -> None:
    assert body_of(await ask(engine, answering(status))) == b"done"
    assert targets(engine) == []


def raising_at_once(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    schedule(environ)
    raise ZeroDivisionError


def raising_after_the_start(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    schedule(environ)
    start_response("200 OK", [])
    raise ZeroDivisionError


def raising_in_the_middle(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    schedule(environ)
    start_response("200 OK", [])
    yield b"do"
    raise ZeroDivisionError


def turning_into_an_error(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    schedule(environ)
    start_response("200 OK", [])
    try:
        raise ZeroDivisionError
    except ZeroDivisionError as error:
        start_response("500 Oops", [], (type(error), error, error.__traceback__))
    return [b"no"]


def too_short(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    schedule(environ)
    start_response("200 OK", [("Content-Length", "9")])
    yield b"short"


@pytest.mark.parametrize(
    "application",
    [
        raising_at_once, raising_after_the_start, raising_in_the_middle, turning_into_an_error,
        too_short,
    ],
)  # fmt: skip
@ensureDeferred
async def test_an_exception_drops_them(engine: Eager, application: Any) -> None:
    await ask(engine, application)
    assert targets(engine) == []


def generator(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """An application that is a generator begins when its response does."""
    start_response("200 OK", [])
    schedule(environ)
    yield b"done"


def writing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    schedule(environ)
    write = start_response("200 OK", list(LENGTH))
    write(b"do")
    write(b"ne")
    return []


@pytest.mark.parametrize("application", [generator, writing])
@ensureDeferred
async def test_applications_of_other_kinds(engine: Eager, application: Any) -> None:
    assert b"done" in await ask(engine, application)
    assert targets(engine) == ["/later"]


class Gate:
    """An application that waits in the middle until it is let on."""

    def __init__(self, before: int, after: int) -> None:
        self._before = before
        self._after = after
        self.reached = threading.Event()
        self.go = threading.Event()
        self.seen: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        schedule(environ)
        if not self._before:
            self._wait()
        start_response("200 OK", [])
        return self._chunks()

    def _chunks(self) -> Iterator[bytes]:
        for _ in range(self._before):
            yield b"x" * 1000
        if self._before:
            self._wait()
        for _ in range(self._after):
            yield b"y" * 1000

    def _wait(self) -> None:
        self.reached.set()
        self.go.wait(10)


@pytest.mark.parametrize("before", [0, 3], ids=["before the response", "within it"])
@ensureDeferred
async def test_a_client_that_has_left_drops_them(engine: Eager, before: int) -> None:
    gate = Gate(before, 3)
    async with hosted(engine, gate) as server:
        client: Connection = await server.connect()
        client.send(ASK)
        await until(gate.reached.is_set)
        client.transport.abortConnection()
        await until(lambda: not server.site._channels)
        gate.go.set()
    assert targets(engine) == []


@ensureDeferred
async def test_until_the_response_ends_the_engine_knows_nothing(engine: Eager) -> None:
    gate = Gate(3, 0)
    async with hosted(engine, gate) as server:
        client: Connection = await server.connect()
        client.send(ASK)
        await until(gate.reached.is_set)
        await client.until(lambda received: b"x" in received)
        assert targets(engine) == []
        gate.go.set()
        await client.everything()
        assert targets(engine) == ["/later"]


@pytest.mark.parametrize("headers", [(), LENGTH])
@pytest.mark.parametrize("body", [lambda: [b"done"], streamed])
@ensureDeferred
async def test_who_has_the_whole_response_finds_the_jobs(
    engine: Eager, body: Any, headers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Committing takes its time, and all that while the end of the response is held back."""
    committing, go = threading.Event(), threading.Event()
    schedule_together = engine._remote.verbs.schedule_together

    def slowly(*arguments: Any) -> Any:
        committing.set()
        go.wait(10)
        return schedule_together(*arguments)

    monkeypatch.setattr(engine._remote.verbs, "schedule_together", slowly)
    async with hosted(engine, answering("200 OK", body, headers)) as server:
        client: Connection = await server.connect()
        client.send(ASK)
        await until(committing.is_set)
        assert not client.closed
        assert not client.received.endswith((b"done", b"ne\r\n0\r\n\r\n"))
        go.set()
        assert b"do" in await client.everything()


@ensureDeferred
async def test_what_cannot_be_committed_is_no_success(engine: Eager) -> None:
    """All of a request's jobs are accepted together, or none is."""
    continuation = engine.queue.continuation(session_id=None, request=AN_ENVIRON)

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        schedule(environ, "/other")
        schedule(environ, None, continuation=continuation)
        engine.queue.drop_continuation(continuation)
        start_response("200 OK", [])
        return [b"done"]

    response = await ask(engine, application)
    assert head_of(response)[0] == b"HTTP/1.1 500 Internal Server Error"
    assert targets(engine) == []


AN_ENVIRON = {"REQUEST_METHOD": "GET", "PATH_INFO": "/saved", "SERVER_PROTOCOL": "HTTP/1.1"}


@ensureDeferred
async def test_a_head_has_no_body_and_may_have_a_length(engine: Eager) -> None:
    head = b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    await ask(engine, answering("200 OK", list, LENGTH), head)
    await ask(engine, answering("304 Not Modified", list, LENGTH))
    assert targets(engine) == ["/later", "/later"]


# What on_success() says at once.


def within(engine: Eager, judge: Callable[[Any], object], status: str = "200 OK") -> None:
    """Let *judge* look at the queue of a request, which then ends with *status*."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        judge(environ["jobqueue"])
        start_response(status, [])
        return [b""]

    chunks = engine.around(application)({**AN_ENVIRON}, lambda *arguments: lambda data: None)
    list(chunks)


def test_what_is_wrong_with_a_job_is_said_at_once(engine: Eager) -> None:
    def judge(queue: Any) -> None:
        later = queue.on_success()
        with pytest.raises(BadSchedule, match="tomorrow asdf"):
            later.schedule("/x", when="tomorrow asdf")
        with pytest.raises(TypeError, match="did you mean method"):
            later.schedule("/x", methd="POST")
        with pytest.raises(NoSuchContinuation):
            later.schedule(continuation="f" * 32)
        with pytest.raises(NotPossible, match="is for one use"):
            later.schedule(continuation=queue.continuation(AN_ENVIRON), every="1h")

    within(engine, judge)
    assert targets(engine) == []


def test_the_job_is_what_it_will_be(engine: Eager) -> None:
    def judge(queue: Any) -> None:
        job = queue.on_success().schedule("/x", after="1h", name="n")
        assert (job.name, job.view.target, job.due) == ("n", "/x", job.view.due)
        made.append(job)
        engine.advance("10 minutes")

    made: list[Any] = []
    within(engine, judge)
    [job] = engine.jobs
    assert job == made[0]
    assert job.due == made[0].due, "the time was read when it was said"


def test_each_of_many_is_judged_by_itself(engine: Eager) -> None:
    answers: list[Any] = []

    def judge(queue: Any) -> None:
        jobs = [{"target": "/a"}, {"target": "b"}, {"target": "/c", "at": "teatime"}]
        answers.extend(queue.on_success().schedule_many(jobs, user="ada"))

    within(engine, judge)
    assert [type(one).__name__ for one in answers] == ["Job", "BadRequest", "Job"]
    assert sorted((job.view.target, job.view.user) for job in engine.jobs) == [
        ("/a", "ada"),
        ("/c", "ada"),
    ]


def test_a_long_body_goes_along(engine: Eager) -> None:
    body = bytes(range(256)) * 4000
    within(engine, lambda queue: queue.on_success().schedule("/x", method="POST", body=body))
    [job] = engine.jobs
    assert job.refresh().view.body_size == len(body)


def test_it_has_a_bound(engine: Eager, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_many(queue: Any) -> None:
        later = queue.on_success()
        for number in range(MOST_HELD):
            later.schedule(f"/{number}")
        with pytest.raises(LimitReached, match="1000 jobs"):
            later.schedule("/one-more")

    def too_much(queue: Any) -> None:
        later = queue.on_success()
        later.schedule("/x", method="POST", body=b"x" * (LARGEST_HELD // 4 * 3 - 4096))
        with pytest.raises(LimitReached, match="of 16 MiB in all"):
            later.schedule("/y", method="POST", body=b"y" * 8192)

    within(engine, too_many)
    assert len(engine.jobs) == MOST_HELD
    within(engine, too_much)
    assert len(engine.jobs) == MOST_HELD + 1


def test_the_response_must_not_have_begun(engine: Eager) -> None:
    kept: list[Any] = []
    within(engine, kept.append)
    with pytest.raises(NotPossible, match="before its response begins"):
        kept[0].on_success()
    within(engine, lambda queue: kept.append(queue.on_success()), "500 Oops")
    with pytest.raises(NotPossible, match="before its response begins"):
        kept[1].schedule("/x")


def test_a_queue_of_no_request_says_where_to_look(engine: Eager) -> None:
    with pytest.raises(NotPossible, match="JobQueueMiddleware"):
        engine.queue.on_success()
