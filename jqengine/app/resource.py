"""The WSGI application as a resource of twisted.web."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from wsgiref.types import WSGIApplication

from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer

from jqengine.app.call import ApplicationCall
from jqengine.app.client import Client
from jqengine.app.environ import RequestEnviron
from jqengine.app.mailbox import Mailbox
from jqengine.app.outbox import Outbox, Threads

NOTHING_MORE: Mapping[str, Any] = MappingProxyType({})

_CLIENT = "jqengine.client"


def client_has_left(environ: Mapping[str, Any]) -> bool:
    """Whether nobody waits any more for the response to a request.

    Safe to call from any thread.
    """
    client: Client = environ[_CLIENT]
    return client.gone


@implementer(IResource)
class WSGIResource:
    """Answers every request below it with a WSGI application (PEP 3333).

    It can stand wherever ``twisted.web.wsgi.WSGIResource`` stands.

    :param extra_environ: entries that every environ has besides the usual.
    """

    isLeaf = True  # noqa: N815

    _log = Logger()

    def __init__(
        self,
        reactor: IReactorFromThreads,
        threadpool: Threads,
        application: WSGIApplication,
        *,
        extra_environ: Mapping[str, Any] = NOTHING_MORE,
    ) -> None:
        self._application = application
        self._environ = RequestEnviron(extra_environ)
        self._outbox = Outbox(reactor, threadpool)
        self._mailbox = Mailbox(reactor, self._perform)

    def render(self, request: Request) -> int:
        """Hand *request* to a thread; the application decides all of the response."""
        environ = self._environ(request)
        client = environ[_CLIENT] = Client(request)
        # The body is the application's from here on, and closed after its call:
        # twisted.web would close it under its hands when the client leaves.
        request.content = None
        call = ApplicationCall(self._application, environ, client, self._mailbox.post)
        self._outbox.send(call.run)
        return NOT_DONE_YET

    def getChildWithDefault(self, name: bytes, request: Request) -> IResource:
        """There is nothing below a leaf.

        :raises RuntimeError: always.
        """
        raise RuntimeError("a WSGI application has no child resources")

    def putChild(self, path: bytes, child: IResource) -> None:
        """There can be nothing below a leaf.

        :raises RuntimeError: always.
        """
        raise RuntimeError("a WSGI application cannot have child resources")

    def _perform(self, calls: Sequence[tuple[Callable[..., None], tuple[Any, ...]]]) -> None:
        for function, arguments in calls:
            try:
                function(*arguments)
            except Exception:
                self._log.failure("Part of a response was lost")
