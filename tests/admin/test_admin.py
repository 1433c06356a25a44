"""The admin listener over a real connection: what it shows, and how inert that is."""

from __future__ import annotations

import http.client
import json
import socket
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
import pytest_twisted
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from jqengine.admin.gate import Gate
from jqengine.admin.guard import means_this_machine
from jqengine.admin.site import admin_root
from jqengine.admin.visitor import Tokens
from jqengine.app.site import HostedSite
from jqengine.clock import SystemClock
from jqengine.condition import Condition
from jqengine.delivery import Dispatch, NewDelivery
from jqengine.errors import StoreUnavailable
from jqengine.job import Headers, Run
from jqengine.redaction import Redactor
from jqengine.request.outputs import Outputs
from jqengine.store.memory import MemoryStore
from tests.store.values import LEASE, NOW, OWNER, a_job, an_end, an_id_factory, new_id
from tests.test_condition import WELL

REDACTOR = Redactor(b"key")
SINK = REDACTOR.sink("https://hooks.example.org/secret")
ATOM = "{http://www.w3.org/2005/Atom}"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Admin:
    """A listener over a store in memory."""

    def __init__(self) -> None:
        self.store = MemoryStore(an_id_factory())
        self.outputs = Outputs()
        self.condition: Condition | None = WELL
        root = admin_root(
            reactor=reactor,
            store=self.store,
            control=self.store,
            deliveries=self.store,
            redactor=REDACTOR,
            outputs=self.outputs,
            gate=Gate(tokens=Tokens(SystemClock(), b"key"), login=None, operators=["*"], hosts=()),
            condition=lambda: self.condition,
        )
        site = HostedSite(root, reactor=reactor, clock=SystemClock())
        self.port = reactor.listenTCP(0, site, interface="127.0.0.1")
        self.instant = NOW

    async def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}

        def ask() -> Answer:
            connection = http.client.HTTPConnection("127.0.0.1", self.port.getHost().port)
            try:
                connection.request(method, path, headers={"Connection": "close", **given})
                response = connection.getresponse()
                found = {name.lower(): value for name, value in response.getheaders()}
                return Answer(response.status, found, response.read())
            finally:
                connection.close()

        answer: Answer = await deferToThread(ask)
        return answer

    async def run_of(
        self, name: str | None, body: bytes = b"hello", headers: Headers = (), **job: Any
    ) -> Run:
        """A run that has ended with a result of *body*."""
        self.instant += 1
        if name is None:
            await self.store.add([a_job(due=self.instant, **job)])
        else:
            known = await self.store.job_named(name)
            if known is None:
                (known,) = await self.store.add([a_job(name, due=NOW + 1e6, **job)])
            await self.store.run_now(known.id, new_id(self.instant), self.instant)
        (run,) = await self.store.claim(OWNER, self.instant, 1, LEASE)
        outcome = an_end(run)
        result = outcome.result._replace(body=body, headers=headers, finished=self.instant)
        delivery = NewDelivery(new_id(NOW), "https://hooks.example.org/secret", "x", False, None)
        dispatch = Dispatch((delivery,))
        await self.store.record([outcome._replace(result=result, dispatch=dispatch)])
        return run


@pytest_twisted.async_yield_fixture
async def admin() -> AsyncIterator[Admin]:
    one = Admin()
    await one.store.open()
    yield one
    await one.port.stopListening()


def typed(content_type: str) -> Headers:
    return (("Content-Type", content_type),)


@ensureDeferred
async def test_health(admin: Admin) -> None:
    assert (await admin.ask("/-/healthz"))[::2] == (200, b"alive\n")
    assert (await admin.ask("/-/readyz"))[::2] == (200, b"ready\n")
    admin.store.trouble = StoreUnavailable("disk gone")
    assert (await admin.ask("/-/readyz"))[::2] == (503, b"not ready: disk gone\n")
    assert (await admin.ask("/-/healthz")).status == 200
    assert (await admin.ask("/runs/x")).status == 503
    admin.store.trouble = None
    admin.condition = replace(WELL, able=False, lease_age=1e3, store="the disk is full")
    status, _, body = await admin.ask("/-/readyz")
    assert (status, body.count(b"not ready: ")) == (503, 3)
    assert body.startswith(b"not ready: the disk is full\n")
    admin.condition = None
    assert (await admin.ask("/-/readyz"))[::2] == (503, b"not ready: the engine starts\n")


