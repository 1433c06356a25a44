"""Requests over real sockets, as an application and its clients see them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import pytest_twisted

from tests.app.serving import body_of, head_of, served, until

CLOSE = b"Host: example.org\r\nConnection: close\r\n\r\n"


def echo_environ(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answers with all of its environ that is text, and the body."""
    shown = {key: value for key, value in environ.items() if isinstance(value, str)}
    shown["body"] = environ["wsgi.input"].read().decode("latin-1")
    shown["terminated"] = environ["wsgi.input_terminated"]
    body = json.dumps(shown).encode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [body]


async def environ_of(request: bytes, **settings: Any) -> dict[str, Any]:
    async with served(echo_environ, **settings) as server:
        response = await server.exchange(request)
    return json.loads(body_of(response))


@pytest_twisted.ensureDeferred
async def test_a_plain_request_is_answered() -> None:
    async with served(echo_environ) as server:
        response = await server.exchange(b"GET /a%20b/%C3%A9?x=%20&y HTTP/1.1\r\n" + CLOSE)
        port = server.port
    status, headers = head_of(response)
    environ = json.loads(body_of(response))
    assert status == b"HTTP/1.1 200 OK"
    assert headers[b"server"] == b"jqengine"
    assert headers[b"content-length"] == str(len(body_of(response))).encode()
    assert headers[b"connection"] == b"close"
    assert headers[b"date"].endswith(b" GMT")
    assert environ["PATH_INFO"] == "/a b/\xc3\xa9"
    assert environ["QUERY_STRING"] == "x=%20&y"
    assert environ["SCRIPT_NAME"] == ""
    assert environ["REQUEST_METHOD"] == "GET"
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert environ["SERVER_NAME"] == "example.org"
    assert environ["SERVER_PORT"] == str(port)
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["REMOTE_PORT"].isdigit()
    assert environ["wsgi.url_scheme"] == "http"
    assert environ["CONTENT_LENGTH"] == environ["CONTENT_TYPE"] == ""


