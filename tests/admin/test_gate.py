"""The gate over real connections, with an application behind it that says what it was given."""

from __future__ import annotations

import base64
import http.client
import json
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, NamedTuple
from wsgiref.types import StartResponse

import pytest
import pytest_twisted
from pytest_twisted import ensureDeferred
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.internet import reactor
from twisted.internet.threads import deferToThread

from jqengine.admin import login as login_module
from jqengine.admin.credentials import Checker
from jqengine.admin.gate import Gate
from jqengine.admin.login import Login
from jqengine.admin.site import admin_root
from jqengine.admin.visitor import PERIOD, Role, Tokens, Visitor
from jqengine.app.resource import WSGIResource
from jqengine.app.site import HostedSite
from jqengine.app.threads import ApplicationThreads
from jqengine.clock import SystemClock
from jqengine.redaction import Redactor
from jqengine.request.outputs import Outputs
from jqengine.store.memory import MemoryStore
from tests.store.values import an_id_factory
from tests.test_condition import WELL

FORM = "application/x-www-form-urlencoded"
KNOWN = ("REQUEST_METHOD", "REMOTE_USER", "AUTH_TYPE", "jqengine.role", "jqengine.csrf",
         "HTTP_AUTHORIZATION", "HTTP_X_HTTP_METHOD_OVERRIDE", "PATH_INFO")  # fmt: skip


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def environ(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.body)
        return found


