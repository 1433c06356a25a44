"""Who may do what, and how much of everything."""

from __future__ import annotations

import pytest

from jqengine.remote.commands import COMMANDS, Role
from jqengine.remote.limits import Limits
from jqengine.wire.boxes import pack_box
from jqengine.wire.proof import client_proof, engine_proof
from tests.remote.office import Client, Office, Stranger
from tests.remote.peer import Transport

CLIENT_NONCE, ENGINE_NONCE = b"c" * 32, b"e" * 32
SUBMIT, OPERATE = "the-secret-to-submit", "the-secret-to-operate"


class Certified(Transport):
    """A TLS connection whose client has shown a certificate."""

    def __init__(self, unit: bytes | None) -> None:
        super().__init__()
        self._unit = unit
        self.shaken = False

    def getPeerCertificate(self) -> Certified | None:
        return self if self.shaken else None

    def get_subject(self) -> Certified:
        return self

    def get_components(self) -> list[tuple[bytes, bytes]]:
        units = [] if self._unit is None else [(b"OU", self._unit)]
        return [(b"CN", b"somebody"), *units]


def _prove(client: Client, role: str, secret: str) -> None:
    answer = client.call("Challenge", role=role.encode(), nonce=CLIENT_NONCE)
    assert answer[b"nonce"] == ENGINE_NONCE
    assert answer[b"proof"] == engine_proof(secret.encode(), role, CLIENT_NONCE, ENGINE_NONCE)
    proof = client_proof(secret.encode(), role, CLIENT_NONCE, ENGINE_NONCE)
    assert client.gets("Prove", proof=proof) == {}


def test_the_engines_own_user_may_do_everything() -> None:
    client = Office().connect()
    assert "jobs" in client.gets("Jobs")
    client.leave()


def test_another_user_may_do_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    monkeypatch.setattr("jqengine.remote.credentials._uid_of_peer", lambda handle: 1001)
    client = Office().connect()
    for command in COMMANDS:
        if command.role is not Role.STRANGER:
            code, sentence = client.refused(command.__name__)
            assert code == "FORBIDDEN"
            assert sentence.startswith("the engine does not know who you are")
    client.leave()


def test_root_may_do_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    monkeypatch.setattr("jqengine.remote.credentials._uid_of_peer", lambda handle: 0)
    client = Office().connect()
    assert "stats" in client.gets("Stats")
    client.leave()


def test_over_tcp_a_secret_is_proved_by_both_ends() -> None:
    office = Office(submit=SUBMIT, operate=OPERATE)
    client = office.connect(Stranger())
    assert client.refused("Stats")[0] == "FORBIDDEN"
    _prove(client, "operate", OPERATE)
    assert "jobs" in client.gets("Jobs")
    client.leave()


def test_who_may_submit_may_not_operate_until_he_proves_more() -> None:
    office = Office(submit=SUBMIT, operate=OPERATE)
    client = office.connect(Stranger())
    _prove(client, "submit", SUBMIT)
    assert client.gets("Schedule", target="/x")["existing"] == 0
    assert client.refused("Jobs") == ("FORBIDDEN", "Jobs needs the role operate")
    refused = {
        command.__name__
        for command in COMMANDS
        if command.role is Role.OPERATE and client.refused(command.__name__)[0] == "FORBIDDEN"
    }
    assert refused == {
        "Jobs", "Runs", "Cancel", "Pause", "Resume", "RunNow", "Retry", "Reschedule", "Reload",
        "Tail", "StopTail", "Continuations", "DropContinuation", "ClearContinuations",
        "Nodes", "Drain", "Undrain",
        "Groups", "PauseGroup", "ResumeGroup", "PauseAll", "ResumeAll",
        "ShowRun", "RequestBody", "Deliveries", "Redrive",
        "DropDelivery", "Sinks", "Upcoming", "Instants", "Overview", "Edit", "RetryChanged",
    }  # fmt: skip
    _prove(client, "operate", OPERATE)
    assert "jobs" in client.gets("Jobs")
    _prove(client, "submit", SUBMIT)
    assert "jobs" in client.gets("Jobs")
    client.leave()


@pytest.mark.parametrize(
    ("role", "secret"), [("operate", "a-wrong-secret-here"), ("operate", SUBMIT)]
)
def test_a_wrong_proof_is_refused(role: str, secret: str) -> None:
    client = Office(submit=SUBMIT, operate=OPERATE).connect(Stranger())
    client.call("Challenge", role=role.encode(), nonce=CLIENT_NONCE)
    proof = client_proof(secret.encode(), role, CLIENT_NONCE, ENGINE_NONCE)
    assert client.refused("Prove", proof=proof)[0] == "FORBIDDEN"
    # And a challenge is good for one try.
    right = client_proof(OPERATE.encode(), role, CLIENT_NONCE, ENGINE_NONCE)
    assert client.refused("Prove", proof=right)[0] == "FORBIDDEN"
    assert client.refused("Stats")[0] == "FORBIDDEN"
    client.leave()