@pytest_twisted.ensureDeferred
async def test_nothing_of_the_process_environment_leaks_in(monkeypatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_PROCESS", "x")
    monkeypatch.setenv("HTTP_PROXY", "http://elsewhere")
    environ = await environ_of(b"GET / HTTP/1.1\r\n" + CLOSE)
    assert not {"SECRET_OF_THE_PROCESS", "HTTP_PROXY", "PATH", "HOME"} & environ.keys()


@pytest_twisted.ensureDeferred
async def test_an_absolute_uri_gives_the_path_and_the_host() -> None:
    environ = await environ_of(b"GET http://other.example:81/x/y?q HTTP/1.1\r\n" + CLOSE)
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/x/y", "q")
    assert (environ["SERVER_NAME"], environ["HTTP_HOST"]) == (
        "other.example",
        "other.example:81",
    )
    environ = await environ_of(b"GET http://other.example HTTP/1.1\r\n" + CLOSE)
    assert environ["PATH_INFO"] == "/"


@pytest.mark.parametrize("target", [b"example.org:443", b"x", b"ftp://a/b"])
@pytest_twisted.ensureDeferred
async def test_other_forms_of_target_are_refused(target: bytes) -> None:
    async with served(echo_environ) as server:
        response = await server.exchange(b"CONNECT " + target + b" HTTP/1.1\r\n" + CLOSE)
    assert response.startswith(b"HTTP/1.1 400 Bad Request\r\n")


@pytest_twisted.ensureDeferred
async def test_two_hosts_are_refused() -> None:
    async with served(echo_environ) as server:
        response = await server.exchange(b"GET / HTTP/1.1\r\nHost: a\r\n" + CLOSE)
    assert response.startswith(b"HTTP/1.1 400 Bad Request\r\n")


@pytest_twisted.ensureDeferred
async def test_a_body_with_a_length_is_read() -> None:
    environ = await environ_of(
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Type: text/x\r\n" + CLOSE + b"hello"
    )
    assert (environ["body"], environ["CONTENT_LENGTH"], environ["CONTENT_TYPE"]) == (
        "hello",
        "5",
        "text/x",
    )
    assert not {"HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE"} & environ.keys()


@pytest_twisted.ensureDeferred
async def test_a_chunked_body_has_its_real_length() -> None:
    environ = await environ_of(
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + CLOSE + b"3\r\nabc\r\n"
        b"4;x=y\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n"
    )
    assert (environ["body"], environ["CONTENT_LENGTH"]) == ("abcdefg", "7")
    assert environ["terminated"] is True
    assert "HTTP_TRANSFER_ENCODING" not in environ


@pytest_twisted.ensureDeferred
async def test_a_form_is_left_to_the_application() -> None:
    environ = await environ_of(
        b"POST / HTTP/1.1\r\nContent-Length: 7\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n" + CLOSE + b"a=1&b=2"
    )
    assert environ["body"] == "a=1&b=2"


@pytest_twisted.ensureDeferred
async def test_a_body_too_big_for_memory_is_whole_and_can_be_sought() -> None:
    seen: list[tuple[str, int, bytes]] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        stream = environ["wsgi.input"]
        first = stream.read()
        stream.seek(0)
        seen.append((type(stream).__name__, len(first), stream.read(10)))
        start_response("204 No Content", [])
        return []

    size = 300_000
    body = b"0123456789" * (size // 10)
    async with served(application) as server:
        await server.exchange(b"PUT / HTTP/1.1\r\nContent-Length: %d\r\n" % size + CLOSE + body)
        await server.exchange(
            b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
            + CLOSE
            + b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)
        )
    assert [one[1:] for one in seen] == [(size, b"0123456789")] * 2
    assert "BytesIO" not in {one[0] for one in seen}


@pytest_twisted.ensureDeferred
async def test_one_connection_serves_many_requests() -> None:
    async with served(echo_environ) as server:
        connection = await server.connect()
        ports = set()
        for number in range(3):
            connection.send(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number)
            environ = json.loads(body_of(await connection.response()))
            assert environ["PATH_INFO"] == f"/{number}"
            ports.add(environ["REMOTE_PORT"])
        assert len(ports) == 1
        await connection.close()


@pytest_twisted.ensureDeferred
async def test_pipelined_requests_are_answered_in_order() -> None:
    requests = [b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(20)]
    async with served(echo_environ) as server:
        connection = await server.connect()
        connection.send(b"".join(requests))
        paths = [json.loads(body_of(await connection.response()))["PATH_INFO"] for _ in requests]
        await connection.close()
    assert paths == [f"/{number}" for number in range(20)]


@pytest_twisted.ensureDeferred
async def test_a_request_may_come_byte_by_byte() -> None:
    request = b"POST /slow HTTP/1.1\r\nContent-Length: 2\r\n" + CLOSE + b"ok"
    async with served(echo_environ) as server:
        connection = await server.connect()
        connection.transport.setTcpNoDelay(True)
        for byte in request:
            connection.send(bytes([byte]))
            await until(lambda: True)
        environ = json.loads(body_of(await connection.everything()))
    assert (environ["PATH_INFO"], environ["body"]) == ("/slow", "ok")


@pytest_twisted.ensureDeferred
async def test_http_1_0_gets_an_answer_that_ends_with_the_connection() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [])
        yield b"a"
        yield b"b"

    async with served(application) as server:
        response = await server.exchange(b"GET / HTTP/1.0\r\n\r\n")
    status, headers = head_of(response)
    assert (status, body_of(response)) == (b"HTTP/1.0 200 OK", b"ab")
    assert b"transfer-encoding" not in headers


@pytest_twisted.ensureDeferred
async def test_options_of_the_server_itself_need_no_application() -> None:
    async with served(echo_environ) as server:
        response = await server.exchange(b"OPTIONS * HTTP/1.1\r\n" + CLOSE)
    assert response.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head_of(response)[1][b"server"] == b"jqengine"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length\t: 5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\n Content-Length: 5\r\nX: y\r\n: z\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\x0bchunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding\x00: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\nb\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\x7f\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"G\xc3\x89T / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 600 + b"\r\n",
    ],
)
@pytest_twisted.ensureDeferred
async def test_what_could_smuggle_a_request_is_refused(request_bytes: bytes) -> None:
    called: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        called.append(environ)
        start_response("200 OK", [])
        return [b""]

    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    async with served(application) as server:
        response = await server.exchange(request_bytes + smuggled)
    assert called == []
    assert response == b"HTTP/1.1 400 Bad Request\r\n\r\n"
