"""A real HTTP request becomes a WSGI environ (PEP 3333, RFC 3875).

Runs on the reactor thread.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from io import SEEK_END
from types import MappingProxyType
from typing import Any, BinaryIO, Final
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress
from twisted.logger import Logger
from twisted.web.server import Request

from jqengine.request.headers import environ_key, is_unsafe_from_clients

_IP = (IPv4Address, IPv6Address)
_ABSOLUTE_URI = re.compile(rb"https?://([^/?#]*)", re.IGNORECASE)


@lru_cache(maxsize=1024)
def request_header_key(name: bytes) -> str | None:
    """The environ key of a real client's header, or ``None`` if it has none.

    The headers that only the engine may send are left out in every spelling,
    and so are names with ``_``, and ``Proxy``.
    """
    text = name.decode("latin-1")
    return None if is_unsafe_from_clients(text) else environ_key(text)


def split_target(target: bytes) -> tuple[bytes | None, bytes, bytes]:
    """Authority, path and query of a request target (RFC 9112 section 3.2).

    The authority is ``None`` unless the target is an absolute ``http`` or
    ``https`` URI.  The path stays percent-encoded.
    """
    match = None if target.startswith(b"/") else _ABSOLUTE_URI.match(target)
    authority, rest = (match[1], target[match.end() :]) if match else (None, target)
    path, _, query = rest.partition(b"?")
    return authority, path or b"/", query


_errors = Logger(namespace="wsgi")


class ErrorStream:
    """``wsgi.errors``: what the application writes goes to the log.

    Safe to call from any thread.
    """

    def write(self, text: str) -> int:
        """Log *text* as one error event.

        :raises TypeError: *text* is not native text.
        """
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {text!r} ({type(text).__name__})")
        # `system` and `isError` are what Twisted's own host gives such an event.
        _errors.error("{text}", text=text, system="wsgi", isError=True, message=(text,))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Log *lines* together as one event."""
        self.write("".join(lines))

    def flush(self) -> None:
        """Nothing is held back, so there is nothing to do."""


_CONSTANT: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "SERVER_SOFTWARE": "jqengine",
        "wsgi.version": (1, 0),
        "wsgi.run_once": False,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.errors": ErrorStream(),
        "wsgi.input_terminated": True,
        "wsgi.file_wrapper": FileWrapper,
    }
)


def connection_keys(client: IAddress, host: IAddress, secure: bool) -> dict[str, str]:
    """What an environ says of the connection alone.

    Over a Unix socket the client has no address: ``REMOTE_ADDR`` is empty, and
    the port is the usual one of the scheme.
    """
    scheme, port = ("https", "443") if secure else ("http", "80")
    keys = {"wsgi.url_scheme": scheme, "SERVER_PORT": port, "REMOTE_ADDR": ""}
    if isinstance(host, _IP):
        keys["SERVER_PORT"] = str(host.port)
    if isinstance(client, _IP):
        keys["REMOTE_ADDR"] = client.host
        keys["REMOTE_PORT"] = str(client.port)
    return keys


class RequestEnviron:
    """Builds the environ of real requests.

    :param extra: more entries, the same for every request.
    """

    def __init__(self, extra: Mapping[str, Any]) -> None:
        self._constant = {**_CONSTANT, **extra}

    def __call__(self, request: Request) -> dict[str, Any]:
        """The environ of *request*; a new dict each time.

        ``wsgi.input`` is the request's own content: seekable, and complete.
        """
        path, query = _path_and_query(request)
        method: bytes | str = request.method
        environ = self._constant.copy()
        environ.update(_connection_keys_of(request))
        environ["REQUEST_METHOD"] = method if isinstance(method, str) else method.decode("latin-1")
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = _place(request, path)
        environ["QUERY_STRING"] = query.decode("latin-1")
        environ["SERVER_PROTOCOL"] = _text(request.clientproto)
        environ["CONTENT_TYPE"] = environ["CONTENT_LENGTH"] = ""
        _add_headers(environ, request)
        environ["SERVER_NAME"] = _server_name(environ.get("HTTP_HOST"), request)
        environ["wsgi.input"] = request.content
        return environ


def _connection_keys_of(request: Request) -> dict[str, str]:
    known: dict[str, str] | None = getattr(request, "connection_keys", None)
    if known is not None:
        return known
    return connection_keys(request.getClientAddress(), request.getHost(), request.isSecure())


def _path_and_query(request: Request) -> tuple[bytes, bytes]:
    query: bytes | None = getattr(request, "query", None)
    return split_target(request.uri)[1:] if query is None else (request.path, query)


def _place(request: Request, path: bytes) -> tuple[str, str]:
    """``SCRIPT_NAME`` and ``PATH_INFO``: where the application is, and the rest."""
    if request.prepath:
        script = b"/" + b"/".join(request.prepath)
        below = b"/" + b"/".join(request.postpath) if request.postpath else b""
        return script.decode("latin-1"), below.decode("latin-1")
    if b"%" in path:
        path = unquote_to_bytes(path)
    return "", path.decode("latin-1")


def _add_headers(environ: dict[str, Any], request: Request) -> None:
    for name, values in request.requestHeaders.getAllRawHeaders():
        key = request_header_key(name)
        if key is None:
            continue
        if len(values) == 1 or not key.startswith("HTTP_"):
            value = values[-1]
        else:
            value = (b"; " if key == "HTTP_COOKIE" else b",").join(values)
        environ[key] = value.decode("latin-1")
    if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None:
        # The body has been decoded, so only now does it have a length.
        environ["CONTENT_LENGTH"] = str(_size(request.content))


def _server_name(host: str | None, request: Request) -> str:
    """The host the client asked for, else the one it reached; never empty."""
    name = host_without_port(host) if host else ""
    if not name and isinstance(request.getHost(), _IP):
        name = _text(request.getRequestHostname()) or request.getHost().host
    return name or "localhost"


def host_without_port(host: str) -> str:
    """The name or address in a ``Host`` header, an IPv6 address without brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _size(content: BinaryIO | None) -> int:
    """Bytes in *content*, wherever it is read now."""
    if content is None:
        return 0
    position = content.tell()
    size = content.seek(0, SEEK_END)
    content.seek(position)
    return size


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
