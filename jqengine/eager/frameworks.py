"""How the test clients of frameworks come in by the engine's door."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

Environ = dict[str, Any]
Wrap = Callable[["WSGIApplication"], "WSGIApplication"]


def inner_application(application: Any) -> WSGIApplication:
    """What an application calls for a request: of Flask's its ``wsgi_app``, else itself."""
    inner: WSGIApplication = getattr(application, "wsgi_app", application)
    return inner


@contextmanager
def wrapped_in_flask(application: Any, wrap: Wrap) -> Iterator[None]:
    """Let *wrap* be around the application of Flask, for its test clients too."""
    if not hasattr(application, "wsgi_app"):
        yield
        return
    inner = application.wsgi_app
    application.wsgi_app = wrap(inner)
    try:
        yield
    finally:
        application.wsgi_app = inner


@contextmanager
def wrapped_in_django(wrap: Wrap) -> Iterator[None]:
    """Let *wrap* be around what Django's test client calls, if Django is set up.

    That client does not call the application but a handler of its own, which
    gives a response of Django's.
    """
    if not _django_is_set_up():
        yield
        return
    handler = importlib.import_module("django.test.client").ClientHandler
    original = handler.__call__

    def called(self: Any, environ: Environ) -> Any:
        return _through(wrap, lambda inner: original(self, inner), environ)

    handler.__call__ = called
    try:
        yield
    finally:
        handler.__call__ = original


def _django_is_set_up() -> bool:
    settings = getattr(sys.modules.get("django.conf"), "settings", None)
    return bool(getattr(settings, "configured", False))


def _through(wrap: Wrap, call: Callable[[Environ], Any], environ: Environ) -> Any:
    """What *call* gives for *environ*, called as a WSGI application within *wrap*."""
    # As a server does it, the body is there as a whole and can be read again.
    environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read())
    responses: list[Any] = []
    said: list[tuple[str, list[tuple[str, str]]]] = []

    def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        response = call(environ)
        responses.append(response)
        cookies = [("Set-Cookie", morsel.OutputString()) for morsel in response.cookies.values()]
        status = f"{response.status_code} {response.reason_phrase}"
        start_response(status, [*response.items(), *cookies])
        return []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        said.append((status, headers))
        return lambda data: None

    chunks = wrap(application)(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    [(status, headers)] = said
    response = responses[0] if responses else _refusal(environ, status, body)
    return _with_headers(response, headers)


def _with_headers(response: Any, headers: list[tuple[str, str]]) -> Any:
    """*response* with what was said besides its own headers."""
    for name, value in headers:
        if name != "Set-Cookie":
            response[name] = value
    return response


def _refusal(environ: Environ, status: str, body: bytes) -> Any:
    """A response of Django's to a request that never got to the application."""
    response = importlib.import_module("django.http").HttpResponse(body, status=int(status[:3]))
    handlers = importlib.import_module("django.core.handlers.wsgi")
    response.wsgi_request = handlers.WSGIRequest(environ)
    return response