def test_the_engines_own_proof_sent_back_is_refused() -> None:
    client = Office(operate=OPERATE).connect(Stranger())
    answer = client.call("Challenge", role=b"operate", nonce=CLIENT_NONCE)
    assert client.refused("Prove", proof=answer[b"proof"])[0] == "FORBIDDEN"
    client.leave()


@pytest.mark.parametrize(
    ("role", "nonce", "code"),
    [
        (b"operate", b"short", "BAD_VALUE"),
        (b"admin", CLIENT_NONCE, "BAD_VALUE"),
        (b"submit", CLIENT_NONCE, "FORBIDDEN"),
    ],
)
def test_a_challenge_that_cannot_be_met(role: bytes, nonce: bytes, code: str) -> None:
    client = Office(operate=OPERATE).connect(Stranger())
    assert client.refused("Challenge", role=role, nonce=nonce)[0] == code
    assert client.refused("Prove", proof=b"")[0] == "FORBIDDEN"
    client.leave()


@pytest.mark.parametrize(
    ("unit", "operates"), [(b"operate", True), (b"sales", False), (None, False)]
)
def test_a_certificate_makes_a_submitter_or_an_operator(unit: bytes | None, operates: bool) -> None:
    transport = Certified(unit)
    client = Office().connect(transport)
    transport.shaken = True  # TLS shakes hands only after the connection is made
    assert client.gets("Schedule", target="/x")["existing"] == 0
    if operates:
        assert "jobs" in client.gets("Jobs")
    else:
        assert client.refused("Jobs")[0] == "FORBIDDEN"
    client.leave()


def test_a_stranger_has_not_long_to_say_who_he_is() -> None:
    office = Office(Limits(handshake=10), operate=OPERATE)
    stranger, known = office.connect(Stranger()), office.connect(Stranger())
    own = office.connect()
    _prove(known, "operate", OPERATE)
    office.clock.advance(10)
    assert stranger.gone
    assert not known.gone
    assert not own.gone
    known.leave()
    own.leave()
    assert office.clock.getDelayedCalls() == []


def test_uploads_are_bounded_for_one_and_for_all() -> None:
    limits = Limits(body=100, uploads=150, all_uploads=200)
    office = Office(limits)
    first, second = office.connect(), office.connect()
    first.gets("Upload", upload=1, data=b"x" * 100)
    assert first.refused("Upload", upload=1, data=b"x") == (
        "LIMIT_REACHED",
        "a body may have 100 bytes at most",
    )
    assert first.refused("Upload", upload=2, data=b"x" * 51)[0] == "LIMIT_REACHED"
    first.gets("Upload", upload=2, data=b"x" * 50)
    assert second.refused("Upload", upload=1, data=b"x" * 51)[0] == "LIMIT_REACHED"
    second.gets("Upload", upload=1, data=b"x" * 50)
    first.gets("Schedule", target="/x", method="PUT", upload=1)
    second.gets("Upload", upload=2, data=b"x" * 100)
    first.leave()
    second.leave()
    assert office.factory._uploads.used == 0


def test_a_newcomer_takes_the_place_of_who_has_been_silent_longest() -> None:
    office = Office(Limits(connections=3))
    speaker, silent, other = office.connect(), office.connect(), office.connect()
    speaker.gets("Stats")
    half = office.connect()
    half.send(b"\x00\x08_comm")
    assert silent.gone
    assert [client.gone for client in (speaker, other, half)] == [False] * 3
    for _ in range(20):
        newcomer = office.connect()
    assert not speaker.gone
    assert not newcomer.gone
    assert newcomer.gets("Stats")
    assert len(office.factory.sessions) == 3


def test_clients_at_work_are_not_displaced() -> None:
    office = Office(Limits(connections=2))
    waiting, idle = office.connect(), office.connect()
    job = idle.gets("Schedule", target="/x", after="1h")["job"]["id"]
    waiting.ask_for("Wait", job=job)
    newcomer = office.connect()
    assert idle.gone
    assert not waiting.gone
    newcomer.ask_for("Wait", job=job)
    assert office.factory.buildProtocol(None) is None
    newcomer.leave()
    waiting.leave()


def test_calls_that_wait_are_bounded() -> None:
    office = Office(Limits(waits=2, idle=1e7))
    client = office.connect()
    job = client.gets("Schedule", target="/x", after="1h")["job"]["id"]
    for _ in range(2):
        client.ask_for("Wait", job=job)
    assert client.refused("Wait", job=job) == (
        "LIMIT_REACHED",
        "more than 2 calls of one connection wait",
    )
    assert client.gets("Stats")
    client.leave()


def test_a_flood_of_half_open_boxes_costs_bounded_memory_and_harms_nobody() -> None:
    office = Office(Limits(connections=50))
    honest = office.connect()
    honest.gets("Stats")
    piece = pack_box({b"_command": b"Upload", b"x": b"y" * 60_000})[:-10]
    for _ in range(1000):
        office.connect().send(piece)
    assert len(office.factory.sessions) == 50
    held = sum(len(one._reader._buffer) for one in office.factory.sessions)
    assert held < 50 * 70_000
    assert honest.gets("Schedule", target="/x")["existing"] == 0
