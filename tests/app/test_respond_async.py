"""What becomes of a stored request, by a store that says what a test wants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.web.http_headers import Headers
from twisted.web.server import NOT_DONE_YET

from jqengine.app.head import ResponseHead
from jqengine.app.respondasync import KEPT, TICKET, RespondAsync, Ticket, as_given, is_beneath
from jqengine.errors import StoreUnavailable
from jqengine.job import Job, Policy, Request, Result, Run
from jqengine.lifecycle import RunState
from tests.dispatch.values import NOW, a_result, a_run

SECRET = "5" * 64
ASK = Ticket("0" * 26, SECRET)


class Asking:
    """A request as the resource sees it, and its answer."""

    def __init__(self, query: bytes = b"", method: bytes = b"GET", path: bytes = b"/a") -> None:
        self.path, self.query, self.method = path, query, method
        self.requestHeaders = Headers()
        self.left: Deferred[None] = Deferred()
        self.head: ResponseHead | None = None
        self.body = b""

    def notifyFinish(self) -> Deferred[None]:
        return self.left

    def respond(self, head: ResponseHead, body: bytes) -> None:
        self.head, self.body = head, body

    def processingFailed(self, failure: Any) -> None:
        failure.raiseException()


class World:
    """A store and a clock."""

    def __init__(self, found: Any = None) -> None:
        self.found = found
        self.added: list[Job] = []
        self.time = NOW

    def now(self) -> float:
        return self.time

    def run_with_result(self, run_id: str, attempt: int | None) -> Deferred[Any]:
        assert (run_id, attempt) == (ASK.run, None)
        return fail(self.found) if isinstance(self.found, Exception) else succeed(self.found)

    def add(self, jobs: Sequence[Job]) -> Deferred[Sequence[Job]]:
        self.added += jobs
        return succeed(jobs)


def answer(found: Any, time: float = NOW, **request: Any) -> tuple[int, bytes]:
    world = World(found)
    world.time = time
    asking = Asking(str(ASK).encode(), **request)
    assert resource(world).render(asking) is NOT_DONE_YET  # type: ignore[arg-type]
    assert asking.head is not None
    return asking.head.code, asking.body


def resource(world: Any) -> RespondAsync:
    return RespondAsync(
        object(),  # type: ignore[arg-type]
        prefixes=["/"],
        store=world,
        results=world,
        clock=world,
        policy=Policy(),
        new_id=lambda now: ASK.run,
        random_bytes=lambda count: b"U" * count,
        wake=lambda: None,
    )


def stored(state: RunState, ticket: Ticket = ASK, target: str = "/a?x=1") -> Run:
    request = Request(target=target, headers=((TICKET, ticket.hash),))
    return a_run(id=ASK.run, job_id=ASK.run, request=request, state=state)


DONE = stored(RunState.FINISHED)
OTHER = Ticket(ASK.run, "6" * 64)


@pytest.mark.parametrize(
    ("found", "status"),
    [
        ((DONE, a_result(200, "OK")), 200),
        ((stored(RunState.FAILED), a_result(418, "Teapot")), 418),
        ((stored(RunState.WAITING), a_result(503)), 202),
        ((stored(RunState.RUNNING), None), 202),
        ((stored(RunState.CANCELLED), None), 410),
        ((stored(RunState.FINISHED, OTHER), a_result(200, "OK")), 404),
        ((stored(RunState.FINISHED, target="/b"), a_result(200, "OK")), 404),
        ((a_run(id=ASK.run, state=RunState.FINISHED), a_result(200, "OK")), 404),
        (None, 404),
        (StoreUnavailable("away"), 503),
    ],
)
def test_what_a_ticket_is_answered(found: Any, status: int) -> None:
    assert answer(found)[0] == status


def test_a_response_is_there_for_a_limited_time() -> None:
    found = (DONE, a_result(200, "OK"))
    assert answer(found, NOW + KEPT - 1)[0] == 200
    assert answer(found, NOW + KEPT + 1)[0] == 404


@pytest.mark.parametrize(
    ("result", "status", "headers"),
    [
        (a_result(0, "ZeroDivisionError"), 500, None),
        (a_result(0, "timeout after 15m"), 504, None),
        (a_result(200, "OK", truncated=True), 502, None),
        (a_result(200, "OK", headers=(("X", "a\nb"),)), 500, None),
        (a_result(200, "", headers=(("Connection", "close"), ("X", "1"))), 200, [(b"X", b"1")]),
        (a_result(200, "", headers=(("Content-Length", "999"),)), 200, []),
        (a_result(204, "", headers=(("X", "1"),)), 204, [(b"X", b"1")]),
    ],
)
def test_a_response_is_given_as_it_was(
    result: Result, status: int, headers: list[tuple[bytes, bytes]] | None
) -> None:
    head, body = as_given(result)
    assert head.code == status
    if headers is not None:
        assert [one for one in head.headers if one[0] != b"Content-Length"] == headers
        assert (head.length, body) == ((0, b"") if status == 200 else (None, b""))


def test_a_ticket_is_nothing_for_another_method() -> None:
    asking = Asking(str(ASK).encode(), b"POST")
    with pytest.raises(AttributeError):  # it goes on to the application
        resource(World()).render(asking)  # type: ignore[arg-type]


def test_a_client_that_has_left_is_not_answered() -> None:
    asking, world = Asking(str(ASK).encode()), World()
    waiting: Deferred[Any] = Deferred()
    world.run_with_result = lambda *_: waiting  # type: ignore[method-assign]
    resource(world).render(asking)  # type: ignore[arg-type]
    asking.left.errback(ConnectionError())
    waiting.callback(None)
    assert asking.head is None


@pytest.mark.parametrize("method", ["POST", "PATCH", "LOCK", "GET", "PUT", "DELETE"])
def test_what_may_do_harm_twice_is_tried_once(method: str) -> None:
    job = resource(World())._job(ASK, Request(method=method), NOW)
    assert job.definition.policy.attempts == (3 if method in ("GET", "PUT", "DELETE") else 1)
    assert SECRET not in repr(job)


@pytest.mark.parametrize(
    ("path", "prefix", "beneath"),
    [
        ("/a", "/a", True),
        ("/a/b", "/a", True),
        ("/ab", "/a", False),
        ("/a", "/a/", False),
        ("/a/", "/a/", True),
        ("/a/b", "/a/", True),
        ("/anything", "/", True),
        ("/", "/", True),
    ],
)
def test_a_path_is_beneath_another_or_is_not(path: str, prefix: str, beneath: bool) -> None:
    assert is_beneath(path, prefix) is beneath
