"""Group commit: a store's thread, with a database of paper and a reactor stepped by hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from jqengine.errors import StoreError, StoreFull, StoreUnavailable
from jqengine.news import Topic
from jqengine.store.news import tell
from jqengine.store.thread import MOST_ROWS, StoreThread
from jqengine.store.transacting import Trouble


class HandReactor:
    """Runs what threads hand over when the test says so, a hand-over at a time."""

    def __init__(self) -> None:
        self.handed: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def callFromThread(self, function: Any, *arguments: Any) -> None:
        self.handed.put(lambda: function(*arguments))

    def turn(self) -> None:
        self.handed.get(timeout=10)()


class PaperDatabase:
    """Writes down what is committed; *said* are the transactions, in order."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.info: dict[str, Any] = {}
        self.committed: list[Any] = []
        self.failing: Exception | None = None
        self.number: str | None = None
        self.lost_in_commit = False
        self.ended_well = True
        self.gate = threading.Event()
        self.gate.set()

    def check(self) -> None:
        self.gate.wait(10)

    def connect(self) -> Any:
        if self.failing is not None:
            raise self.failing
        self.said.append("connect")
        return self

    def transaction(self, _connection: Any) -> str | None:
        return self.number

    def was_committed(self, _connection: Any, transaction: str) -> bool:
        self.said.append(f"asked about {transaction}")
        return self.ended_well

    def close(self) -> None:
        self.said.append("close")

    @contextmanager
    def begin(self) -> Iterator[None]:
        kept = len(self.committed)
        try:
            yield
        except BaseException:
            del self.committed[kept:]
            self.said.append("rollback")
            raise
        if self.lost_in_commit:
            self.lost_in_commit = False
            if not self.ended_well:
                del self.committed[kept:]
            raise StoreUnavailable("the connection is lost")
        self.said.append(f"commit {len(self.committed) - kept}")

    def trouble(self, error: Exception) -> Trouble | None:
        if isinstance(error, StoreError):
            return Trouble(error, reconnect=not isinstance(error, StoreFull))
        return None


@pytest.fixture
def reactor() -> HandReactor:
    return HandReactor()


@pytest.fixture
def database() -> PaperDatabase:
    return PaperDatabase()


@pytest.fixture
def thread(reactor: HandReactor, database: PaperDatabase) -> Iterator[StoreThread]:
    thread = StoreThread("test store", database, reactor)  # type: ignore[arg-type]
    thread.start()
    yield thread
    database.gate.set()
    stopped: list[None] = []
    thread.stop().addCallback(stopped.append)
    while not stopped:
        reactor.turn()


def write(value: Any) -> Callable[[Any], Any]:
    """An operation that writes *value* and answers with it."""

    def operation(connection: PaperDatabase) -> Any:
        connection.committed.append(value)
        if isinstance(value, Exception):
            raise value
        return value

    return operation


def outcome(call: Deferred[Any]) -> Any:
    """The answer of a call, or its exception; ``None`` while there is none."""
    found: list[Any] = []
    call.addCallbacks(found.append, lambda failure: found.append(failure.value))
    return found[0] if found else None


def together(
    thread: StoreThread, database: PaperDatabase, reactor: HandReactor, *values: Any
) -> list[Any]:
    """The outcomes of calls that wait while another is under way."""
    reactor_calls = [thread.submit(write("connecting"))]
    reactor.turn()
    database.said.clear()
    database.gate.clear()
    reactor_calls += [thread.submit(write("first"))]
    reactor_calls += [thread.submit(write(value)) for value in values]
    database.gate.set()
    while not thread.idle:
        reactor.turn()
    return [outcome(call) for call in reactor_calls][2:]


def test_what_waits_is_committed_together_and_answered_in_one_turn(
    thread: StoreThread, database: PaperDatabase, reactor: HandReactor
) -> None:
    database.gate.clear()
    first = thread.submit(write(0))
    waiting = [thread.submit(write(number)) for number in range(1, 50)]
    database.gate.set()
    turns = 0
    while not thread.idle:
        reactor.turn()
        turns += 1
    assert [outcome(call) for call in (first, *waiting)] == list(range(50))
    assert database.committed == list(range(50))
    commits = [said for said in database.said if said.startswith("commit")]
    assert turns == len(commits) <= 2


def test_nothing_is_answered_before_it_is_committed(
    thread: StoreThread, database: PaperDatabase, reactor: HandReactor
) -> None:
    call = thread.submit(write("x"))
    assert not thread.idle
    reactor.turn()
    assert database.said == ["connect", "commit 1"]
    assert outcome(call) == "x"
    assert thread.idle


def test_one_that_fails_does_not_take_the_others_with_it(
    thread: StoreThread, database: PaperDatabase, reactor: HandReactor
) -> None:
    wrong = ValueError("no such thing")
    assert together(thread, database, reactor, "a", wrong, "b") == ["a", wrong, "b"]
    assert database.committed == ["connecting", "first", "a", "b"]
    assert "close" not in database.said


