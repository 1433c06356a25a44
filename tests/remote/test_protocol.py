"""The bounded protocol: whatever a peer sends, it costs little and harms nobody."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher
from twisted.protocols import amp

from jqengine.errors import BadValue, PastInstant
from jqengine.remote.complaints import Complaints
from jqengine.remote.limits import Limits
from jqengine.remote.protocol import BoundedAMP
from jqengine.wire.boxes import LARGEST_BOX, pack_box
from tests.remote.peer import Peer

LIMITS = Limits(calls=4, idle=100, box=10, stalled=20)


class Engine:
    """Answers ``Now`` at once, ``Later`` when told to, ``Fail`` with an error."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.later: list[Deferred[amp.AmpBox]] = []
        self.error: Exception = BadValue("why")
        self.complaints: list[str] = []
        self.protocol = BoundedAMP(
            reactor=self.clock,
            limits=LIMITS,
            locate=self.locate,
            complain=self.complaints.append,
        )
        self.peer = Peer(self.protocol)

    def locate(self, name: bytes) -> Callable[[amp.AmpBox], Deferred[amp.AmpBox]] | None:
        return {
            b"Now": lambda box: succeed(amp.AmpBox(answer=box[b"given"])),
            b"Later": self._later,
            b"Fail": lambda box: fail(self.error),
            b"Wait": self._wait,
        }.get(name)

    def _later(self, box: amp.AmpBox) -> Deferred[amp.AmpBox]:
        self.later.append(Deferred())
        return self.later[-1]

    def _wait(self, box: amp.AmpBox) -> Deferred[amp.AmpBox]:
        self.protocol.waiting(1)
        return self._later(box).addBoth(self._waited)

    def _waited(self, result: amp.AmpBox) -> amp.AmpBox:
        self.protocol.waiting(-1)
        return result

    def answer_one(self) -> None:
        self.later.pop(0).callback(amp.AmpBox())


@pytest.fixture
def engine() -> Engine:
    return Engine()


def test_a_call_is_answered(engine: Engine) -> None:
    answer = engine.peer.call("Now", given=b"x" * 60000)
    assert answer[b"answer"] == b"x" * 60000


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (BadValue("too much"), b"BAD_VALUE", b"too much"),
        (PastInstant("at", "that was 3 hours ago"), b"PAST_INSTANT", b"that was 3 hours ago"),
        (BadValue("x" * 100_000), b"BAD_VALUE", b"x" * 3997 + b"..."),
    ],
)
def test_an_error_has_its_code_and_sentence_and_the_connection_goes_on(
    error: Exception, code: bytes, sentence: bytes, engine: Engine
) -> None:
    engine.error = error
    answer = engine.peer.call("Fail")
    assert (answer[b"_error_code"], answer[b"_error_description"]) == (code, sentence)
    assert engine.peer.call("Now", given=b"1")[b"answer"] == b"1"


def test_a_bug_is_logged_and_not_shown(engine: Engine) -> None:
    engine.error = KeyError("secret")
    logged = []
    globalLogPublisher.addObserver(logged.append)
    try:
        answer = engine.peer.call("Fail")
    finally:
        globalLogPublisher.removeObserver(logged.append)
    assert answer[b"_error_code"] == b"ENGINE_ERROR"
    assert b"secret" not in answer[b"_error_description"]
    assert any("log_failure" in event for event in logged)
    assert not engine.peer.gone


def test_an_unknown_command_and_twisteds_own_are_refused(engine: Engine) -> None:
    for command in ("Nonsense", "StartTLS"):
        assert engine.peer.call(command)[b"_error_code"] == b"UNHANDLED"
    assert not engine.peer.gone


def test_a_call_without_ask_is_not_answered_even_when_it_fails(engine: Engine) -> None:
    engine.peer.send(pack_box({b"_command": b"Fail"}))
    engine.peer.send(pack_box({b"_command": b"Nonsense"}))
    assert engine.peer.answers() == []
    assert not engine.peer.gone


@pytest.mark.parametrize(
    "data",
    [
        pack_box({b"_answer": b"1", b"x": b"y"}),
        pack_box({b"_error": b"1", b"_error_code": b"c", b"_error_description": b"d"}),
        pack_box({b"x": b"y"}),
        b"\0\0",
        b"\x01\x00",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"".join(b"\x00\x01%c\xff\xff" % n + b"x" * 65535 for n in b"abc"),
    ],
)
def test_what_is_no_call_ends_the_connection_and_raises_nothing(
    data: bytes, engine: Engine
) -> None:
    engine.peer.send(data)
    assert engine.peer.gone
    assert len(engine.complaints) == 1
    engine.peer.send(pack_box({b"_command": b"Now", b"_ask": b"1", b"given": b""}))
    assert engine.clock.getDelayedCalls() == []


def test_random_bytes_raise_nothing_and_keep_nothing() -> None:
    chance = random.Random(4)
    for _ in range(300):
        engine = Engine()
        good = pack_box({b"_command": b"Now", b"_ask": b"1", b"given": b"x"})
        data = bytearray(good * 3)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        while data and not engine.peer.gone:
            size = chance.randint(1, 50)
            engine.peer.send(bytes(data[:size]))
            del data[:size]
        if not engine.peer.gone:
            engine.peer.transport.loseConnection()
        assert engine.clock.getDelayedCalls() == []


