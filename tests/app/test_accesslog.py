"""One line for each request, that no client can break."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.logger import LogEvent, formatEvent

from jqengine.app.accesslog import AccessLog, escaped
from jqengine.clock import SystemClock
from tests.app.fakes import SteadyClock
from tests.app.serving import served, until

LINE = re.compile(
    r'(?P<client>\S+) - - \[(?P<time>[^]]+)\] "(?P<request>(?:[^"\\]|\\x..)*)" (?P<status>\d{3}) '
    r'(?P<bytes>\d+|-) "(?P<referer>(?:[^"\\]|\\x..)*)" "(?P<agent>(?:[^"\\]|\\x..)*)" '
    r"(?P<duration>\d+\.\d{6})"
)


def hello(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"hello"]


async def logged(events: list[LogEvent], *requests: bytes, **settings: Any) -> list[LogEvent]:
    log = AccessLog(reactor, SteadyClock())
    async with served(hello, access_log=log, **settings) as server:
        for request in requests:
            await server.exchange(request)
    return [event for event in events if event["log_namespace"] == "jqengine.access"]


@pytest_twisted.ensureDeferred
async def test_a_request_is_one_line_in_the_combined_format(events) -> None:
    [event] = await logged(
        events,
        b"GET /a?b=c HTTP/1.1\r\nHost: x\r\nReferer: http://r/\r\nUser-Agent: me/1\r\n"
        b"Connection: close\r\n\r\n",
    )
    match = LINE.fullmatch(formatEvent(event))
    assert match
    assert match.groupdict() | {"duration": ""} == {
        "client": "127.0.0.1",
        "time": "24/Nov/2026:03:00:00 +0000",
        "request": "GET /a?b=c HTTP/1.1",
        "status": "200",
        "bytes": "5",
        "referer": "http://r/",
        "agent": "me/1",
        "duration": "",
    }
    assert {key: event[key] for key in ("method", "path", "protocol", "status", "bytes")} == {
        "method": "GET",
        "path": "/a?b=c",
        "protocol": "HTTP/1.1",
        "status": 200,
        "bytes": 5,
    }
    assert (event["client"], event["agent"]) == ("127.0.0.1", "me/1")
    assert 0 <= event["duration"] < 5


@pytest_twisted.ensureDeferred
async def test_refused_requests_are_logged_too(events) -> None:
    [event] = await logged(
        events, b"POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n", max_body=10
    )
    assert (event["status"], event["path"], event["agent"]) == (413, "/up", "-")
    assert LINE.fullmatch(formatEvent(event))


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_is_logged_once(events) -> None:
    inside, leave = threading.Event(), threading.Event()

    def slow(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        inside.set()
        leave.wait(5)
        return hello(environ, start_response)

    log = AccessLog(reactor, SystemClock())
    async with served(slow, access_log=log) as server:
        connection = await server.connect()
        connection.send(b"GET /left HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(inside.is_set)
        connection.transport.abortConnection()
        await until(lambda: not server.site._channels)
        leave.set()
    lines = [event for event in events if event["log_namespace"] == "jqengine.access"]
    assert [(event["path"], event["bytes"]) for event in lines] == [("/left", 0)]


@pytest_twisted.ensureDeferred
async def test_nothing_is_logged_without_a_log(events) -> None:
    async with served(hello) as server:
        await server.exchange(b"GET / HTTP/1.0\r\n\r\n")
    assert [event for event in events if event["log_namespace"] == "jqengine.access"] == []


@pytest_twisted.ensureDeferred
async def test_a_client_cannot_forge_a_line(events) -> None:
    [event] = await logged(
        events,
        b'GET /"%0a{x}\\ HTTP/1.0\r\nUser-Agent: a" 200\x1b[2J\x0b\x85{line}\xff\r\n\r\n',
    )
    text = formatEvent(event)
    match = LINE.fullmatch(text)
    assert match
    assert text.isascii()
    assert text.isprintable()
    assert match["request"] == r"GET /\x22%0a{x}\x5c HTTP/1.0"
    assert match["agent"] == r"a\x22 200\x1b[2J\x0b\x85{line}\xff"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (b"", "-"),
        (b"plain text", "plain text"),
        (b'a"b', r"a\x22b"),
        (b"a\\x22b", r"a\x5cx22b"),
        (b"\x00\t\x7f\x80\xa0\xad\xff", r"\x00\x09\x7f\x80\xa0\xad\xff"),
        (b"\xe2\x80\xa8", r"\xe2\x80\xa8"),
    ],
)
def test_what_is_not_plain_is_escaped(value: bytes | None, text: str) -> None:
    assert escaped(value) == text
