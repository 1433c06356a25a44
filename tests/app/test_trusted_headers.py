"""What only the engine may say reaches the application from no client, however spelled."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import pytest_twisted

from jqengine.app.environ import request_header_key
from tests.app.serving import served

TRUSTED = (
    "X-Via-JobQueue",
    "X-Via-JobQueue-Job",
    "X-Via-JobQueueing",
    "X-JobQueue-Run",
    "X-JobQueue-Attempt",
    "X-JobQueue-Due",
    "X-JobQueue-",
)


def spellings(name: str) -> set[str]:
    """*name* with every choice of dashes and underscores, in five kinds of case."""
    parts = name.split("-")
    joined = set()
    for separators in itertools.product("-_", repeat=len(parts) - 1):
        pairs = zip(parts, (*separators, ""), strict=True)
        joined.add("".join(part + separator for part, separator in pairs))
    return {
        changed
        for one in joined
        for changed in (one, one.lower(), one.upper(), one.swapcase(), one.title())
    }


def test_no_spelling_of_a_trusted_name_has_a_key() -> None:
    names = set().union(*(spellings(name) for name in TRUSTED))
    assert len(names) > 150
    assert {name for name in names if request_header_key(name.encode()) is not None} == set()


def test_a_key_of_the_engine_can_come_from_no_name_of_three_characters_more() -> None:
    token = b"!#$%&'*+-.^_`|~09azAZ"
    for extra in itertools.product(token, repeat=2):
        for name in (b"X-JobQueue-" + bytes(extra), b"x-via-jobqueue" + bytes(extra)):
            assert request_header_key(name) is None


@pytest.mark.parametrize("name", ["Proxy", "proxy", "PROXY", "pRoXy"])
def test_proxy_has_no_key(name: str) -> None:
    assert request_header_key(name.encode()) is None


@pytest.mark.parametrize("name", ["X_Y", "_", "Content_Length", "Content_Type", "Accept_", "_x"])
def test_no_name_with_an_underscore_has_a_key(name: str) -> None:
    assert request_header_key(name.encode()) is None


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Idempotency-Key", "HTTP_IDEMPOTENCY_KEY"),
        ("traceparent", "HTTP_TRACEPARENT"),
        ("X-JobQueuer", "HTTP_X_JOBQUEUER"),
        ("X-Via-Job-Queue", "HTTP_X_VIA_JOB_QUEUE"),
        ("JobQueue-Run", "HTTP_JOBQUEUE_RUN"),
        ("Proxy-Authorization", "HTTP_PROXY_AUTHORIZATION"),
        ("Content-Type", "CONTENT_TYPE"),
        ("content-length", "CONTENT_LENGTH"),
        ("Host", "HTTP_HOST"),
    ],
)
def test_other_names_pass(name: str, key: str) -> None:
    assert request_header_key(name.encode()) == key


LINES = [
    b"X-Via-JobQueue: yes",
    b"x-via-jobqueue: yes",
    b"X-VIA-JOBQUEUE: yes",
    b"X_Via_JobQueue: yes",
    b"x_via_jobqueue: yes",
    b"X-Via_JobQueue: yes",
    b"X_Via-JobQueue: yes",
    b"x-via_jobqueue: yes",
    b"X-Via-JobQueue:yes",
    b"X-Via-JobQueue:\tyes",
    b"X-Via-JobQueue: yes\r\nX-Via-JobQueue: yes",
    b"X-Via-JobQueue: yes\r\nx_via_jobqueue: yes",
    b"X-Via-JobQueue:\r\n yes",
    b"X-Via-JobQueue: y\r\n\tes",
    b"X-Other: a\r\nX-Via-JobQueue: yes",
    b"X-Other: a\r\n X-Via-JobQueue: yes",
    b"X-Other: a\x0bX-Via-JobQueue: yes",
    b"X-Other: a\x85X-Via-JobQueue: yes",
    b"X-Other: a\x1cX-Via-JobQueue: yes",
    b"X-Other: a\rX-Via-JobQueue: yes",
    b"X-Other: a\nX-Via-JobQueue: yes",
    b" X-Via-JobQueue: yes",
    b"\tX-Via-JobQueue: yes",
    b"X-Via-JobQueue : yes",
    b"X-Via-JobQueue\t: yes",
    b"X-Via-JobQueue\x0b: yes",
    b"X-Via-JobQueue\x00: yes",
    b"\x00X-Via-JobQueue: yes",
    b"X-Via-Job\x00Queue: yes",
    b"X-Via-JobQueue: yes\x00",
    b"X Via JobQueue: yes",
    b"X-Via-JobQueue\xa0: yes",
    b"\xefX-Via-JobQueue: yes",
    b"X-Via-JobQueue-Job: 1",
    b"X_Via_JobQueue_Job: 1",
    b"X-JobQueue-Run: 1",
    b"X_JobQueue_Run: 1",
    b"X-JobQueue_Attempt: 1",
    b"x-jobqueue-due: 1",
    b"Proxy: http://elsewhere",
    b"proxy: http://elsewhere",
    b"X_Remote_User: root",
    b"Content_Length: 9",
]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("place", ["first", "last", "alone"])
@pytest_twisted.ensureDeferred
async def test_over_a_socket_no_trusted_name_arrives(line: bytes, place: str) -> None:
    environs: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environs.append(environ)
        start_response("200 OK", [])
        return [b"ok"]

    close = [b"Connection: close", b"X-Before: z"]
    usual = [b"Host: x", b"Idempotency-Key: k", b"traceparent: t", *close]
    lines = {"first": [line, *usual], "last": [*usual, line], "alone": [line, *close]}[place]
    async with served(application) as server:
        response = await server.exchange(b"GET / HTTP/1.1\r\n" + b"\r\n".join(lines) + b"\r\n\r\n")
    if not environs:
        assert response == b"HTTP/1.1 400 Bad Request\r\n\r\n"
        return
    [environ] = environs
    squeezed = {"".join(filter(str.isalnum, key)).upper() for key in environ}
    assert not {key for key in squeezed if key.startswith(("HTTPXVIAJOBQ", "HTTPXJOBQ"))}
    assert not {"HTTP_PROXY", "HTTP_X_REMOTE_USER"} & environ.keys()
    assert environ["CONTENT_LENGTH"] == ""
    if place != "alone":
        assert (environ["HTTP_IDEMPOTENCY_KEY"], environ["HTTP_TRACEPARENT"]) == ("k", "t")


def test_the_lines_above_are_more_than_the_eighteen_asked_for() -> None:
    assert len(set(LINES)) > 40
