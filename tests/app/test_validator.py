"""``wsgiref.validate`` around the application finds nothing to complain about."""

from __future__ import annotations

from typing import Any
from wsgiref.validate import validator

import pytest
import pytest_twisted

from tests.app.serving import served

CLOSE = b"Host: example.org\r\nConnection: close\r\n\r\n"


@validator
def application(environ: dict[str, Any], start_response: Any) -> Any:
    stream = environ["wsgi.input"]
    stream.read(1)
    stream.readline()
    stream.readlines()
    list(stream)
    environ["wsgi.errors"].flush()
    if environ["PATH_INFO"] == "/write":
        start_response("200 OK", [("Content-Type", "text/plain")])(b"written ")
        return [b"and returned"]
    if environ["PATH_INFO"] == "/none":
        start_response("204 No Content", [])
        return []
    start_response("200 OK", [("Content-Type", "text/plain")])
    return iter([b"one", b"", b"two"])


@pytest.mark.filterwarnings("error::wsgiref.validate.WSGIWarning")
@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\n" + CLOSE,
        b"GET /a%00%ff%2fb;c=d?x=%zz&y#z HTTP/1.1\r\n" + CLOSE,
        b"GET //x HTTP/1.1\r\n" + CLOSE,
        b"GET http://other/x HTTP/1.1\r\n" + CLOSE,
        b"HEAD / HTTP/1.1\r\n" + CLOSE,
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET /write HTTP/1.1\r\n" + CLOSE,
        b"DELETE /none HTTP/1.1\r\n" + CLOSE,
        b"GET / HTTP/1.1\r\nCookie: a\r\nCookie: b\r\nX: 1\r\nX: 2\r\n" + CLOSE,
        b"POST / HTTP/1.1\r\nContent-Length: 12\r\nContent-Type: text/x\r\n"
        + CLOSE
        + b"one\ntwo\nthre",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + CLOSE + b"3\r\nabc\r\n0\r\n\r\n",
    ],
)
@pytest_twisted.ensureDeferred
async def test_the_validator_finds_nothing(request_bytes: bytes, flushed) -> None:
    async with served(application) as server:
        response = await server.exchange(request_bytes)
    assert flushed() == []
    assert response.split(b" ")[1] in (b"200", b"204")


@pytest_twisted.ensureDeferred
async def test_repeated_headers_are_joined() -> None:
    seen: list[dict[str, Any]] = []

    def keep(environ: dict[str, Any], start_response: Any) -> Any:
        seen.append(environ)
        start_response("200 OK", [])
        return [b""]

    async with served(keep) as server:
        await server.exchange(
            b"GET / HTTP/1.1\r\nCookie: a=1\r\nX: 1\r\nCookie: b=2\r\nX: 2\r\n" + CLOSE
        )
    assert (seen[0]["HTTP_COOKIE"], seen[0]["HTTP_X"]) == ("a=1; b=2", "1,2")
