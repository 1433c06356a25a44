"""How many connections there may be, and which make room."""

from __future__ import annotations

import threading
from typing import Any

import pytest_twisted

from tests.app.serving import served, until

WHOLE = b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest_twisted.ensureDeferred
async def test_who_opens_many_and_asks_nothing_displaces_himself() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"fine"]

    async with served(application, most_connections=3) as server:
        kept = await server.connect()
        kept.send(WHOLE % b"")
        assert (await kept.response()).endswith(b"fine")
        silent = [await server.connect() for _ in range(2)]
        silent[0].send(b"GET / HTTP/1.1\r\nHost")  # half a head
        newcomer = await server.connect()
        newcomer.send(WHOLE % b"")
        assert (await newcomer.response()).endswith(b"fine")
        assert server.site.connections == 3
        # The one that has been open longest, though it has asked before; then the next.
        assert kept.closed
        another = await server.connect()
        another.send(WHOLE % b"")
        assert (await another.response()).endswith(b"fine")
        await until(lambda: silent[0].closed)
        assert not silent[1].closed
        for one in (silent[1], newcomer, another):
            await one.close()


@pytest_twisted.ensureDeferred
async def test_nobody_who_is_being_answered_makes_room() -> None:
    go_on = threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            go_on.wait(10)
        start_response("200 OK", [])
        return [b"fine"]

    async with served(application, most_connections=2) as server:
        busy = [await server.connect() for _ in range(2)]
        for one in busy:
            one.send(WHOLE % b"slow")
        await until(lambda: len([1 for one in server.site._channels if one.answering]) == 2)
        turned_away = await server.connect()
        assert await turned_away.everything() == b""
        go_on.set()
        for one in busy:
            assert (await one.response()).endswith(b"fine")
            await one.close()
