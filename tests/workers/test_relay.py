"""Runs of one worker are followed through another."""

from __future__ import annotations

from typing import Any

import pytest

from jqengine.redaction import Redactor
from jqengine.remote.hub import RunHub
from jqengine.remote.live import LiveOutput
from jqengine.remote.tails import Tail
from jqengine.workers.relay import Relay


class Line:
    """A client that follows."""

    full = False

    def __init__(self) -> None:
        self.events: list[tuple[dict[str, Any], bytes | None]] = []

    def waiting(self, change: int) -> None: ...

    def push(self, tail: int, event: dict[str, Any], data: bytes | None = None) -> None:
        self.events.append((event, data))


class Now:
    """A reactor whose calls from threads come at once."""

    def callFromThread(self, function: Any, *arguments: Any) -> None:
        function(*arguments)


class Workers:
    """Some workers whose messages come at once, unless they are behind."""

    def __init__(self, count: int) -> None:
        self.relays: dict[int, Relay] = {}
        self.lives: dict[int, LiveOutput] = {}
        self.behind: set[int] = set()
        self.sent = 0
        self.count = count
        for number in range(count):
            self.start(number)

    def start(self, number: int) -> None:
        others = tuple(one for one in range(self.count) if one != number)
        self.relays[number] = relay = Relay(number, others, self.send)
        self.lives[number] = live = LiveOutput(Now())  # type: ignore[arg-type]
        relay.join(RunHub(), live, Redactor(b"k"))

    def send(self, other: int, message: bytes) -> bool:
        if other in self.behind:
            return False
        self.sent += 1
        if other in self.relays:
            self.relays[other].received(message)
        return True

    def follow(self, number: int, job: str | None = None, *, output: bool = True) -> Any:
        line = Line()
        tail = Tail(line, 7, job, Redactor(b"k"), output=output)
        tail.until_stopped(self.lives[number].far.subscribe(tail.relayed))
        return line, tail

    def writes(self, number: int, job: str, data: bytes) -> None:
        facts = {"id": job, "run": "r", "attempt": 1, "name": "n"}
        environ = {"jobqueue.job": facts, "REQUEST_METHOD": "GET", "PATH_INFO": "/"}
        self.lives[number].wrote(environ, data)


@pytest.fixture
def workers() -> Workers:
    return Workers(3)


def said(line: Line) -> list[tuple[str, bytes | None]]:
    return [(event["event"], data) for event, data in line.events]


def test_nothing_is_sent_while_nobody_follows(workers: Workers) -> None:
    before = workers.sent
    workers.writes(0, "j", b"x")
    assert workers.sent == before


def test_who_follows_hears_the_others(workers: Workers) -> None:
    line, tail = workers.follow(1)
    workers.writes(0, "j", b"\x00one")
    workers.writes(2, "j", b"two")
    workers.writes(1, "j", b"its own comes another way")
    assert said(line) == [("output", b"\x00one"), ("output", b"two")]
    tail.stop()
    workers.writes(0, "j", b"three")
    assert len(line.events) == 2


def test_only_what_was_asked_for(workers: Workers) -> None:
    of_job, _ = workers.follow(1, "j")
    quiet, _ = workers.follow(1, output=False)
    workers.writes(0, "j", b"one")
    workers.writes(0, "other", b"two")
    assert said(of_job) == [("output", b"one")]
    assert said(quiet) == []


def test_one_that_is_behind_is_told_what_it_missed(workers: Workers) -> None:
    line, _ = workers.follow(1)
    workers.behind.add(1)
    workers.writes(0, "j", b"one")
    workers.writes(0, "j", b"two")
    workers.behind.clear()
    workers.writes(0, "j", b"three")
    assert said(line) == [("missed", None), ("output", b"three")]
    assert line.events[0][0]["count"] == 2


def test_one_that_starts_anew_is_told_who_follows_and_follows_nothing(workers: Workers) -> None:
    line, _ = workers.follow(1)
    workers.follow(0)
    workers.start(0)
    workers.writes(0, "j", b"one")
    assert said(line) == [("output", b"one")]
    before = workers.sent
    workers.writes(2, "j", b"two")
    assert workers.sent == before + 1
    assert said(line)[1:] == [("output", b"two")]
