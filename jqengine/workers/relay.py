"""Runs of one worker, followed through another."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

from jqengine.interfaces import IRunEvents
from jqengine.redaction import Redactor
from jqengine.remote.live import LiveOutput
from jqengine.remote.tails import Tail

Send = Callable[[int, bytes], bool]
"""Sends a message to the worker of a number; whether there was room for it."""


class Relay:
    """Tells other workers what they want to know, and hears what this one does.

    Nothing is sent unless somebody follows.  For the reactor thread.

    :param number: of this worker.
    :param others: the numbers of the others.
    """

    def __init__(self, number: int, others: tuple[int, ...], send: Send) -> None:
        self._number = number
        self._others = others
        self._send = send
        self._tails: dict[int, Tail] = {}

    def join(self, events: IRunEvents, live: LiveOutput, redactor: Redactor) -> None:
        """Begin: ask the others who follows, and tell them whether anybody does here."""
        self._events, self._live, self._redactor = events, live, redactor
        self._far = live.far
        self._far.wanted = self._say_whether_wanted
        self._say({"hello": self._number})

    def received(self, message: bytes) -> None:
        """Take what another worker says."""
        said = json.loads(message)
        if "event" in said:
            data = said.get("data")
            self._far.tell(said["event"], None if data is None else b64decode(data))
        elif "hello" in said:
            # It has just started, and followed nothing.
            self._stop(said["hello"])
            self._say_whether_wanted(self._far.followed)
        elif said["wanted"]:
            self._start(said["from"])
        else:
            self._stop(said["from"])

    def _say_whether_wanted(self, wanted: bool) -> None:
        self._say({"from": self._number, "wanted": wanted})

    def _say(self, said: dict[str, Any]) -> None:
        for other in self._others:
            self._send(other, json.dumps(said).encode())

    def _start(self, other: int) -> None:
        if other not in self._tails:
            line = _PeerLine(lambda message: self._send(other, message))
            tail = self._tails[other] = Tail(line, 0, None, self._redactor)
            tail.until_stopped(self._events.subscribe(tail))
            tail.until_stopped(self._live.subscribe(tail.wrote))

    def _stop(self, other: int) -> None:
        tail = self._tails.pop(other, None)
        if tail is not None:
            tail.stop()


class _PeerLine:
    """The way to another worker; see :class:`jqengine.remote.tails.Line`."""

    full = False

    def __init__(self, send: Callable[[bytes], bool]) -> None:
        self._send = send
        self._missed = 0

    def waiting(self, change: int) -> None:
        """Nothing that anybody counts."""

    def push(self, tail: int, event: dict[str, Any], data: bytes | None = None) -> None:
        """Send one event, unless the other is behind with reading."""
        if self._missed and self._send(_message({"event": "missed", "count": self._missed}, None)):
            self._missed = 0
        if self._missed or not self._send(_message(event, data)):
            self._missed += 1


def _message(event: dict[str, Any], data: bytes | None) -> bytes:
    said: dict[str, Any] = {"event": event}
    if data is not None:
        said["data"] = b64encode(data).decode()
    return json.dumps(said).encode()
