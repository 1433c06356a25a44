"""An engine reduced to what a client sees of it, on threads of its own."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from jqengine.wire.boxes import Box, BoxReader, pack_box

Answering = Callable[[dict[str, bytes]], dict[str, Any] | None]

NOW = "2026-11-24T03:00:00Z"


class HangUp(Exception):
    """Raised by what answers: end the connection without an answer."""


def job_json(job_id: str, **said: Any) -> dict[str, Any]:
    return {
        "id": job_id,
        "state": "scheduled",
        "origin": "client",
        "created": NOW,
        "due": NOW,
        "fired": 0,
        "method": "GET",
        "target": "/x",
        **said,
    }


def run_json(run_id: str, **said: Any) -> dict[str, Any]:
    return {
        "id": run_id,
        "job": run_id,
        "state": "finished",
        "due": NOW,
        "ready": NOW,
        "attempt": 1,
        "attempts": 3,
        "method": "GET",
        "target": "/x",
        **said,
    }


def result_json(**said: Any) -> dict[str, Any]:
    return {
        "attempt": 1,
        "status": 200,
        "reason": "OK",
        "headers": [["Content-Type", "text/plain; charset=utf-8"]],
        "size": 0,
        "started": NOW,
        "finished": NOW,
        **said,
    }


class FakeEngine:
    """Listens on a socket and answers each command with a function.

    A function gives the values of the answer, or ``None`` for no answer, or
    raises :class:`HangUp`; a value ``_error`` makes it an error.

    :ivar asked: every call that came, in order.
    :ivar connections: how many have been made.
    :ivar pushes: the events that are sent to who follows, and their data.
    """

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.address = f"unix:{path}"
        self.answers: dict[str, Answering] = {}
        self.asked: list[tuple[str, dict[str, bytes]]] = []
        self.connections = 0
        self.pushes: tuple[list[bytes], list[bytes]] = ([], [])
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listening: socket.socket | None = None

    def start(self) -> None:
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(self.path)
        self._listening.listen(100)
        self._run(self._accept, self._listening)

    def stop(self) -> None:
        """End everything, as a killed engine does."""
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.shutdown(socket.SHUT_RDWR)
            listening.close()
            Path(self.path).unlink()
        self.hang_up()
        for thread in self._threads:
            thread.join(5)
        self._threads.clear()

    def hang_up(self) -> None:
        """End every connection."""
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def calls(self, command: str) -> list[dict[str, bytes]]:
        """The arguments of every call of *command*."""
        return [arguments for name, arguments in self.asked if name == command]

    def _run(self, function: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=function, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._sockets.append(connection)
            self._run(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        reader = BoxReader()
        with connection:
            try:
                while data := connection.recv(65536):
                    for box in reader.feed(data):
                        self._answer(connection, box)
            except (OSError, HangUp):
                pass

    def _answer(self, connection: socket.socket, box: Box) -> None:
        command, tag = box.pop(b"_command").decode(), box.pop(b"_ask")
        arguments = {name.decode(): value for name, value in box.items()}
        with self._lock:
            self.asked.append((command, arguments))
        values = self.answers[command](arguments)
        if values is None:
            return
        connection.sendall(pack_box(answer_box(tag, values)))
        if command == "Tail":
            for event, data in zip(*self.pushes, strict=True):
                box = {b"_command": b"Event", b"tail": b"1", b"event": event, b"data": data}
                connection.sendall(pack_box(box))
            raise HangUp


def answer_box(tag: bytes, values: dict[str, Any]) -> Box:
    if "_error" in values:
        code, sentence = values["_error"]
        return {b"_error": tag, b"_error_code": code.encode(),
                b"_error_description": sentence.encode()}  # fmt: skip
    return {b"_answer": tag, **{name.encode(): _value(one) for name, one in values.items()}}


def _value(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return b"%d" % value
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()
