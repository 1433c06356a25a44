"""What the clients send for a continuation, and what a request's own queue adds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from jqengine.client import JobQueue, JobQueueMiddleware, OnSuccess
from jqengine.client.request import RequestQueue
from jqengine.eager import Eager, eager
from jqengine.errors import BadValue, NoSuchContinuation, NotPossible
from jqengine.remote.client import JobQueueClient
from jqengine.wire.views import ContinuationView
from tests.client.fake_engine import FakeEngine

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ENVIRON = {
    "REQUEST_METHOD": "POST",
    "PATH_INFO": "/form",
    "QUERY_STRING": "a=b",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_COOKIE": "session=abc",
}


def application(environ: Any, start_response: Any) -> list[bytes]:
    """Nothing that matters here."""
    start_response("200 OK", [])
    return []


@pytest.fixture
def engine() -> Iterator[Eager]:
    with eager(application, now="2026-11-24T03:00:00Z", session_cookie="session") as engine:
        yield engine


@pytest.fixture
def queue(engine: Eager) -> JobQueue:
    return engine.queue


def test_it_has_an_id_that_nobody_can_guess_and_a_link(queue: JobQueue) -> None:
    made = [queue.continuation(ENVIRON) for _ in range(100)]
    assert len({one.id for one in made}) == 100
    assert all(re.fullmatch(r"[0-9a-f]{32}", one.id) for one in made)
    assert made[0].url == f"/form?_k={made[0].id}"
    assert (made[0].method, made[0].target, made[0].reusable) == ("POST", "/form?a=b", False)


@pytest.mark.parametrize("attribute", ["environ", "META"])
def test_a_request_of_a_framework_will_do(queue: JobQueue, attribute: str) -> None:
    request = SimpleNamespace(**{attribute: ENVIRON})
    assert queue.continuation(request).target == "/form?a=b"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, "expected the environ of a request, or a session_id with a path"),
        ({"request": ENVIRON, "session_id": "abc"}, "expected the environ of a request, or"),
        ({"request": object()}, "object is no request; expected a WSGI environ"),
        ({"request": {"a": "b"}}, "dict is no request"),
        ({"request": ENVIRON, "state": {1, 2}}, "state: {1, 2} does not come back from JSON"),
        ({"request": ENVIRON, "expires": "soon"}, "expires: 'soon' is not a duration"),
    ],
)
def test_what_is_refused(queue: JobQueue, said: Any, sentence: str) -> None:
    with pytest.raises(BadValue, match=re.escape(sentence)):
        queue.continuation(**said)


def test_a_body_of_many_pieces_goes_along(engine: Eager) -> None:
    body = bytes(range(256)) * 1000
    made = engine.queue.continuation({**ENVIRON, "wsgi.input": BytesIO(body)})
    job = engine.queue.schedule(continuation=made)
    assert job.refresh().view.body_size == len(body)


def test_they_are_listed_dropped_and_cleared(queue: JobQueue) -> None:
    made = [queue.continuation(ENVIRON, reusable=True) for _ in range(3)]
    other = queue.continuation(session_id="other", path="/resume", expires="1h")
    assert len(queue.continuations()) == 4
    assert queue.continuations(limit=1)[0].id in {one.id for one in (*made, other)}
    assert queue.drop_continuation(made[0])
    assert not queue.drop_continuation(made[0].id)
    assert queue.clear_continuations(session_id="abc") == 2
    assert queue.clear_continuations() == 1
    with pytest.raises(NoSuchContinuation):
        queue.schedule(continuation=other)


def test_without_the_name_of_the_cookie_there_is_no_link() -> None:
    with eager(application) as engine:
        made = engine.queue.continuation(ENVIRON)
        with pytest.raises(NotPossible, match="--session-cookie NAME"):
            _ = made.url
        assert made.link is None


def test_what_a_request_has_made_is_noted_by_its_queue(engine: Eager) -> None:
    own = RequestQueue(engine.queue)
    environ = {**ENVIRON, "jobqueue": own}
    # Whichever queue is asked: the environ says whose request it is.
    one, two = engine.queue.continuation(environ), own.continuation(environ)
    engine.queue.continuation(ENVIRON)
    own.continuation(session_id="abc", path="/x")
    assert own.made == [one.id, two.id]


# The trace of a request, on its way to its jobs.


class Sent:
    """An engine that notes what reaches it."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        engine.answers["ScheduleMany"] = lambda said: {"answers": []}

    def headers(self) -> list[Any]:
        """The headers of each job scheduled so far."""
        return [json.loads(said.get("headers", b"null")) for said in self._engine.calls("Schedule")]

    def many(self) -> tuple[list[Any], Any]:
        """The jobs scheduled together, and what they have in common."""
        [said] = self._engine.calls("ScheduleMany")
        return json.loads(said["jobs"]), json.loads(said.get("defaults", b"null"))


