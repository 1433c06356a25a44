"""Real HTTP requests as spans: what the application does in one is beneath it."""

from __future__ import annotations

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.web.resource import IResource
from twisted.web.server import Request
from zope.interface import implementer

from jqengine.interfaces import IClock
from jqengine.telemetry.exporting import Exporting, OpenSpan
from jqengine.telemetry.spans import Attributes, Kind, Place, path_of

_METHODS = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}
)


class RequestSpans:
    """The requests of one listener.  For the reactor thread."""

    def __init__(self, exporting: Exporting, clock: IClock) -> None:
        self._exporting = exporting
        self._clock = clock
        self._open: dict[Request, OpenSpan] = {}

    def began(self, request: Request) -> None:
        """*request* is to be answered; from now on its ``traceparent`` is its own span."""
        span = self._exporting.begin(
            _method(request)[0], Kind.SERVER, _parent(request), self._clock.now()
        )
        if span is not None:
            self._open[request] = span
            request.requestHeaders.setRawHeaders(b"traceparent", [str(span.place).encode()])

    def ended(self, request: Request) -> None:
        """*request* has its answer, or its client has left."""
        span = self._open.pop(request, None)
        if span is not None:
            error = str(request.code) if request.code >= 500 else None
            span.end(self._clock.now(), _attributes(request), error)


@implementer(IResource)
class Traced:
    """A root that begins the span of each request, and lets *root* answer it."""

    isLeaf = True  # noqa: N815

    def __init__(self, root: IResource, spans: RequestSpans) -> None:
        self._root = root
        self._spans = spans

    def render(self, request: Request) -> int | bytes:
        """Answer *request*."""
        self._spans.began(request)
        answer: int | bytes = self._root.render(request)
        return answer

    def getChildWithDefault(self, name: bytes, request: Request) -> IResource:
        """Never asked of a leaf."""
        raise NotImplementedError

    def putChild(self, path: bytes, child: IResource) -> None:
        """Never asked of a leaf."""
        raise NotImplementedError


def _parent(request: Request) -> Place | None:
    said = request.requestHeaders.getRawHeaders(b"traceparent", [])
    return Place.of(said[0].decode("latin-1")) if len(said) == 1 else None


def _method(request: Request) -> tuple[str, str]:
    """What the method counts as, and what it is: a client may make one up."""
    method = request.method.decode("latin-1")
    return (method if method in _METHODS else "HTTP"), method[:32]


def _attributes(request: Request) -> Attributes:
    name, method = _method(request)
    attributes: dict[str, str | int] = {
        "http.request.method": name if name == method else "_OTHER",
        "url.scheme": "https" if request.isSecure() else "http",
        "url.path": path_of(request.uri.decode("latin-1")),
        "http.response.status_code": request.code,
        "network.protocol.name": "http",
        "network.protocol.version": request.clientproto.decode("latin-1").rpartition("/")[2],
    }
    if name != method:
        attributes["http.request.method_original"] = method
    client = request.getClientAddress()
    if isinstance(client, IPv4Address | IPv6Address):
        attributes["client.address"] = client.host
    if request.code >= 500:
        attributes["error.type"] = str(request.code)
    return attributes