@ensureDeferred
async def test_a_run_with_its_attempts_and_deliveries(admin: Admin) -> None:
    secret = (("Set-Cookie", "s=1"),)
    run = await admin.run_of("nightly", headers=secret, user="alice")
    answer = await admin.ask(f"/runs/{run.id}")
    assert answer.headers["content-type"] == "application/json"
    shown = json.loads(answer.body)
    assert shown["job"] == {"id": run.job_id, "name": "nightly"}
    assert (shown["state"], shown["request"]["user"]) == ("finished", "alice")
    (attempt,) = shown["attempts"]
    assert (attempt["status"], attempt["bytes"]) == (200, 5)
    assert attempt["headers"] == [["Set-Cookie", REDACTOR.hash("s=1")]]
    (delivery,) = shown["deliveries"]
    assert (delivery["state"], delivery["sink"]) == ("pending", SINK)
    assert b"secret" not in answer.body


@ensureDeferred
async def test_secrets_of_a_request_are_not_shown(admin: Admin) -> None:
    await admin.store.add([a_job(due=NOW, headers=(("Authorization", "Bearer abc"),))])
    (run,) = await admin.store.claim(OWNER, NOW, 1, LEASE)
    answer = await admin.ask(f"/runs/{run.id}")
    assert json.loads(answer.body)["request"]["headers"] == [
        ["Authorization", REDACTOR.hash("Bearer abc")]
    ]
    assert (await admin.ask(f"/runs/{run.id}/response")).status == 404


@pytest.mark.parametrize(
    ("body", "content_type", "shown_as", "shown"),
    [
        (b"<script>1</script>", "text/html", "text/plain; charset=utf-8", b"<script>1</script>"),
        (
            "é".encode("latin-1"),
            "text/plain; charset=latin-1",
            "text/plain; charset=utf-8",
            b"\xc3\xa9",
        ),
        (b"<svg/>", "image/svg+xml", "application/octet-stream", b"<svg/>"),
        (b"%PDF", "application/pdf", "application/octet-stream", b"%PDF"),
        (b"\xff", "text/html", "application/octet-stream", b"\xff"),
        (b"x", "", "application/octet-stream", b"x"),
        (b"x", "text/html\r\nX-Evil: 1", "application/octet-stream", b"x"),
    ],
)
@ensureDeferred
async def test_a_response_is_text_or_a_download_and_never_runs(
    body: bytes, content_type: str, shown_as: str, shown: bytes, admin: Admin
) -> None:
    run = await admin.run_of(None, body, typed(content_type))
    answer = await admin.ask(f"/runs/{run.id}/response")
    assert (answer.status, answer.body) == (200, shown)
    assert answer.headers["content-type"] == shown_as
    assert ("content-disposition" in answer.headers) is (shown_as != "text/plain; charset=utf-8")
    assert "evil" not in str(answer.headers).lower()
    assert answer.headers["x-jobqueue-status"] == "200"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    known = await admin.ask(f"/runs/{run.id}/response", If_None_Match=answer.headers["etag"])
    assert (known.status, known.body) == (304, b"")


class Saying:
    """A response under way, which says what the test makes it say."""

    ended = False
    last_wrote = NOW

    def __init__(self, *said: bytes) -> None:
        self.said = list(said)

    def pieces(self, start: int) -> list[bytes]:
        return self.said[start:]


@ensureDeferred
async def test_what_runs_now_is_followed_to_its_end(admin: Admin) -> None:
    await admin.store.add([a_job(due=NOW)])
    (run,) = await admin.store.claim(OWNER, NOW, 1, LEASE)
    output = Saying(b"<b>one</b> ")
    admin.outputs.begin({"jobqueue.job": {"run": run.id, "attempt": 1}}, output)
    shown = json.loads((await admin.ask(f"/runs/{run.id}")).body)
    assert shown["live"] == {"bytes": 11, "last_output": "2027-01-15T08:00:00Z"}
    following = admin.ask(f"/runs/{run.id}/response")
    asking: Any = Deferred.fromCoroutine(following)
    await deferLater(reactor, 0.1)
    assert not asking.called
    output.said.append(b"two")
    await deferLater(reactor, 0.1)
    output.said.append(b" three")
    output.ended = True
    answer = await asking
    assert (answer.status, answer.body) == (200, b"<b>one</b> two three")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("sandbox")