@pytest.fixture
def sent(fake_engine: FakeEngine) -> Sent:
    return Sent(fake_engine)


@pytest.fixture
def own(fake_queue: JobQueue) -> RequestQueue:
    """The queue of a request that has a trace."""
    return RequestQueue(fake_queue, TRACE)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (None, [["traceparent", TRACE]]),
        ({"X-A": "1"}, [["X-A", "1"], ["traceparent", TRACE]]),
        ([("X-A", "1")], [["X-A", "1"], ["traceparent", TRACE]]),
        ({"Traceparent": "mine"}, {"Traceparent": "mine"}),
    ],
)
def test_a_job_continues_the_trace(
    own: RequestQueue, sent: Sent, headers: Any, expected: Any
) -> None:
    own.schedule("/x", headers=headers)
    assert sent.headers() == [expected]


@pytest.mark.parametrize("trace", [None, "", "nonsense", TRACE + "\r\nX-Via: yes", TRACE.upper()])
def test_what_is_no_trace_is_not_passed_on(fake_queue: JobQueue, sent: Sent, trace: Any) -> None:
    RequestQueue(fake_queue, trace).schedule("/x")
    assert sent.headers() == [None]


def test_many_jobs_have_it_in_common_but_for_those_with_headers(
    own: RequestQueue, sent: Sent
) -> None:
    jobs = [{"target": "/a"}, {"target": "/b", "headers": {"X-A": "1"}}]
    engine = sent._engine
    engine.answers["ScheduleMany"] = lambda said: {"answers": ["1" * 26, "2" * 26]}
    own.schedule_many(jobs)  # type: ignore[arg-type]
    sent_jobs, common = sent.many()
    assert common == {"headers": [["traceparent", TRACE]]}
    assert [job.get("headers") for job in sent_jobs] == [
        None,
        [["X-A", "1"], ["traceparent", TRACE]],
    ]


def test_a_continuation_keeps_the_trace_it_was_saved_with(engine: Eager) -> None:
    own = RequestQueue(engine.queue, TRACE)
    job = own.schedule(continuation=own.continuation(ENVIRON))
    assert job.view.headers[0][0] == "Cookie"
    assert len(job.view.headers) == 1


def test_everything_else_is_as_in_any_queue(engine: Eager) -> None:
    own = RequestQueue(engine.queue, TRACE)
    job = own.schedule("/x", name="n")
    assert own.job(name="n") == job
    assert own.stats()["scheduled"] + own.stats()["due"] == 1
    assert own.address == engine.queue.address
    assert repr(own) == repr(engine.queue)
    assert repr(own.on_success()) == f"<OnSuccess of {own!r}: 0 jobs>"
    assert isinstance(own.on_success(), OnSuccess)
    own.close()


def test_the_middleware_makes_a_queue_of_its_own_if_it_is_given_none(engine: Eager) -> None:
    seen: list[Any] = []

    def noting(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(environ["jobqueue"])
        return application(environ, start_response)

    wrapped = JobQueueMiddleware(noting)
    for _ in range(2):
        wrapped({**ENVIRON, "HTTP_TRACEPARENT": TRACE}, lambda *said: lambda data: None)
    assert seen[0] is not seen[1]
    assert seen[0].schedule("/x").view.headers == (("traceparent", TRACE),)


# The client for Twisted programs.


@ensureDeferred
async def test_the_same_verbs_on_twisted(fake_engine: FakeEngine) -> None:
    from twisted.internet import reactor

    described = {
        "id": "1" * 32,
        "link": "/form?_k=1",
        "method": "POST",
        "target": "/form",
        "reusable": False,
        "created": "2026-11-24T03:00:00Z",
        "expires": "2026-12-01T03:00:00Z",
    }
    fake_engine.answers["MakeContinuation"] = lambda said: {"continuation": described}
    fake_engine.answers["Continuations"] = lambda said: {"continuations": [described]}
    fake_engine.answers["DropContinuation"] = lambda said: {"count": 1}
    fake_engine.answers["ClearContinuations"] = lambda said: {"count": 5}
    client = JobQueueClient(reactor, fake_engine.address)
    made = await client.continuation(ENVIRON, state={"a": 1}, path="/other")
    assert isinstance(made, ContinuationView)
    [said] = fake_engine.calls("MakeContinuation")
    assert (said["state"], said["path"], said["method"]) == (b'{"a":1}', b"/other", b"POST")
    assert len(said["id"]) == 32
    assert await client.continuations() == [made]
    assert await client.drop_continuation(made.id)
    assert await client.clear_continuations(session_id="abc") == 5
    assert fake_engine.calls("ClearContinuations") == [{"session": b"abc"}]
    await client.close()
