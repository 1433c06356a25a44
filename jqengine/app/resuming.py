"""Links to continuations, and the session cookie that says who may follow them.

Everything here runs in the application's threads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.threads import blockingCallFromThread
from twisted.logger import Logger

from jqengine.continuation import Continued
from jqengine.errors import StoreError
from jqengine.interfaces import IClock, IContinuationStore
from jqengine.request.continuation import id_in_query, resumed
from jqengine.request.cookies import cookie_in, cookie_set, session_hash

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

    from _typeshed import OptExcInfo

T = TypeVar("T")
Environ = dict[str, Any]
Headers = list[tuple[str, str]]

PATIENCE = 5.0
"""Seconds that a request waits for the store; without an answer it goes on."""

_AHEAD = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")

_GONE = ("410 Gone", "This link has expired, was used before, or is somebody else's.\n")
_NOT_NOW = ("503 Service Unavailable", "This link cannot be followed just now.\n")


class Ask(Protocol):
    """Waits for the answer of a store."""

    def __call__(self, question: Callable[[], Deferred[T]]) -> T:
        """What the Deferred that *question* gives fires with, or the error of it."""


def asking_from_threads(reactor: Any) -> Ask:
    """A way to ask on the thread of *reactor*, for any other thread."""

    def ask(question: Callable[[], Deferred[T]]) -> T:
        def limited() -> Deferred[T]:
            return question().addTimeout(PATIENCE, reactor)

        # Its overloads do not know a function that is generic itself.
        wait: Any = blockingCallFromThread
        answer: T = wait(reactor, limited)
        return answer

    return ask


class Resuming:
    """Puts a saved request in the place of one that follows a link to it.

    A WSGI middleware.  A link is followed by ``GET`` alone, with the session
    cookie that the continuation belongs to; what does not belong to it is
    refused, whatever the reason, with one and the same answer.  When a response
    gives its client another session cookie, the client's continuations go along.

    :param session_cookie: the name of the cookie.
    :param script_name: where the application is, as it finds it in a job.
    """

    _log = Logger()

    def __init__(
        self,
        application: WSGIApplication,
        *,
        store: IContinuationStore,
        clock: IClock,
        ask: Ask,
        session_cookie: str,
        script_name: str = "",
    ) -> None:
        self._application = application
        self._store = store
        self._clock = clock
        self._ask = ask
        self._cookie = session_cookie
        self._script_name = script_name

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Call the application (PEP 3333)."""
        key = id_in_query(environ.get("QUERY_STRING", ""))
        if key is None or environ["REQUEST_METHOD"] != "GET":
            return self._application(environ, self._following(environ, start_response))
        if any("pre" in environ.get(name, "") for name in _AHEAD):
            # A browser that fetches pages nobody has asked for yet.
            return _refuse(start_response, *_NOT_NOW)
        try:
            saved = self._saved_request(environ, key)
        except (StoreError, TimedOut, CancelledError) as error:
            self._log.warn("A continuation cannot be resumed: {error}", error=error)
            return _refuse(start_response, *_NOT_NOW)
        if saved is None:
            return _refuse(start_response, *_GONE)
        start = self._following(saved, start_response, [("Cache-Control", "no-store")])
        return self._application(saved, start)

    def _saved_request(self, environ: Environ, key: str) -> Environ | None:
        found = self._ask(
            lambda: self._store.resume_continuation(
                key, self._session(environ), self._paths(environ), self._clock.now()
            )
        )
        if found is None:
            return None
        return resumed(environ, found.request, Continued(found.id, found.state))

    def _session(self, environ: Environ) -> str | None:
        value = cookie_in(environ.get("HTTP_COOKIE"), self._cookie)
        return session_hash(value) if value else None

    def _paths(self, environ: Environ) -> Collection[str]:
        """The paths at which this request may find what was saved.

        A proxy may or may not have taken away the part before the application.
        """
        whole = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "") or "/"
        base = self._script_name
        if base and (whole == base or whole.startswith(f"{base}/")):
            return whole, whole[len(base) :] or "/"
        return (whole,)

    def _following(
        self, environ: Environ, start_response: StartResponse, more: Headers | None = None
    ) -> StartResponse:
        """*start_response*, after a look at the cookies that the response sets."""

        def start(
            status: str, headers: Headers, exc_info: OptExcInfo | None = None, /
        ) -> Callable[[bytes], object]:
            self._follow(environ, headers)
            if more:
                headers = [*headers, *more]
            return start_response(status, headers, exc_info)

        return start

    def _follow(self, environ: Environ, headers: Headers) -> None:
        values = [cookie_set(text, self._cookie) for name, text in headers if _is_cookie(name)]
        after = next((value for value in reversed(values) if value is not None), None)
        if after is None:
            return
        before = cookie_in(environ.get("HTTP_COOKIE"), self._cookie) or None
        made = getattr(environ.get("jobqueue"), "made", [])
        if after == before or (before is None and not made):
            return
        try:
            self._ask(
                lambda: self._store.follow_session(
                    None if before is None else session_hash(before),
                    session_hash(after),
                    made,
                    self._clock.now(),
                )
            )
        except (StoreError, TimedOut, CancelledError) as error:
            self._log.warn("The links of a session are lost: {error}", error=error)


def _is_cookie(name: str) -> bool:
    return name.lower() == "set-cookie"


def _refuse(start_response: StartResponse, status: str, text: str) -> Iterable[bytes]:
    body = text.encode("ascii")
    start_response(
        status,
        [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ],
    )
    return [body]
