"""Continuations as clients ask for them, and what they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from jqengine.errors import StoreUnavailable
from jqengine.remote.sweeping import AT_ONCE, INTERVAL, ContinuationSweep
from jqengine.request.continuation import LARGEST_BODY
from jqengine.request.cookies import session_hash
from tests.remote.office import NOW, Client, Office

ID = "0123456789abcdef" * 2
FORM = {
    "target": "/app/form?step=1",
    "method": "POST",
    "headers": [["Cookie", "a=b; session=abc"], ["Authorization", "Basic eDp5"], ["X-A", "é"]],
    "user": "ada",
    "protocol": "HTTP/1.1",
    "body": b"name=Ada",
    "state": {"step": 2},
}


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def client(office: Office) -> Iterator[Client]:
    client = office.connect()
    yield client
    client.leave()


def kept(office: Office, key: str) -> Any:
    return office.store.queue.continuations._kept[key].continuation


def test_a_request_is_saved(office: Office, client: Client) -> None:
    made = client.gets("MakeContinuation", **FORM)["continuation"]
    headers = made.pop("headers")
    assert made == {
        "id": "6b" * 16,
        "link": f"/app/form?_k={'6b' * 16}",
        "method": "POST",
        "target": "/form?step=1",
        "user": "ada",
        "reusable": False,
        "created": "2026-11-24T03:00:00Z",
        "expires": "2026-12-01T03:00:00Z",
    }
    assert headers[2] == ["X-A", "é"]
    saved = kept(office, made["id"])
    assert saved.request.body == b"name=Ada"
    assert saved.request.headers[0] == ("Cookie", "a=b; session=abc")
    assert (saved.request.protocol, saved.state) == ("HTTP/1.1", '{"step":2}')
    assert saved.session == session_hash("abc")


def test_no_secret_of_it_is_shown(client: Client) -> None:
    client.ask_for("MakeContinuation", **FORM, id=ID)
    client.ask_for("Continuations")
    client.ask_for("Schedule", continuation=ID, after="1h", name="later")
    client.ask_for("Show", name="later")
    client.ask_for("Jobs")
    answers = client.answers()
    assert len(answers) == 5
    assert not any(b"_error" in answer for answer in answers)
    shown = b" ".join(value for answer in answers for value in answer.values())
    assert b"[redacted " in shown
    for secret in (b"session=abc", b"eDp5", b"Ada", b'step":2', session_hash("abc").encode()):
        assert secret not in shown


def test_a_session_alone_and_a_path(office: Office, client: Client) -> None:
    made = client.gets(
        "MakeContinuation", session="abc", path="/resume?x=1", user="ada", expires="2h", reusable=1
    )["continuation"]
    assert (made["target"], made["reusable"]) == ("/resume?x=1", True)
    assert made["link"] == f"/app/resume?_k={made['id']}"
    assert made["expires"] == "2026-11-24T05:00:00Z"
    saved = kept(office, made["id"])
    assert saved.request.headers == (("Cookie", "session=abc"),)
    assert saved.session == session_hash("abc")


@pytest.mark.parametrize(
    ("target", "path", "found"),
    [
        ("/app/form?a=b", None, "/form?a=b"),
        ("/app", None, "/"),
        ("/app/caf%C3%A9?x", None, "/caf%C3%A9?x"),
        ("/application", None, "/application"),
        ("/%61pp/form", None, "/form"),
        ("/app/form?a=b", "/other", "/other?a=b"),
        ("/app/form?a=b", "/other?c", "/other?c"),
        ("/app/form", "/app/other", "/app/other"),
    ],
)
def test_the_path_it_will_run(client: Client, target: str, path: str | None, found: str) -> None:
    more = {} if path is None else {"path": path}
    made = client.gets("MakeContinuation", target=target, **more)["continuation"]
    assert made["target"] == found


@pytest.mark.parametrize(
    ("said", "code", "sentence"),
    [
        ({}, "BAD_VALUE", "expected the target of a request, or a session with a path"),
        ({"session": "abc"}, "BAD_VALUE", "path is missing"),
        ({"session": "abc", "target": "/x"}, "BAD_VALUE", "expected one of them"),
        ({"session": "a b", "path": "/x"}, "BAD_VALUE", "cannot be the value of a cookie"),
        ({"session": "a;b=c", "path": "/x"}, "BAD_VALUE", "cannot be the value of a cookie"),
        ({"session": "x" * 4097, "path": "/x"}, "BAD_VALUE", "cannot be the value of a cookie"),
        ({"target": "x"}, "BAD_REQUEST", "path"),
        ({"target": "/x", "path": "//evil.example/"}, "BAD_REQUEST", "not with //"),
        ({"target": "/x", "id": "0" * 31}, "BAD_VALUE", "id: expected 32"),
        ({"target": "/x", "id": "guess"}, "BAD_VALUE", "id: expected 32"),
        ({"target": "/x", "expires": "0s"}, "BAD_VALUE", "expires: '0s'"),
        ({"target": "/x", "expires": "2 years"}, "BAD_VALUE", "expires: "),
        ({"target": "/x", "expires": "soon"}, "BAD_VALUE", "expires: 'soon' is not a duration"),
        ({"target": "/x", "protocol": "SPDY"}, "BAD_VALUE", "protocol: 'SPDY'"),
        ({"target": "/x", "state": ["x" * 33_000]}, "BAD_VALUE", "state: 33004 bytes"),
        ({"target": "/x", "headers": [["X-Via-JobQueue", "yes"]]}, "BAD_REQUEST", "only the eng"),
        ({"target": "/x", "headers": [["A", "x" * 33_000]]}, "BAD_REQUEST", "longer than"),
        ({"target": "/x", "body": b"x", "upload": 1}, "BAD_VALUE", "body and upload"),
        ({"target": "/x", "upload": 1}, "BAD_VALUE", "nothing was uploaded"),
    ],
)
def test_what_is_refused(client: Client, said: Any, code: str, sentence: str) -> None:
    refusal = client.refused("MakeContinuation", **said)
    assert refusal[0] == code
    assert sentence in refusal[1]
    assert "\n" not in refusal[1]


def test_without_the_name_of_the_cookie_there_are_no_links() -> None:
    office = Office()
    office.verbs.continuations._session_cookie = None
    client = office.connect()
    made = client.gets("MakeContinuation", **FORM)["continuation"]
    assert "link" not in made
    assert kept(office, made["id"]).session is None
    assert client.refused("MakeContinuation", session="abc", path="/x") == (
        "NOT_POSSIBLE",
        "the engine does not know which cookie tells a session;"
        " start it with --session-cookie NAME",
    )
    client.leave()


def test_a_long_body_comes_in_pieces(office: Office, client: Client) -> None:
    for _ in range(3):
        client.gets("Upload", upload=7, data=b"x" * 60_000)
    client.gets("MakeContinuation", target="/x", upload=7, id=ID)
    assert kept(office, ID).request.body == b"x" * 180_000
    assert LARGEST_BODY == 16 * 1024 * 1024


def test_the_same_again_adds_nothing_and_another_is_refused(client: Client) -> None:
    first = client.gets("MakeContinuation", **FORM, id=ID)
    assert client.gets("MakeContinuation", **FORM, id=ID) == first
    refusal = client.refused("MakeContinuation", **{**FORM, "body": b"other"}, id=ID)
    assert refusal == ("NOT_POSSIBLE", f"the id {ID} is that of another continuation")


# As a job.


def test_a_job_of_it(office: Office, client: Client) -> None:
    client.gets("MakeContinuation", **FORM, id=ID)
    answer = client.gets("Schedule", continuation=ID, after="2 hours")
    job = answer["job"]
    assert (answer["existing"], job["method"], job["target"]) == (0, "POST", "/form?step=1")
    assert (job["user"], job["body_size"]) == ("ada", 8)
    assert job["due"] == "2026-11-24T05:00:00Z"
    office.clock.advance(7200)
    run = office.run_next()
    assert run.request.body == b"name=Ada"
    assert run.request.continuation.state == '{"step":2}'
    code, sentence = client.refused("Schedule", continuation=ID)
    assert code == "NO_SUCH_CONTINUATION"
    assert "may have expired or been used" in sentence


def test_a_check_uses_nothing_up(client: Client) -> None:
    client.gets("MakeContinuation", **FORM, id=ID)
    for _ in range(2):
        job = client.gets("Schedule", continuation=ID, check=1)["job"]
        assert job["target"] == "/form?step=1"
    assert client.gets("Jobs")["jobs"] == []
    assert client.refused("Schedule", continuation=ID, check=1, every="1h")[0] == "NOT_POSSIBLE"
    assert client.refused("Schedule", continuation="f" * 32, check=1)[0] == "NO_SUCH_CONTINUATION"
    assert client.refused("Schedule", target="x", check=1)[0] == "BAD_REQUEST"


@pytest.mark.parametrize(
    "said",
    [
        {"target": "/x"},
        {"method": "POST"},
        {"user": "bob"},
        {"headers": [["A", "b"]]},
        {"data": {"a": "b"}},
        {"json": 1},
        {"body": b"x"},
    ],
)
def test_a_continuation_is_a_whole_request(client: Client, said: Any) -> None:
    client.gets("MakeContinuation", **FORM, id=ID)
    code, sentence = client.refused("Schedule", continuation=ID, **said)
    assert code == "BAD_REQUEST"
    assert sentence.startswith(f"{next(iter(said))} and continuation are given")


@pytest.mark.parametrize("key", ["", "x", "0" * 31, "G" * 32])
def test_an_id_of_another_form_is_none(client: Client, key: str) -> None:
    assert client.refused("Schedule", continuation=key)[0] == "BAD_VALUE"


def test_the_same_job_again_is_the_same_answer(client: Client) -> None:
    client.gets("MakeContinuation", **FORM, id=ID)
    said = {"continuation": ID, "id": "0" * 26, "after": "1h"}
    first = client.gets("Schedule", **said)
    assert client.gets("Schedule", **said) == first
    code, sentence = client.refused("Schedule", target="/x", id="0" * 26)
    assert (code, sentence) == ("NOT_POSSIBLE", f"the id {'0' * 26} is that of another job")


def test_of_many_jobs_one_that_is_refused_harms_no_other(client: Client) -> None:
    client.gets("MakeContinuation", **FORM, id=ID)
    jobs = [
        {"target": "/a", "id": "1" * 26},
        {"continuation": ID, "id": "2" * 26},
        {"continuation": ID, "id": "3" * 26},
        {"continuation": "f" * 32},
        {"target": "/b", "id": "4" * 26},
    ]
    defaults = {"headers": [["Traceparent", "x"]], "after": "1h"}
    answers = client.gets("ScheduleMany", jobs=jobs, defaults=defaults)["answers"]
    assert [answers[number] for number in (0, 1, 4)] == ["1" * 26, "2" * 26, "4" * 26]
    assert [one["error"] for one in answers[2:4]] == ["NO_SUCH_CONTINUATION"] * 2


def test_together_means_all_or_none(client: Client) -> None:
    client.gets("MakeContinuation", **FORM, id=ID)
    bad = [{"target": "/a"}, {"continuation": ID}, {"continuation": ID}]
    assert client.refused("ScheduleMany", jobs=bad, together=1)[0] == "NO_SUCH_CONTINUATION"
    worse = [{"target": "/a"}, {"target": "b"}]
    assert client.refused("ScheduleMany", jobs=worse, together=1)[0] == "BAD_REQUEST"
    assert client.gets("Jobs")["jobs"] == []
    good = [{"target": "/a", "id": "1" * 26}, {"continuation": ID, "id": "2" * 26}]
    for _ in range(2):
        client.gets("ScheduleMany", jobs=good, together=1)
        assert len(client.gets("Jobs")["jobs"]) == 2


def test_a_list_of_jobs_may_come_in_pieces(client: Client) -> None:
    client.gets("Upload", upload=1, data=b'[{"target": "/a"}')
    client.gets("Upload", upload=1, data=b', {"target": "/b"}]')
    assert len(client.gets("ScheduleMany", upload=1, together=1)["answers"]) == 2
    client.gets("Upload", upload=1, data=b"{no json")
    assert client.refused("ScheduleMany", upload=1) == (
        "BAD_VALUE",
        "what was uploaded is not JSON in UTF-8",
    )
    client.gets("Upload", upload=1, data=b"[]")
    assert client.refused("ScheduleMany", upload=1, jobs=[])[0] == "BAD_VALUE"


@pytest.mark.parametrize(
    ("as_of", "due"),
    [
        ("2026-11-24T02:00:00Z", "2026-11-24T04:00:00Z"),
        ("2026-11-23T03:00:00+01:00", "2026-11-23T04:00:00Z"),
        ("2026-11-24T03:00:00.5Z", "2026-11-24T05:00:00.500000Z"),
    ],
)
def test_a_time_text_may_be_read_as_of_an_earlier_instant(
    client: Client, as_of: str, due: str
) -> None:
    jobs = [{"target": "/a", "after": "2h", "as_of": as_of, "id": "1" * 26}]
    client.gets("ScheduleMany", jobs=jobs)
    assert client.gets("Show", job="1" * 26)["job"]["due"] == due


@pytest.mark.parametrize(
    "as_of",
    ["2026-11-16T03:00:00Z", "2026-11-24T03:02:00Z", "2026-11-24T02:00:00", "noon", 7, None],
)
def test_but_not_of_any(client: Client, as_of: Any) -> None:
    [answer] = client.gets("ScheduleMany", jobs=[{"target": "/a", "as_of": as_of}])["answers"]
    assert answer["error"] == "BAD_VALUE"
    assert answer["message"].startswith("as_of: expected an instant")


# Lists.


def test_pages_of_them_and_their_end(office: Office, client: Client) -> None:
    for number in range(5):
        client.gets("MakeContinuation", **FORM, id=f"{number:032x}")
        office.clock.advance(1)
    first = client.gets("Continuations", limit=2)
    second = client.gets("Continuations", limit=9, after=first["next"])
    found = [one["id"] for one in (*first["continuations"], *second["continuations"])]
    assert found == [f"{number:032x}" for number in (4, 3, 2, 1, 0)]
    assert "next" not in second
    assert client.refused("Continuations", limit=0)[0] == "BAD_VALUE"
    assert client.refused("Continuations", limit=1001)[0] == "BAD_VALUE"
    assert client.refused("Continuations", after="x")[0] == "BAD_VALUE"
    assert client.gets("DropContinuation", id=f"{4:032x}") == {"count": 1}
    assert client.gets("DropContinuation", id=f"{4:032x}") == {"count": 0}
    assert client.gets("ClearContinuations", session="other") == {"count": 0}
    client.gets("MakeContinuation", target="/x", id=ID)
    assert client.gets("ClearContinuations", session="abc") == {"count": 4}
    assert client.gets("ClearContinuations") == {"count": 1}


def test_a_page_of_long_ones_is_shorter_than_asked_for(client: Client) -> None:
    for number in range(5):
        headers = [["X-A", "x" * 30_000]]
        client.gets("MakeContinuation", target="/x", headers=headers, id=f"{number:032x}")
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = client.gets("Continuations", **after)
        assert page["continuations"]
        found += [one["id"] for one in page["continuations"]]
        if "next" not in page:
            break
        after = {"after": page["next"]}
    assert sorted(found) == [f"{number:032x}" for number in range(5)]


# The sweep.


class Sweepable:
    """A store with so many expired continuations."""

    def __init__(self, expired: int) -> None:
        self.expired = expired
        self.asked: list[float] = []
        self.trouble: Exception | None = None

    def sweep_continuations(self, now: float, limit: int) -> Deferred[int]:
        self.asked.append(now)
        if self.trouble is not None:
            raise self.trouble
        gone = min(self.expired, limit)
        self.expired -= gone
        return succeed(gone)


def test_the_sweep_comes_again_and_again_and_survives_trouble() -> None:
    clock = Clock()

    class Wall:
        def now(self) -> float:
            return NOW + clock.seconds()

    store = Sweepable(2 * AT_ONCE + 3)
    sweep = ContinuationSweep(reactor=clock, clock=Wall(), store=store)
    sweep.startService()
    assert (store.expired, len(store.asked)) == (0, 3)
    store.trouble = StoreUnavailable("the store is away")
    clock.advance(INTERVAL)
    store.trouble, store.expired = None, 7
    clock.advance(INTERVAL)
    assert (store.expired, store.asked[-1]) == (0, NOW + 2 * INTERVAL)
    sweep.stopService()
    assert clock.getDelayedCalls() == []