def test_no_more_is_taken_or_read_while_enough_is_under_way(engine: Engine) -> None:
    for _ in range(6):
        engine.peer.ask("Later")
    assert len(engine.later) == LIMITS.calls
    assert not engine.peer.transport.is_read
    engine.answer_one()
    assert len(engine.later) == LIMITS.calls
    for _ in range(3):
        engine.answer_one()
    assert len(engine.later) == 2
    assert engine.peer.transport.is_read
    assert len(engine.peer.answers()) == 4


def test_calls_in_one_piece_are_answered_in_order_without_recursion(engine: Engine) -> None:
    box = {b"_command": b"Now", b"given": b""}
    engine.peer.send(b"".join(pack_box({**box, b"_ask": b"%d" % n}) for n in range(3000)))
    assert [box[b"_answer"] for box in engine.peer.answers()] == [b"%d" % n for n in range(3000)]


def test_calls_that_wait_do_not_keep_others_out(engine: Engine) -> None:
    for _ in range(10):
        engine.peer.ask("Wait")
    assert engine.peer.transport.is_read
    assert engine.peer.call("Now", given=b"1")[b"answer"] == b"1"
    while engine.later:
        engine.answer_one()
    assert len(engine.peer.answers()) == 10


def test_a_peer_that_does_not_read_is_not_read_and_ends(engine: Engine) -> None:
    engine.protocol.pauseProducing()
    assert not engine.peer.transport.is_read
    engine.clock.advance(LIMITS.stalled - 1)
    engine.protocol.resumeProducing()
    assert engine.peer.transport.is_read
    engine.clock.advance(LIMITS.stalled)
    assert not engine.peer.gone
    engine.protocol.pauseProducing()
    engine.clock.advance(LIMITS.stalled)
    assert engine.peer.gone


def test_a_box_must_be_whole_in_time_however_slowly_it_drips(engine: Engine) -> None:
    data = pack_box({b"_command": b"Now", b"_ask": b"1", b"given": b""})
    for start in range(12):
        engine.peer.send(data[start : start + 1])
        engine.clock.advance(1)
    assert engine.peer.gone


def test_one_slow_box_after_another_is_no_reason_to_end(engine: Engine) -> None:
    data = pack_box({b"_command": b"Now", b"_ask": b"1", b"given": b""})
    for _ in range(5):
        engine.peer.send(data[:10])
        engine.clock.advance(LIMITS.box - 1)
        engine.peer.send(data[10:])
    assert not engine.peer.gone
    assert len(engine.peer.answers()) == 5


def test_an_unfinished_box_is_not_held_against_a_peer_that_is_not_read(engine: Engine) -> None:
    whole = pack_box({b"_command": b"Later", b"_ask": b"1"})
    engine.peer.send(whole * LIMITS.calls + whole[:5])
    engine.clock.advance(LIMITS.box * 2)
    assert not engine.peer.gone
    engine.answer_one()
    engine.clock.advance(LIMITS.box)
    assert engine.peer.gone


def test_an_idle_connection_ends_but_not_one_with_a_call_under_way(engine: Engine) -> None:
    engine.peer.call("Now", given=b"")
    engine.clock.advance(LIMITS.idle - 1)
    engine.peer.call("Now", given=b"")
    engine.clock.advance(LIMITS.idle - 1)
    assert not engine.peer.gone
    engine.peer.ask("Wait")
    for _ in range(5):
        engine.clock.advance(LIMITS.idle)
    assert not engine.peer.gone
    engine.answer_one()
    engine.clock.advance(LIMITS.idle)
    assert engine.peer.gone
    assert engine.clock.getDelayedCalls() == []


def test_an_answer_to_somebody_who_has_left_is_dropped(engine: Engine) -> None:
    engine.peer.ask("Later")
    engine.peer.transport.loseConnection()
    engine.answer_one()
    assert engine.clock.getDelayedCalls() == []


def test_what_a_peer_had_begun_is_not_kept_when_it_leaves(engine: Engine) -> None:
    whole = pack_box({b"_command": b"Later", b"_ask": b"1", b"given": b"x" * 60_000})
    engine.peer.send(whole * (LIMITS.calls + 2) + whole[:-10])
    assert engine.protocol._reader.unfinished
    engine.peer.transport.loseConnection()
    assert not engine.protocol._reader.unfinished
    assert not engine.protocol._boxes


def test_the_largest_box_is_taken(engine: Engine) -> None:
    box = {b"_command": b"Now", b"_ask": b"1", b"given": b"x" * 65535, b"more": b"y" * 65535}
    assert len(pack_box(box)) < LARGEST_BOX
    engine.peer.send(pack_box(box))
    assert len(engine.peer.answers()) == 1


def test_complaints_do_not_fill_the_log() -> None:
    clock, logged = Clock(), []
    complain = Complaints(clock)
    globalLogPublisher.addObserver(logged.append)
    try:
        for _ in range(1000):
            complain("A client is disconnected: it sent an empty box")
            clock.advance(0.1)
    finally:
        globalLogPublisher.removeObserver(logged.append)
    said = [formatEvent(event) for event in logged if "complaint" in event]
    assert said == [
        "A client is disconnected: it sent an empty box",
        "A client is disconnected: it sent an empty box (and 599 before)",
    ]
