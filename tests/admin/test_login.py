"""Names and passwords: who is known, how often one may try, and what a stranger learns."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.cred.checkers import FilePasswordDB, InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from jqengine.admin.answer import Answer
from jqengine.admin.attempts import MOST_FAILURES, MOST_PEERS, PAUSE, Attempts, peer_of
from jqengine.admin.credentials import Checker, Given, checker_of, given_in
from jqengine.admin.login import MOST_AT_ONCE, PATIENCE, REFUSAL_TIME, REMEMBERED, Login
from jqengine.errors import BadValue
from tests.admin.hostile import ALL

PEER = "192.0.2.7"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


ALICE = basic("alice", "wonder:land")


class Counting:
    """A checker that knows alice, and counts who asks."""

    def __init__(self, answer: Any = b"alice") -> None:
        self.asked: list[tuple[bytes, bytes]] = []
        self.answer = answer

    def requestAvatarId(self, credentials: Any) -> Any:
        self.asked.append((credentials.username, credentials.password))
        if (credentials.username, credentials.password) != (b"alice", b"wonder:land"):
            return fail(UnauthorizedLogin())
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer if isinstance(self.answer, Deferred) else succeed(self.answer)


class Office:
    """A login on a played clock."""

    def __init__(self, *checkers: Any) -> None:
        self.clock = Clock()
        self.login = Login(self.clock, [Checker(one, None) for one in checkers], b"key")

    def try_(self, header: str, peer: str = PEER) -> Deferred[str | Answer]:
        return Deferred.fromCoroutine(self.login.user(header, peer))

    def now(self, header: str, peer: str = PEER) -> str | int:
        """The user, or the status of a refusal that comes at once or in its time."""
        answers: list[str | Answer] = []
        self.try_(header, peer).addCallback(answers.append)
        if not answers:
            self.clock.advance(REFUSAL_TIME)
        (answer,) = answers
        return answer if isinstance(answer, str) else answer.status


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic ", "Basic !!!", "Bearer abc", basic("alice", ""), basic("", "x"),
     "Basic " + base64.b64encode(b"alice").decode(),
     "Basic " + base64.b64encode(b"\xff:x").decode(),
     basic("a\nb", "x"), basic("a", "x\x00"), basic("alice", "x" * 2000), ALICE + "\n" + ALICE],
)  # fmt: skip
def test_what_is_no_login_is_not_even_tried(header: str) -> None:
    counting = Counting()
    office = Office(counting)
    answer = office.try_(header).result
    assert isinstance(answer, Answer)
    assert answer.status == 401
    assert dict(answer.headers)["WWW-Authenticate"].startswith("Basic realm=")
    assert not counting.asked
    assert given_in(header) is None


def test_names_and_passwords_in_any_language() -> None:
    assert given_in("basic " + basic("žofie", "пароль: ☂").split()[1]) == Given(
        "žofie", "пароль: ☂"
    )


def test_a_right_password_is_not_checked_again_for_a_while() -> None:
    counting = Counting()
    office = Office(counting)
    for _ in range(3):
        assert office.now(ALICE) == "alice"
    assert counting.asked == [(b"alice", b"wonder:land")]
    office.clock.advance(REMEMBERED)
    assert office.now(ALICE) == "alice"
    assert len(counting.asked) == 2


def test_a_refusal_takes_the_same_time_whatever_is_wrong() -> None:
    slow: Deferred[Any] = Deferred()
    office = Office(Counting(slow), InMemoryUsernamePasswordDatabaseDontUse(bob=b"x"))
    for header in (basic("nobody", "x"), basic("bob", "y"), basic("alice", "wrong")):
        answers: list[object] = []
        office.try_(header).addCallback(answers.append)
        office.clock.advance(REFUSAL_TIME - 0.01)
        assert not answers
        office.clock.advance(0.02)
        assert answers
    answers = []
    office.try_(ALICE).addCallback(answers.append)
    office.clock.advance(REFUSAL_TIME / 2)
    slow.errback(UnauthorizedLogin())
    office.clock.advance(REFUSAL_TIME / 2 - 0.01)
    assert not answers
    office.clock.advance(0.02)
    assert answers


def test_several_checkers_are_asked_in_turn() -> None:
    office = Office(Counting(), InMemoryUsernamePasswordDatabaseDontUse(bob=b"x"))
    assert office.now(basic("bob", "x")) == "bob"
    assert office.now(ALICE) == "alice"


@pytest.mark.parametrize("answer", [(), b"", None, RuntimeError("wonder:land")])
def test_nobody_in_particular_is_nobody(answer: Any) -> None:
    logged: list[Any] = []
    globalLogPublisher.addObserver(logged.append)
    try:
        assert Office(Counting(answer)).now(ALICE) == 401
    finally:
        globalLogPublisher.removeObserver(logged.append)
    assert "wonder" not in str(logged)


def test_who_fails_too_often_has_to_wait_and_others_do_not() -> None:
    counting = Counting()
    office = Office(counting)
    assert office.now(ALICE, "198.51.100.1") == "alice"
    failures = [office.try_(basic("alice", str(number))) for number in range(MOST_FAILURES)]
    refused = office.try_(basic("alice", "x")).result
    assert isinstance(refused, Answer)
    assert (refused.status, refused.headers) == (429, (("Retry-After", str(int(PAUSE))),))
    assert office.now(basic("alice", "wonder:land ")) == 429
    assert len(counting.asked) == MOST_FAILURES + 1
    office.clock.advance(REFUSAL_TIME)
    assert all(one.result.status == 401 for one in failures)
    # Who is known already, and who comes from elsewhere, is let in.
    assert office.now(ALICE) == "alice"
    office.clock.advance(REMEMBERED)
    assert office.now(ALICE, "198.51.100.1") == "alice"


def test_a_peer_is_forgiven_with_time_and_for_a_success() -> None:
    attempts = Attempts()
    for _ in range(MOST_FAILURES):
        assert attempts.wait("a", 0.0) == 0.0
    assert attempts.wait("a", 0.0) == PAUSE
    assert attempts.wait("a", PAUSE / 2) == PAUSE / 2
    assert attempts.wait("a", PAUSE) == 0.0
    for _ in range(100):
        assert attempts.wait("b", 0.0) == 0.0
        attempts.succeeded("b", 0.0)


def test_the_table_of_peers_is_bounded() -> None:
    attempts = Attempts()
    for number in range(2 * MOST_PEERS):
        assert attempts.wait(f"peer {number}", float(number)) == 0.0
    assert len(attempts._accounts) == MOST_PEERS


def test_a_network_of_ipv6_is_one_peer() -> None:
    assert peer_of("2001:db8::1") == peer_of("2001:db8::ffff:1") == "2001:db8::/64"
    assert peer_of("2001:db8:0:1::1") != peer_of("2001:db8::1")
    assert peer_of("::ffff:192.0.2.1") == "::ffff:192.0.2.1"
    assert (peer_of("192.0.2.1"), peer_of("")) == ("192.0.2.1", "")


def test_a_checker_that_does_not_answer_is_not_waited_for() -> None:
    never: Deferred[Any] = Deferred()
    office = Office(Counting(never))
    answers: list[Any] = []
    office.try_(ALICE).addCallback(answers.append)
    office.clock.advance(PATIENCE - 0.1)
    assert not answers
    office.clock.advance(0.2)
    office.clock.advance(0)
    assert [answer.status for answer in answers] == [401]


def test_there_is_a_bound_on_logins_under_way() -> None:
    never: Deferred[Any] = Deferred()
    office = Office(Counting(never))
    waiting = [office.try_(ALICE, f"192.0.2.{number}") for number in range(MOST_AT_ONCE)]
    assert office.now(ALICE) == 503
    never.callback(b"alice")
    assert waiting[0].result == "alice"
    assert office.now(ALICE) == "alice"


@pytest.mark.parametrize("text", ALL)
def test_what_is_logged_of_a_failure_is_one_plain_line_without_the_password(text: str) -> None:
    logged: list[str] = []

    def note(event: Any) -> None:
        logged.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(note)
    try:
        Office(Counting()).now(basic(text.replace(":", "."), "Pass-W0rd"))
    finally:
        globalLogPublisher.removeObserver(note)
    assert "Pass-W0rd" not in str(logged)
    assert all(line.isascii() and line.isprintable() for line in logged)


def password_file(directory: Path, text: str, mode: int = 0o600) -> Path:
    file = directory / "passwords"
    file.write_text(text)
    file.chmod(mode)
    return file


def made(description: str, directory: Path) -> Checker:
    return checker_of(description, lambda name: str(directory / name), None)


@ensureDeferred
async def test_passwords_from_a_file(tmp_path: Path) -> None:
    password_file(tmp_path, "alice:wonderland\n\nbob:x\n")
    checker = made("file:passwords", tmp_path)
    assert await checker.user(Given("alice", "wonderland")) == "alice"
    assert await checker.user(Given("alice", "x")) is None
    assert await checker.user(Given("eve", "x")) is None


@ensureDeferred
async def test_a_checker_that_blocks_is_asked_in_a_thread(tmp_path: Path) -> None:
    password_file(tmp_path, "alice:wonderland\n")
    asked: list[Any] = []

    def in_thread(function: Any) -> Deferred[Any]:
        asked.append(function)
        answer: Deferred[Any] = Deferred()
        try:
            answer.callback(function())
        except Exception:
            answer.errback()
        return answer

    checker = checker_of("file:passwords", lambda name: str(tmp_path / name), in_thread)
    assert await checker.user(Given("alice", "wonderland")) == "alice"
    assert await checker.user(Given("alice", "x")) is None
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("text", "mode", "complaint"),
    [
        ("alice:x\n", 0o644, "passwords: others can read it; expected mode 600"),
        ("alice:x\nbob\n", 0o600, "passwords:2: expected NAME:PASSWORD"),
        ("alice:x:y\n", 0o600, "passwords:1: expected NAME:PASSWORD"),
        ("alice:\n", 0o600, "passwords:1: expected NAME:PASSWORD"),
        (":x\n", 0o600, "passwords:1: expected NAME:PASSWORD"),
        ("\n \n", 0o600, "passwords: holds nobody"),
    ],
)
def test_files_of_passwords_that_are_refused(
    text: str, mode: int, complaint: str, tmp_path: Path
) -> None:
    password_file(tmp_path, text, mode)
    with pytest.raises(BadValue, match=complaint):
        made("file:passwords", tmp_path)


@pytest.mark.parametrize(
    ("description", "complaint"),
    [
        ("file:none", "cannot read .*none: No such file"),
        ("file:.", "cannot read|is not a file"),
        ("nosuch:x", "'nosuch' is no kind of password check; expected file:PATH, unix"),
        ("anonymous", "'anonymous' does not check names and passwords"),
        ("memory:broken", "'memory' cannot be used: InvalidAuthArgumentString"),
    ],
)
def test_checkers_that_are_refused(description: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(BadValue, match=complaint) as caught:
        made(description, tmp_path)
    assert "\n" not in str(caught.value)


def test_twisted_reads_a_file_as_we_say_it_does(tmp_path: Path) -> None:
    """Why lines with a second colon are refused: a part of the password would do."""
    file = password_file(tmp_path, "alice:x:y\n")
    assert FilePasswordDB(str(file)).getUser(b"alice") == (b"alice", b"x")
