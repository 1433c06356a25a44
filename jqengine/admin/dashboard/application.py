"""The dashboard as a WSGI application."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from wsgiref.types import StartResponse, WSGIEnvironment

from jqengine.admin.dashboard.desk import Desk
from jqengine.admin.dashboard.pages.routes import ROUTES
from jqengine.admin.dashboard.web import NO_FORM, Asked, Response, form_of, query_of
from jqengine.admin.queues import OPERATE, Queues
from jqengine.errors import (
    BadRequest,
    BadSchedule,
    BadValue,
    Forbidden,
    JobQueueError,
    LimitReached,
    NoSuchContinuation,
    NoSuchJob,
    NotConnected,
    NotInTime,
    NotPossible,
    StoreUnavailable,
)

_FOREVER = "public, max-age=31536000, immutable"

_STATUSES: Sequence[tuple[tuple[type[JobQueueError], ...], str]] = (
    ((NoSuchJob, NoSuchContinuation), "404 Not Found"),
    ((NotPossible,), "409 Conflict"),
    ((Forbidden,), "403 Forbidden"),
    ((LimitReached,), "413 Content Too Large"),
    ((BadValue, BadRequest, BadSchedule), "400 Bad Request"),
    ((NotConnected, NotInTime, StoreUnavailable), "503 Service Unavailable"),
)


class Dashboard:
    """Answers every request below the root.  For any thread.

    Whoever hosts it has let in who may come, and says in the environ what they
    may do (``jqengine.role``, ``look`` or ``operate``) and what their forms must
    bring along (``jqengine.csrf``), which is checked before this is called.

    :param queues: the engine, by role.
    """

    def __init__(self, desk: Desk, queues: Queues) -> None:
        self._desk = desk
        self._queues = queues

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """PEP 3333."""
        response = self._answer(environ)
        headers = [
            ("Content-Type", response.content_type),
            ("Content-Length", str(len(response.body))),
            *response.headers,
        ]
        start_response(response.status, headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else response.body]

    def _answer(self, environ: WSGIEnvironment) -> Response:
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace") or "/"
        if path.startswith("/static/"):
            return self._static(path.removeprefix("/static/"))
        method = environ["REQUEST_METHOD"]
        asked = Asked(
            method="GET" if method == "HEAD" else method,
            path=path,
            queue=self._queues.of(environ),
            token=environ.get("jqengine.csrf", ""),
            operates=environ.get("jqengine.role") == OPERATE,
        )
        try:
            return self._page(environ, asked)
        except JobQueueError as error:
            return self._desk.problem(asked, status_of(error), str(error))

    def _page(self, environ: WSGIEnvironment, asked: Asked) -> Response:
        found = [
            (route, variables)
            for route in ROUTES
            if (variables := _match(route.pattern, asked.path)) is not None
        ]
        for route, variables in found:
            if route.method == asked.method:
                return route.page(self._desk, _with_fields(asked, environ, variables))
        if not found:
            return self._desk.problem(asked, "404 Not Found", "There is no such page.")
        allowed = ", ".join(sorted({route.method for route, _ in found}))
        problem = self._desk.problem(
            asked, "405 Method Not Allowed", f"This page knows only {allowed}."
        )
        return problem._replace(headers=(("Allow", allowed),))

    def _static(self, name: str) -> Response:
        file = self._desk.templates.static.get(name)
        if file is None:
            return Response("404 Not Found", b"there is no such file\n", "text/plain")
        return Response("200 OK", file.body, file.content_type, (("Cache-Control", _FOREVER),))


def status_of(error: JobQueueError) -> str:
    """The status line that goes with an error."""
    for kinds, status in _STATUSES:
        if isinstance(error, kinds):
            return status
    return "500 Internal Server Error"


def _with_fields(asked: Asked, environ: WSGIEnvironment, variables: Sequence[str]) -> Asked:
    """*asked* with all that it says.

    :raises Forbidden: it would change something, and must not.
    """
    posted = asked.method == "POST"
    if posted and not asked.operates:
        raise Forbidden("you may look, and not change anything")
    form = form_of(environ) if posted else NO_FORM
    return replace(asked, query=query_of(environ), form=form, variables=variables)


def _match(pattern: str, path: str) -> Sequence[str] | None:
    """The variable parts of *path*, if it is like *pattern*, in which ``*`` stands for one."""
    wanted, given = pattern.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    pairs = list(zip(wanted, given, strict=True))
    if any(part not in ("*", segment) or (not segment and part == "*") for part, segment in pairs):
        return None
    return [segment for part, segment in pairs if part == "*"]
