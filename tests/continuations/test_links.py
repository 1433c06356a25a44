"""Links to continuations: who may follow them, where, and what they meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TimedOut

from jqengine.app.resuming import Resuming
from jqengine.continuation import Continuation
from jqengine.eager.office import outcome_of
from jqengine.errors import StoreUnavailable
from jqengine.request.cookies import session_hash
from jqengine.store.memory import MemoryStore
from tests.continuations.values import a_continuation
from tests.store.values import NOW, an_id_factory

ID = "0123456789abcdef" * 2
COOKIE = "session=abc; theme=dark"
GONE = b"This link has expired, was used before, or is somebody else's.\n"


class Site:
    """An application behind links, and what it was asked.

    :ivar sets: the cookies that its next response sets.
    :ivar during: called while a request is under way.
    """

    def __init__(self, script_name: str = "", now: float = NOW) -> None:
        self.store = MemoryStore(an_id_factory())
        self.store.open()
        self.asked: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.sets: list[str] = []
        self.made: list[str] = []
        self.time = now
        self._served = Resuming(
            self._application,
            store=self.store,
            clock=self,
            ask=self.ask,
            session_cookie="session",
            script_name=script_name,
        )

    def now(self) -> float:
        return self.time

    def ask(self, question: Callable[[], Deferred[Any]]) -> Any:
        return outcome_of(question())

    def keep(self, **changes: Any) -> Continuation:
        """Save a request of the session ``abc``."""
        saved = a_continuation(**{"session": session_hash("abc"), **changes})
        self.store.queue.continuations.keep_continuation(saved)
        return saved

    def get(
        self, path: str, query: str = "", cookie: str | None = COOKIE, **changes: str
    ) -> tuple[str, dict[str, str], bytes]:
        """Status, headers and body of the answer."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": "",
            "CONTENT_LENGTH": "",
            "wsgi.input": BytesIO(b"own body"),
            **changes,
        }
        if cookie is not None:
            environ["HTTP_COOKIE"] = cookie
        said: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
            said.append((status, headers))
            return lambda data: None

        body = b"".join(self._served(environ, start_response))
        [(status, headers)] = said
        return status, dict(headers), body

    def follow(self, saved: Continuation, cookie: str | None = COOKIE, **changes: str) -> Any:
        """What answers the link to *saved*."""
        return self.get("/form", f"_k={saved.id}", cookie, **changes)

    def _application(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.asked.append(environ)
        self.bodies.append(environ["wsgi.input"].read())
        environ["jobqueue"] = self
        headers = [("X-Own", "1"), *(("Set-Cookie", one) for one in self.sets)]
        start_response("200 OK", headers)
        return [b"answered"]


@pytest.fixture
def site() -> Site:
    return Site()


def is_refused(answer: tuple[str, dict[str, str], bytes]) -> bool:
    status, headers, body = answer
    return (status, headers["Cache-Control"], body) == ("410 Gone", "no-store", GONE)


def test_the_saved_request_takes_the_place_of_the_link(site: Site) -> None:
    saved = site.keep(state='{"step":2}', user="ada")
    status, headers, body = site.follow(saved)
    assert (status, headers, body) == (
        "200 OK",
        {"X-Own": "1", "Cache-Control": "no-store"},
        b"answered",
    )
    [environ] = site.asked
    assert site.bodies == [saved.request.body]
    assert (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("POST", "/form")
    assert environ["QUERY_STRING"] == "step=1"
    assert environ["jobqueue.continuation"] == {"id": saved.id, "state": {"step": 2}}
    assert environ["HTTP_COOKIE"] == COOKIE
    assert "REMOTE_USER" not in environ, "who it was saved for is not who follows the link"


@pytest.mark.parametrize(
    ("query", "method"),
    [("", "GET"), ("_k=short", "GET"), ("a=b", "GET"), (f"_k={ID}", "POST"), (f"_k={ID}", "HEAD")],
)
def test_what_is_no_link_goes_through_untouched(site: Site, query: str, method: str) -> None:
    status, headers, _ = site.get("/form", query, REQUEST_METHOD=method)
    assert (status, headers) == ("200 OK", {"X-Own": "1"})
    assert (site.asked[0]["QUERY_STRING"], site.bodies) == (query, [b"own body"])
    assert "jobqueue.continuation" not in site.asked[0]


@pytest.mark.parametrize(
    "cookie", [None, "", "theme=dark", "session=", "session=abd", "session=ab", "xsession=abc"]
)
def test_with_another_sessions_cookie_it_is_refused_and_not_used_up(
    site: Site, cookie: str | None
) -> None:
    saved = site.keep()
    assert is_refused(site.follow(saved, cookie))
    assert site.asked == []
    assert site.follow(saved)[0] == "200 OK"


def test_a_guessed_id_is_refused(site: Site) -> None:
    site.keep()
    assert is_refused(site.get("/form", f"_k={ID}"))


def test_a_second_time_it_is_refused(site: Site) -> None:
    saved = site.keep()
    assert site.follow(saved)[0] == "200 OK"
    assert is_refused(site.follow(saved))
    assert len(site.asked) == 1


def test_a_reusable_one_goes_on(site: Site) -> None:
    saved = site.keep(reusable=True)
    assert [site.follow(saved)[0] for _ in range(3)] == ["200 OK"] * 3


def test_an_expired_one_is_refused(site: Site) -> None:
    saved = site.keep(reusable=True)
    site.time = saved.expires - 0.001
    assert site.follow(saved)[0] == "200 OK"
    site.time = saved.expires
    assert is_refused(site.follow(saved))


def test_one_without_a_session_is_nobodys(site: Site) -> None:
    saved = site.keep(session=None)
    assert is_refused(site.follow(saved))
    assert is_refused(site.follow(saved, None))


def test_at_another_path_it_is_refused(site: Site) -> None:
    saved = site.keep()
    assert is_refused(site.get("/", f"_k={saved.id}"))
    assert is_refused(site.get("/form/", f"_k={saved.id}"))
    assert site.follow(saved)[0] == "200 OK"


@pytest.mark.parametrize("path", ["/form", "/app/form"])
def test_a_proxy_may_take_the_base_of_the_site_away_or_not(path: str) -> None:
    site = Site(script_name="/app")
    saved = site.keep()
    assert is_refused(site.get("/application/form", f"_k={saved.id}"))
    assert site.get(path, f"_k={saved.id}")[0] == "200 OK"
    assert site.asked[0]["PATH_INFO"] == path


@pytest.mark.parametrize("name", ["HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_MOZ"])
def test_a_browser_that_fetches_ahead_uses_nothing_up(site: Site, name: str) -> None:
    saved = site.keep()
    for purpose in ("prefetch", "prefetch;prerender", "preview"):
        assert site.follow(saved, **{name: purpose})[0] == "503 Service Unavailable"
    assert site.follow(saved)[0] == "200 OK"


def test_without_the_store_links_wait_and_the_rest_goes_on(site: Site) -> None:
    saved = site.keep()
    site.store.trouble = StoreUnavailable("the store is away")
    status, headers, body = site.follow(saved)
    assert (status, body) == (
        "503 Service Unavailable",
        b"This link cannot be followed just now.\n",
    )
    assert headers["Cache-Control"] == "no-store"
    site.sets = ["session=new; Path=/"]
    assert site.get("/")[0] == "200 OK"
    site.store.trouble = None
    site.sets = []
    assert site.follow(saved)[0] == "200 OK"


def test_nobody_waits_for_ever(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = site.keep()

    def too_late(question: Any) -> None:
        raise TimedOut

    monkeypatch.setattr(site._served, "_ask", too_late)
    assert site.follow(saved)[0] == "503 Service Unavailable"


# The session cookie changes.


def change(site: Site, cookie: str | None, *sets: str) -> None:
    """A request with *cookie* whose response sets cookies."""
    site.sets = list(sets)
    assert site.get("/", cookie=cookie)[0] == "200 OK"
    site.sets = []


def test_a_new_cookie_of_the_session_takes_its_place(site: Site) -> None:
    saved = site.keep()
    change(site, COOKIE, "session=new; Path=/; HttpOnly", "theme=light")
    site.time += 3600
    assert is_refused(site.follow(saved))
    assert site.follow(saved, "session=new")[0] == "200 OK"


@pytest.mark.parametrize(
    "sets",
    [
        "session=; Max-Age=0; Path=/",
        "other=new",
        "session=abc; Path=/",
        "session=new; Max-Age=0",
        "session=new; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ],
)
def test_what_sets_no_other_session_changes_nothing(site: Site, sets: str) -> None:
    saved = site.keep()
    change(site, COOKIE, sets)
    site.time += 3600
    assert is_refused(site.follow(saved, "session=new"))
    assert site.follow(saved)[0] == "200 OK"


def test_nobody_gets_anothers_continuations_with_a_new_cookie(site: Site) -> None:
    saved = site.keep()
    change(site, "session=thief", "session=thiefs-new")
    change(site, None, "session=first")
    for cookie in ("session=thief", "session=thiefs-new", "session=first"):
        assert is_refused(site.follow(saved, cookie))
    assert site.follow(saved)[0] == "200 OK"


def test_the_first_cookie_of_a_client_is_that_of_what_it_has_made(site: Site) -> None:
    mine, other = site.keep(session=None), site.keep(session=None)
    site.made = [mine.id]
    change(site, None, "session=first; Path=/")
    assert is_refused(site.follow(other, "session=first"))
    assert site.follow(mine, "session=first")[0] == "200 OK"


def test_a_resumed_request_may_change_the_cookie_too(site: Site) -> None:
    used, kept = site.keep(), site.keep()
    site.sets = ["session=new"]
    assert site.follow(used)[0] == "200 OK"
    site.time += 3600
    assert site.follow(kept, "session=new")[0] == "200 OK"