def echo(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Says what it was given, the body included."""
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "application/json")])
    found = {name: environ[name] for name in KNOWN if name in environ}
    return [json.dumps({**found, "body": body.decode("latin-1")}).encode()]


class SetClock:
    """Says what it is told to."""

    def __init__(self) -> None:
        self.instant = 1e9

    def now(self) -> float:
        return self.instant


class Admin:
    """A listener; alice may operate, bob may look."""

    def __init__(self, passwords: bool) -> None:
        self.clock = SetClock()
        self.tokens = Tokens(self.clock, b"key")
        checker = InMemoryUsernamePasswordDatabaseDontUse(alice=b"a", bob=b"b")
        gate = Gate(
            tokens=self.tokens,
            login=Login(reactor, [Checker(checker, None)], b"key") if passwords else None,
            operators=["alice"] if passwords else ["*"],
            hosts=["jobs.example.org"],
        )
        self.threads = ApplicationThreads(reactor, "pages", 2)
        store = MemoryStore(an_id_factory())
        root = admin_root(
            reactor=reactor,
            store=store,
            control=store,
            deliveries=store,
            redactor=Redactor(b"key"),
            outputs=Outputs(),
            gate=gate,
            condition=lambda: WELL,
            resources={"": WSGIResource(reactor, self.threads, echo)},
        )
        self.store = store
        self.port = reactor.listenTCP(
            0, HostedSite(root, reactor=reactor, clock=SystemClock()), interface="127.0.0.1"
        )

    def token(self, user: str | None = None) -> str:
        return self.tokens.token(Visitor(user, Role.OPERATE))

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port.getHost().port

    async def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}

        def ask() -> Answer:
            connection = http.client.HTTPConnection(*self.address)
            try:
                connection.request(method, path, body, {"Connection": "close", **given})
                response = connection.getresponse()
                found = {name.lower(): value for name, value in response.getheaders()}
                return Answer(response.status, found, response.read())
            finally:
                connection.close()

        answer: Answer = await deferToThread(ask)
        return answer

    async def raw(self, request: bytes) -> bytes:
        def ask() -> bytes:
            with socket.create_connection(self.address) as connection:
                connection.sendall(request)
                return b"".join(iter(lambda: connection.recv(65536), b""))

        answer: bytes = await deferToThread(ask)
        return answer

    async def start(self) -> None:
        await self.store.open()
        self.threads.startService()

    async def stop(self) -> None:
        await self.port.stopListening()
        await self.threads.stopService()


@pytest_twisted.async_yield_fixture
async def admin() -> AsyncIterator[Admin]:
    one = Admin(passwords=False)
    await one.start()
    yield one
    await one.stop()


@pytest_twisted.async_yield_fixture
async def guarded(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Admin]:
    monkeypatch.setattr(login_module, "REFUSAL_TIME", 0.01)
    one = Admin(passwords=True)
    await one.start()
    yield one
    await one.stop()


def as_(user: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{user[0]}".encode()).decode()


@ensureDeferred
async def test_every_answer_forbids_all_that_a_page_does_not_need(admin: Admin) -> None:
    for method, path in (("GET", "/"), ("GET", "/-/healthz"), ("TRACE", "/"), ("GET", "/static/x")):
        headers = (await admin.ask(method, path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert (headers.get("cache-control") == "no-store") is (path != "/static/x")
        assert "access-control-allow-origin" not in headers


@ensureDeferred
async def test_who_is_on_this_machine_operates_and_is_nobody(admin: Admin) -> None:
    found = (await admin.ask("GET", "/jobs")).environ
    assert found["jqengine.role"] == "operate"
    assert found["jqengine.csrf"] == admin.token()
    assert "REMOTE_USER" not in found


@pytest.mark.parametrize(
    "kind", [FORM, f"{FORM}; charset=utf-8", "Application/X-WWW-Form-Urlencoded"]
)
@ensureDeferred
async def test_a_form_brings_its_token(kind: str, admin: Admin) -> None:
    body = f"csrf={admin.token()}&name=x".encode()
    answer = await admin.ask("POST", "/jobs", body, Content_Type=kind)
    assert (answer.status, answer.environ["body"]) == (200, body.decode())


@ensureDeferred
async def test_a_token_in_a_header_or_in_a_form_with_files(admin: Admin) -> None:
    token = admin.token()
    answer = await admin.ask("POST", "/", b"name=x", Content_Type=FORM, X_CSRF_Token=token)
    assert answer.status == 200
    parts = (
        f'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{token}\r\n'
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc\r\n--x--\r\n'
    )
    kind = "multipart/form-data; boundary=x"
    assert (await admin.ask("POST", "/", parts.encode(), Content_Type=kind)).status == 200
    other = parts.replace(token, "0" * 64).encode()
    assert (await admin.ask("POST", "/", other, Content_Type=kind)).status == 403


@ensureDeferred
async def test_a_form_without_its_own_token_is_refused(admin: Admin) -> None:
    token = admin.token()
    bodies = [
        b"",
        b"name=x",
        b"csrf=",
        b"csrf=" + b"0" * 64,
        f"csrf={token[:-1]}".encode(),
        f"csrf={token}0".encode(),
        f"csrf={token.upper()}".encode(),
        f"name=x&csrf={token}".encode(),  # not where it is looked for
        f"xcsrf={token}".encode(),
        f"csrf={admin.token('alice')}".encode(),  # somebody else's
        f"csrf={Tokens(SystemClock(), b'other').token(Visitor(None, Role.OPERATE))}".encode(),
    ]
    for body in bodies:
        answer = await admin.ask("POST", "/jobs", body, Content_Type=FORM)
        assert (answer.status, b"load the page again" in answer.body) == (403, True), body
    answer = await admin.ask("POST", "/", b"x", Content_Type=FORM, X_CSRF_Token="é")
    assert answer.status == 403


@ensureDeferred
async def test_a_form_is_good_for_half_a_day_at_least_and_a_day_at_most(admin: Admin) -> None:
    admin.clock.instant = 100 * PERIOD
    body = f"csrf={admin.token()}".encode()
    for later, status in ((0.0, 200), (2 * PERIOD - 1, 200), (2 * PERIOD, 403), (-1.0, 403)):
        admin.clock.instant = 100 * PERIOD + later
        assert (await admin.ask("POST", "/", body, Content_Type=FORM)).status == status


@ensureDeferred
async def test_programs_send_json_and_need_no_token(admin: Admin) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await admin.ask(method, "/api/v1/jobs", b"{}", Content_Type="application/json")
        assert (answer.status, answer.environ["REQUEST_METHOD"]) == (200, method)
    evil = "http://evil.example"
    refused = await admin.ask("POST", "/", b"{}", Content_Type="application/json", Origin=evil)
    assert refused.status == 403
    assert (await admin.ask("POST", "/", b"{}", Content_Type="text/plain")).status == 415


@ensureDeferred
async def test_no_page_of_another_site_listens_or_looks(admin: Admin) -> None:
    stream = "text/event-stream"
    assert (await admin.ask("GET", "/events", Accept=stream)).status == 200
    for origin in ("http://evil.example", "null", "http://localhost:3000"):
        assert (await admin.ask("GET", "/events", Accept=stream, Origin=origin)).status == 403
    own = "http://localhost:8081"
    listening = {"Host": "localhost:8081", "Accept": stream, "Origin": own}
    assert (await admin.ask("GET", "/events", **listening)).status == 200
    elsewhere = {**listening, "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}
    assert (await admin.ask("GET", "/events", **elsewhere)).status == 403


@ensureDeferred
async def test_what_is_looked_at_is_what_happens(admin: Admin) -> None:
    answer = await admin.ask("GET", "/", X_HTTP_Method_Override="DELETE")
    assert answer.environ["REQUEST_METHOD"] == "GET"
    assert "HTTP_X_HTTP_METHOD_OVERRIDE" not in answer.environ
    for method in ("TRACE", "CONNECT", "PROPFIND"):
        answer = await admin.ask(method, "/")
        assert (answer.status, "POST" in answer.headers["allow"]) == (405, True)
    assert (await admin.ask("HEAD", "/")).status == 200
    assert (await admin.ask("OPTIONS", "/")).environ["REQUEST_METHOD"] == "OPTIONS"
    asked = await admin.ask(
        "OPTIONS", "/", Origin="http://evil.example", Access_Control_Request_Method="DELETE"
    )
    assert asked.status == 403


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n", 200),
        (b"GET / HTTP/1.0\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: jobs.example.org\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n", 421),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n", 421),
        (b"GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n", 200),
        (b"GET http://x@localhost/ HTTP/1.1\r\nHost: localhost\r\n", 421),
        (b"GET http://localhost:1@evil.example/ HTTP/1.1\r\nHost: localhost\r\n", 421),
        (b"GET /\\evil.example HTTP/1.1\r\nHost: localhost\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: evil.example\r\n", 200),
        (b"OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n", 200),
    ],
)
@ensureDeferred
async def test_heads_on_the_wire(head: bytes, status: int, admin: Admin) -> None:
    answer = await admin.raw(head + b"Connection: close\r\n\r\n")
    assert answer.split()[:2] == [answer[:8], b"%d" % status]


@ensureDeferred
async def test_a_name_that_is_a_misdirection_is_said_to_be_one(admin: Admin) -> None:
    answer = await admin.raw(b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 421 Misdirected Request\r\n")
    assert b"--admin-host" in answer


@ensureDeferred
async def test_with_passwords_nobody_comes_in_without_one(guarded: Admin) -> None:
    for path in ("/", "/metrics", "/runs/x", "/api/v1/jobs", "/static/x", "/-/x"):
        answer = await guarded.ask("GET", path)
        assert (answer.status, answer.body) == (401, b"log in to look at this\n")
        assert answer.headers["www-authenticate"] == 'Basic realm="jobqueue", charset="UTF-8"'
    wrong = "Basic " + base64.b64encode(b"alice:b").decode()
    assert (await guarded.ask("GET", "/", Authorization=wrong)).status == 401
    found = (await guarded.ask("GET", "/", Authorization=as_("alice"))).environ
    assert (found["REMOTE_USER"], found["AUTH_TYPE"]) == ("alice", "Basic")
    assert "HTTP_AUTHORIZATION" not in found


@ensureDeferred
async def test_monitors_have_no_password_and_learn_yes_or_no(guarded: Admin) -> None:
    for path in ("/-/healthz", "/-/readyz"):
        answer = await guarded.ask("GET", path)
        assert (answer.status, answer.body) == (200, b"yes\n")
        assert (await guarded.ask("POST", path)).status == 401
    assert (await guarded.ask("GET", "/-/healthz", Host="evil.example")).status == 421


@ensureDeferred
async def test_those_who_may_look_change_nothing(guarded: Admin) -> None:
    bob, alice = as_("bob"), as_("alice")
    assert (await guarded.ask("GET", "/", Authorization=bob)).environ["jqengine.role"] == "look"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await guarded.ask(method, "/", b"{}", Authorization=bob,
                                   Content_Type="application/json")  # fmt: skip
        assert (answer.status, answer.body) == (403, b"bob may look, and not change anything\n")
    body = f"csrf={guarded.token('bob')}".encode()
    assert (
        await guarded.ask("POST", "/", body, Authorization=bob, Content_Type=FORM)
    ).status == 403
    # A token is its user's own.
    answer = await guarded.ask("POST", "/", body, Authorization=alice, Content_Type=FORM)
    assert answer.status == 403
    body = f"csrf={guarded.token('alice')}".encode()
    answer = await guarded.ask("POST", "/", body, Authorization=alice, Content_Type=FORM)
    assert answer.environ["jqengine.role"] == "operate"