def test_one_that_fills_the_disk_does_not_take_the_others_with_it(
    thread: StoreThread, database: PaperDatabase, reactor: HandReactor
) -> None:
    full = StoreFull("the disk is full")
    assert together(thread, database, reactor, "a", full, "b") == ["a", full, "b"]
    assert "close" not in database.said


def test_trouble_with_the_database_is_everybodys_and_tried_once(
    thread: StoreThread, database: PaperDatabase, reactor: HandReactor
) -> None:
    gone = StoreUnavailable("gone")
    assert together(thread, database, reactor, "a", gone, "b") == [gone, gone, gone]
    assert database.said.count("rollback") == 1
    assert database.committed[:1] == ["connecting"]


def test_a_lost_connection_is_made_again(
    thread: StoreThread, database: PaperDatabase, reactor: HandReactor
) -> None:
    together(thread, database, reactor, StoreUnavailable("gone"))
    assert database.said[-1] == "close"
    database.failing = StoreUnavailable("still gone")
    call = thread.submit(write("early"))
    reactor.turn()
    assert outcome(call) is database.failing
    database.failing = None
    call = thread.submit(write("again"))
    reactor.turn()
    assert outcome(call) == "again"
    assert database.said[-2:] == ["connect", "commit 1"]


def test_a_transaction_is_not_larger_than_it_should_be(
    thread: StoreThread, database: PaperDatabase, reactor: HandReactor
) -> None:
    database.gate.clear()
    thread.submit(write("first"), MOST_ROWS)
    calls = [thread.submit(write(number), MOST_ROWS // 2) for number in range(4)]
    database.gate.set()
    while not thread.idle:
        reactor.turn()
    assert database.said == ["connect", "commit 1", "commit 2", "commit 2"]
    assert [outcome(call) for call in calls] == [0, 1, 2, 3]


def test_stopping_answers_what_was_submitted_and_refuses_what_comes(
    reactor: HandReactor, database: PaperDatabase
) -> None:
    thread = StoreThread("test store", database, reactor)  # type: ignore[arg-type]
    assert isinstance(outcome(thread.submit(write("early"))), StoreUnavailable)
    thread.start()
    call = thread.submit(write("last"))
    stopped = [outcome_of := thread.stop(), thread.stop()]
    refused = thread.submit(write("late"))
    assert outcome_of.called is False
    while not all(one.called for one in stopped):
        reactor.turn()
    assert outcome(call) == "last"
    assert isinstance(outcome(refused), StoreUnavailable)
    assert database.said == ["connect", "commit 1", "close"]
    assert thread.stop().called


def test_a_thread_can_be_started_again(reactor: HandReactor, database: PaperDatabase) -> None:
    thread = StoreThread("test store", database, reactor)  # type: ignore[arg-type]
    for number in range(2):
        thread.start()
        call = thread.submit(write(number))
        stopped = thread.stop()
        while not stopped.called:
            reactor.turn()
        assert outcome(call) == number


def test_what_is_committed_is_announced_and_nothing_else(
    database: PaperDatabase, reactor: HandReactor
) -> None:
    announced: list[tuple[list[Any], frozenset[Topic]]] = []
    thread = StoreThread(
        "telling store",
        database,  # type: ignore[arg-type]
        reactor,  # type: ignore[arg-type]
        lambda topics: announced.append((list(database.committed), topics)),
    )
    thread.start()

    def telling(*values: Any) -> Callable[[Any], Any]:
        def operation(connection: Any) -> None:
            tell(connection, Topic.READY)
            for value in values:
                write(value)(connection)

        return operation

    for operation in (write(1), telling(2), telling(3, ValueError("not this one")), write(4)):
        call = thread.submit(operation)
        reactor.turn()
        outcome(call)
    stopped: list[None] = []
    thread.stop().addCallback(stopped.append)
    while not stopped:
        reactor.turn()
    assert announced == [([1, 2], frozenset({Topic.READY}))]


@pytest.mark.parametrize("ended_well", [True, False])
def test_a_commit_in_doubt_is_answered_once_its_end_is_known(
    thread: StoreThread, database: PaperDatabase, reactor: HandReactor, ended_well: bool
) -> None:
    database.number, database.lost_in_commit, database.ended_well = "77", True, ended_well
    doubtful = thread.submit(write("doubtful"))
    # Asked again and again by itself, and before whatever comes next.
    while not doubtful.called:
        reactor.turn()
    assert "asked about 77" in database.said
    answer = outcome(doubtful)
    assert answer == "doubtful" if ended_well else isinstance(answer, StoreUnavailable)
    assert database.committed == (["doubtful"] if ended_well else [])


def test_a_commit_still_in_doubt_at_the_end_is_said_to_have_failed(
    reactor: HandReactor, database: PaperDatabase
) -> None:
    thread = StoreThread("test store", database, reactor)  # type: ignore[arg-type]
    thread.start()
    database.number, database.lost_in_commit = "77", True
    doubtful = thread.submit(write("doubtful"))
    while database.said[-1:] != ["close"]:
        time.sleep(0.001)
    database.failing = StoreUnavailable("away for good")
    stopped = thread.stop()
    while not stopped.called:
        reactor.turn()
    assert isinstance(outcome(doubtful), StoreUnavailable)
