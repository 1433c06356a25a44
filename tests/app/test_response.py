"""What PEP 3333 promises an application about its response, over real sockets."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.logger import LogEvent, formatEvent

from tests.app.serving import body_of, head_of, served, until

GET = b"GET /here HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
HEAD = b"HEAD /here HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
TEXT = [("Content-Type", "text/plain")]


async def answer(application: Any, request: bytes = GET) -> bytes:
    async with served(application) as server:
        return await server.exchange(request)


def answering(status: str, headers: list[tuple[str, str]], chunks: Any) -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, headers)
        return chunks

    return application


class Chunks:
    """An iterable that remembers whether it was closed."""

    def __init__(self, *chunks: Any, length: int | None = None) -> None:
        self.chunks = chunks
        self.length = length
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk

    def __len__(self) -> int:
        if self.length is None:
            raise TypeError("no length")
        return self.length

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    ("chunks", "length", "body"),
    [
        ([b"hello"], b"5", b"hello"),
        ((b"hello",), b"5", b"hello"),
        ([b"hel", b"", b"lo"], b"5", b"hello"),
        ([], b"0", b""),
        ([b""], b"0", b""),
        (Chunks(b"hello", length=1), b"5", b"hello"),
        (Chunks(b"hel", b"lo"), None, b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
        (Chunks(b"hel", b"lo", length=2), None, b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
        (iter([b"hello"]), None, b"5\r\nhello\r\n0\r\n\r\n"),
        (iter([]), None, b"0\r\n\r\n"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_a_length_is_added_when_it_is_known(
    chunks: Any, length: bytes | None, body: bytes
) -> None:
    response = await answer(answering("200 OK", TEXT, chunks))
    headers = head_of(response)[1]
    assert headers.get(b"content-length") == length
    assert headers.get(b"transfer-encoding") == (None if length else b"chunked")
    assert body_of(response) == body


@pytest.mark.parametrize("size", [64 * 1024, 64 * 1024 + 1, 1_000_000])
@pytest_twisted.ensureDeferred
async def test_a_long_list_is_one_body_with_its_length(size: int) -> None:
    response = await answer(answering("200 OK", TEXT, [b"x" * size]))
    assert head_of(response)[1][b"content-length"] == str(size).encode()
    assert body_of(response) == b"x" * size


@pytest.mark.parametrize(
    ("status", "headers", "chunks", "expected"),
    [
        ("200 OK", [("Content-Length", "5")], [b"hello"], {b"content-length": b"5"}),
        ("200 OK", [("Content-Length", "5")], [], {b"content-length": b"5"}),
        ("200 OK", [("Content-Length", "5")], iter([]), {b"content-length": b"5"}),
        ("200 OK", [], [b"hello"], {b"content-length": b"5"}),
        ("200 OK", [], [], {}),
        ("200 OK", [], iter([b"hel", b"lo"]), {}),
        ("404 Not Found", [], [b"x" * 100_000], {b"content-length": b"100000"}),
    ],
)
@pytest_twisted.ensureDeferred
async def test_head_has_the_headers_and_no_body(
    status: str, headers: Any, chunks: Any, expected: dict[bytes, bytes]
) -> None:
    response = await answer(answering(status, headers, chunks), HEAD)
    line, found = head_of(response)
    assert line == b"HTTP/1.1 " + status.encode()
    assert body_of(response) == b""
    assert {name: found[name] for name in found if name.startswith(b"content-l")} == expected
    assert b"transfer-encoding" not in found


@pytest.mark.parametrize(
    ("status", "length"), [("204 No Content", None), ("304 Not Modified", b"7")]
)
@pytest.mark.parametrize("chunks", [[], [b"body"], iter([b"body"])])
@pytest_twisted.ensureDeferred
async def test_statuses_without_a_body_have_none(
    status: str, length: bytes | None, chunks: Any
) -> None:
    response = await answer(answering(status, [("Content-Length", "7")], chunks))
    headers = head_of(response)[1]
    assert body_of(response) == b""
    assert headers.get(b"content-length") == length
    assert b"transfer-encoding" not in headers


@pytest_twisted.ensureDeferred
async def test_the_write_callable_comes_before_the_iterable() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        write = start_response("200 OK", [("Content-Length", "9")])
        write(b"abc")
        write(b"def")
        return [b"ghi"]

    assert body_of(await answer(application)) == b"abcdefghi"


@pytest_twisted.ensureDeferred
async def test_an_empty_write_sends_the_head() -> None:
    go_on = threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", TEXT)(b"")
        go_on.wait(5)
        return [b"later"]

    async with served(application) as server:
        connection = await server.connect()
        connection.send(GET)
        head = await connection.until(lambda received: b"\r\n\r\n" in received)
        assert head.endswith(b"\r\n\r\n")
        go_on.set()
        assert body_of(await connection.everything()) == b"5\r\nlater\r\n0\r\n\r\n"


@pytest_twisted.ensureDeferred
async def test_the_head_waits_for_the_first_chunk_and_each_chunk_goes_at_once() -> None:
    steps = [threading.Event() for _ in range(3)]

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        yield b""
        steps[0].wait(5)
        yield b"first"
        steps[1].wait(5)
        yield b"second"
        steps[2].wait(5)

    async with served(application) as server:
        connection = await server.connect()
        connection.send(GET)
        await until(lambda: True)
        assert connection.received == b""
        steps[0].set()
        await connection.until(lambda received: received.endswith(b"5\r\nfirst\r\n"))
        steps[1].set()
        await connection.until(lambda received: received.endswith(b"6\r\nsecond\r\n"))
        steps[2].set()
        assert (await connection.everything()).endswith(b"0\r\n\r\n")


@pytest_twisted.ensureDeferred
async def test_start_response_may_be_called_when_the_iteration_begins() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("201 Created", TEXT)
        yield b"made"

    assert (await answer(application)).startswith(b"HTTP/1.1 201 Created\r\n")


@pytest_twisted.ensureDeferred
async def test_an_error_before_the_body_replaces_the_head() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("X-First", "1")])
        try:
            raise ValueError("oh")
        except ValueError:
            start_response("503 Down", [("X-Second", "2")], sys.exc_info())
        return [b"sorry"]

    response = await answer(application)
    assert response.startswith(b"HTTP/1.1 503 Down\r\n")
    assert b"X-First" not in response


@pytest_twisted.ensureDeferred
async def test_an_error_after_the_body_began_is_raised_again(flushed) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        yield b"begun"
        try:
            raise ValueError("oh")
        except ValueError:
            start_response("503 Down", TEXT, sys.exc_info())

    response = await answer(application)
    assert response.endswith(b"5\r\nbegun\r\n")
    assert [str(failure.value) for failure in flushed()] == ["oh"]


@pytest_twisted.ensureDeferred
async def test_start_response_cannot_be_called_once_the_body_began(flushed) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        yield b"begun"
        start_response("200 OK", TEXT)

    await answer(application)
    assert [failure.type for failure in flushed()] == [AssertionError]


@pytest.mark.parametrize("given", ["200", "299", "200 ", "404 Nothing  here", "200 OK\tthen"])
@pytest_twisted.ensureDeferred
async def test_the_reason_may_be_anything_or_nothing(given: str) -> None:
    expected = {"200": b"200 OK", "299": b"299 "}.get(given, given.encode())
    response = await answer(answering(given, [], [b""]))
    assert response.startswith(b"HTTP/1.1 " + expected + b"\r\n")


BROKEN: list[tuple[str, list[Any]]] = [
    ("OK 200", []),
    ("20 OK", []),
    ("2000 OK", []),
    ("", []),
    ("200 O\rK", []),
    ("200 OK\r\nX: y", []),
    ("200 OK", [("X", "a\r\nSet-Cookie: b")]),
    ("200 OK", [("X", "a\nb")]),
    ("200 OK", [("X", "a\x00b")]),
    ("200 OK", [("X\r\nY", "a")]),
    ("200 OK", [("X Y", "a")]),
    ("200 OK", [("", "a")]),
    ("200 OK", [("X:", "a")]),
    ("200 OK", [("X", "\u20ac")]),
    ("200 \u20ac", []),
    ("200 OK", [("Connection", "close")]),
    ("200 OK", [("Transfer-Encoding", "chunked")]),
    ("200 OK", [("transfer-ENCODING", "chunked")]),
    ("200 OK", [("Keep-Alive", "x")]),
    ("200 OK", [("Upgrade", "websocket")]),
    ("200 OK", [("TE", "trailers")]),
    ("200 OK", [("Trailer", "x")]),
    ("200 OK", [("Proxy-Authenticate", "x")]),
    ("200 OK", [("Content-Length", "5"), ("Content-Length", "5")]),
    ("200 OK", [("Content-Length", "+5")]),
    ("200 OK", [("Content-Length", "\u0665")]),
    ("200 OK", [("Content-Length", "")]),
]


@pytest.mark.parametrize(("status", "headers"), BROKEN)
@pytest_twisted.ensureDeferred
async def test_a_head_that_cannot_be_sent_is_an_error_of_the_application(
    status: str, headers: list[Any], flushed: Callable[[], list[Any]]
) -> None:
    response = await answer(answering(status, headers, [b"hello"]))
    assert response.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert body_of(response) == b"Internal Server Error\n"
    [failure] = flushed()
    assert isinstance(failure.value, ValueError)


@pytest_twisted.ensureDeferred
async def test_latin_1_and_tabs_pass_in_values() -> None:
    response = await answer(answering("200 OK", [("X", "caf\xe9\tau lait")], [b""]))
    assert head_of(response)[1][b"x"] == b"caf\xe9\tau lait"


def not_called(environ: dict[str, Any], start_response: Any) -> Any:
    return [b"x"]


def not_called_in_a_generator(environ: dict[str, Any], start_response: Any) -> Any:
    yield b"x"


def no_iterable(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [])


def text_in_a_list(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [])
    return ["text"]


def text_in_a_generator(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [])
    yield "text"


def exits(environ: dict[str, Any], start_response: Any) -> Any:
    sys.exit(3)


def interrupts(environ: dict[str, Any], start_response: Any) -> Any:
    raise KeyboardInterrupt


def recurses(environ: dict[str, Any], start_response: Any) -> Any:
    return recurses(environ, start_response)


@pytest.mark.parametrize(
    "application",
    [
        not_called,
        not_called_in_a_generator,
        no_iterable,
        text_in_a_list,
        text_in_a_generator,
        exits,
        interrupts,
        recurses,
    ],
)
@pytest_twisted.ensureDeferred
async def test_a_broken_application_gives_500_and_the_connection_goes_on(
    application: Any, flushed: Callable[[], list[Any]], events: list[LogEvent]
) -> None:
    def sometimes(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/broken":
            return application(environ, start_response)
        start_response("200 OK", [])
        return [b"fine"]

    async with served(sometimes, threads=1) as server:
        connection = await server.connect()
        for path, status in ((b"/broken", b"500"), (b"/", b"200"), (b"/broken", b"500")):
            connection.send(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await connection.response()).split(b" ")[1] == status
        await connection.close()
    assert len(flushed()) == 2
    messages = [formatEvent(event) for event in events if "log_failure" in event]
    assert messages == ["The application failed in GET /broken"] * 2


@pytest_twisted.ensureDeferred
async def test_an_error_in_the_middle_breaks_the_response_off(flushed) -> None:
    chunks = Chunks(b"begun", RuntimeError("oh"))
    response = await answer(answering("200 OK", TEXT, chunks))
    assert response.endswith(b"5\r\nbegun\r\n")
    assert chunks.closed == 1
    assert len(flushed()) == 1


@pytest_twisted.ensureDeferred
async def test_a_body_longer_than_it_said_is_cut_and_logged(flushed) -> None:
    response = await answer(
        answering("200 OK", [("Content-Length", "7")], iter([b"hello", b"world"]))
    )
    assert body_of(response) == b"hellowo"
    assert [str(failure.value) for failure in flushed()] == [
        "the body is longer than its Content-Length"
    ]


@pytest.mark.parametrize("chunks", [[b"hello"], iter([b"hel", b"lo"])])
@pytest_twisted.ensureDeferred
async def test_a_body_shorter_than_it_said_ends_the_connection(chunks: Any, flushed) -> None:
    async with served(answering("200 OK", [("Content-Length", "7")], chunks)) as server:
        connection = await server.connect()
        connection.send(GET.replace(b"Connection: close\r\n", b""))
        assert body_of(await connection.everything()) == b"hello"
    assert [str(failure.value) for failure in flushed()] == [
        "the body is 2 bytes shorter than its Content-Length"
    ]


@pytest_twisted.ensureDeferred
async def test_a_body_that_is_missing_though_a_length_was_said_is_500(flushed) -> None:
    response = await answer(answering("200 OK", [("Content-Length", "7")], []))
    assert response.startswith(b"HTTP/1.1 500 ")
    assert len(flushed()) == 1


@pytest.mark.parametrize("request_bytes", [GET, HEAD])
@pytest_twisted.ensureDeferred
async def test_the_iterable_is_closed_once(request_bytes: bytes) -> None:
    for chunks in (Chunks(b"a", b"b"), Chunks(), Chunks(b"a", length=1)):
        await answer(answering("200 OK", TEXT, chunks), request_bytes)
        assert chunks.closed == 1


@pytest_twisted.ensureDeferred
async def test_an_iterable_is_closed_before_its_response_ends() -> None:
    class Slow(Chunks):
        def close(self) -> None:
            closing.set()
            go_on.wait(5)

    closing, go_on = threading.Event(), threading.Event()
    async with served(answering("200 OK", TEXT, Slow(b"body"))) as server:
        connection = await server.connect()
        connection.send(GET)
        await connection.until(lambda received: received.endswith(b"4\r\nbody\r\n"))
        await until(closing.is_set)
        go_on.set()
        assert (await connection.everything()).endswith(b"0\r\n\r\n")


@pytest_twisted.ensureDeferred
async def test_a_file_goes_through_the_file_wrapper_and_is_closed() -> None:
    content = bytes(range(256)) * 1000
    files: list[io.BytesIO] = []

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", str(len(content)))])
        files.append(io.BytesIO(content))
        return environ["wsgi.file_wrapper"](files[0], 4096)

    assert body_of(await answer(application)) == content
    assert files[0].closed


@pytest_twisted.ensureDeferred
async def test_the_body_of_a_request_is_closed_after_the_call() -> None:
    streams: list[Any] = []

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        streams.append(environ["wsgi.input"])
        start_response("200 OK", [])
        return [b"x"]

    await answer(application)
    await until(lambda: streams[0].closed)


@pytest_twisted.ensureDeferred
async def test_what_the_application_writes_to_its_errors_is_logged(events) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        environ["wsgi.errors"].write("a {brace} and\n")
        environ["wsgi.errors"].writelines(["two ", "parts"])
        environ["wsgi.errors"].flush()
        start_response("200 OK", [])
        return [b""]

    await answer(application)
    logged = [event for event in events if event["log_namespace"] == "wsgi"]
    assert [event["text"] for event in logged] == ["a {brace} and\n", "two parts"]


@pytest_twisted.ensureDeferred
async def test_the_application_runs_in_a_thread_of_the_pool() -> None:
    names: list[str] = []

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        names.append(threading.current_thread().name)
        start_response("200 OK", [])
        return [b""]

    await answer(application)
    assert names[0].startswith("web-")
    assert reactor.threadpool is None or names[0] not in str(reactor.threadpool.threads)


@pytest_twisted.ensureDeferred
async def test_extra_entries_are_in_every_environ() -> None:
    seen: list[Any] = []
    extra = {"jobqueue": object()}

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        seen.append(environ["jobqueue"])
        start_response("200 OK", [])
        return [b""]

    async with served(application, extra_environ=extra) as server:
        await server.exchange(GET)
        await server.exchange(GET)
    assert seen == [extra["jobqueue"]] * 2