@ensureDeferred
async def test_a_client_that_leaves_is_not_followed(admin: Admin) -> None:
    output = Saying(b"one")
    admin.outputs.begin({"jobqueue.job": {"run": "x", "attempt": 1}}, output)

    def leave() -> None:
        with socket.create_connection(("127.0.0.1", admin.port.getHost().port)) as connection:
            connection.sendall(b"GET /runs/x/response HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(1000)

    await deferToThread(leave)
    await deferLater(reactor, 0.5)


@ensureDeferred
async def test_the_latest_result_of_a_job(admin: Admin) -> None:
    assert (await admin.ask("/jobs/a%2Fb%20%C3%A9/latest")).status == 404
    await admin.run_of("a/b é", b"one", typed("text/plain"))
    run = await admin.run_of("a/b é", b"two", typed("text/plain"))
    answer = await admin.ask("/jobs/a%2Fb%20%C3%A9/latest")
    assert (answer.status, answer.body) == (200, b"two")
    assert answer.headers["content-location"] == f"/runs/{run.id}/response"
    by_id = await admin.ask(f"/jobs/{run.job_id}/latest")
    assert by_id.body == b"two"


@ensureDeferred
async def test_a_feed(admin: Admin) -> None:
    name = "a <b> & \x01"
    runs = [await admin.run_of(name, b"%d" % number) for number in range(3)]
    answer = await admin.ask("/jobs/a%20%3Cb%3E%20&%20%01/feed.atom")
    assert answer.headers["content-type"] == "application/atom+xml"
    feed = ET.fromstring(answer.body)
    assert feed.findtext(f"{ATOM}title") == "a <b> & \ufffd"
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}id") for entry in entries] == [
        f"urn:x-jobqueue:run:{run.id}" for run in reversed(runs)
    ]
    link = entries[0].find(f"{ATOM}link")
    assert link is not None
    port = admin.port.getHost().port
    assert link.get("href") == f"http://127.0.0.1:{port}/runs/{runs[2].id}/response"
    assert (await admin.ask("/jobs/nobody/feed.atom")).status == 404


@pytest.mark.parametrize(
    "path",
    ["/", "/runs", "/runs/", "/runs/x", "/runs/x/response", "/runs/x/y/z", "/-/x", "/%ff/x",
     "/jobs/x/latest", "/jobs//latest", "/../etc/passwd"],
)  # fmt: skip
@ensureDeferred
async def test_what_is_not_there(path: str, admin: Admin) -> None:
    answer = await admin.ask(path)
    assert (answer.status, answer.body) == (404, b"there is nothing here\n")
    assert answer.headers["x-content-type-options"] == "nosniff"


@ensureDeferred
async def test_nothing_is_changed_from_here(admin: Admin) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = await admin.ask("/-/healthz", method)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    head = await admin.ask("/-/healthz", "HEAD")
    assert (head.status, head.headers["content-length"], head.body) == (200, "6", b"")


@ensureDeferred
async def test_a_page_of_another_site_is_turned_away(admin: Admin) -> None:
    for host in ("evil.example.org", "127.0.0.1.nip.io:8081", "10.0.0.1", "[2606:4700::1]", "a b"):
        assert (await admin.ask("/-/healthz", Host=host)).status in (400, 421)
    for host in ("localhost", "LOCALHOST:8081", "127.0.0.1", "[::1]:8081", "127.1.2.3"):
        assert (await admin.ask("/-/healthz", Host=host)).status == 200


def test_hosts() -> None:
    assert means_this_machine("")
    assert not means_this_machine("localhost.example.org")
    assert not means_this_machine("localhost:8081:x")
    assert not means_this_machine("[::1")
