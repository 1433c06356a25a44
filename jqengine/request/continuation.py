"""A whole request saved from its environ, and put into another one.  Pure.

Standard library only, as the clients take it along.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote, unquote_to_bytes

from jqengine.errors import BadValue, LimitReached, NotPossible
from jqengine.request.headers import environ_key, is_trusted

if TYPE_CHECKING:
    from jqengine.continuation import Continued
    from jqengine.job import Headers, Request

CONTINUATION = "jobqueue.continuation"
"""Where the application finds which continuation it is in, and its own state."""

PARAMETER = "_k"
"""What carries the id in a link."""

LARGEST_BODY = 16 * 1024 * 1024
LONGEST_STATE = 32 * 1024
"""Bytes of a body, and of an application's state as JSON."""

_ID = re.compile(r"[0-9a-f]{32}")
_IN_QUERY = re.compile(rf"(?:^|&){PARAMETER}=([0-9a-f]{{32}})(?=&|$)")
_PATH_SAFE = "/:@!$&'()*+,;=~-._"
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]|[^\x00-\xff]")

# Those of the connection (RFC 9110, section 7.6.1), what the engine computes,
# and what speaks of the client's cache or of what it can unpack: neither a
# job nor a sink has the one or can do the other.
_NOT_SAVED = frozenset(
    {
        "HTTP_ACCEPT_ENCODING",
        "HTTP_CONNECTION",
        "HTTP_EXPECT",
        "HTTP_IDEMPOTENCY_KEY",
        "HTTP_IF_MATCH",
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_NONE_MATCH",
        "HTTP_IF_RANGE",
        "HTTP_IF_UNMODIFIED_SINCE",
        "HTTP_KEEP_ALIVE",
        "HTTP_PROXY",
        "HTTP_PROXY_AUTHORIZATION",
        "HTTP_PROXY_CONNECTION",
        "HTTP_RANGE",
        "HTTP_TE",
        "HTTP_TRAILER",
        "HTTP_TRANSFER_ENCODING",
        "HTTP_UPGRADE",
    }
)

# What a link brings back besides method, query and body.  None of them says
# who is asking: that is always the one who follows the link.
_OF_THE_CONTENT = frozenset(
    {
        "CONTENT_TYPE",
        "HTTP_CONTENT_DISPOSITION",
        "HTTP_CONTENT_ENCODING",
        "HTTP_CONTENT_LANGUAGE",
        "HTTP_ORIGIN",
        "HTTP_REFERER",
        "HTTP_X_CSRF_TOKEN",
        "HTTP_X_CSRFTOKEN",
        "HTTP_X_REQUESTED_WITH",
        "HTTP_X_XSRF_TOKEN",
    }
)


def request_to_save(
    request: object,
    *,
    session_id: str | None,
    path: str | None,
    state: object,
    reusable: bool,
    expires: object,
    body: bytes | None,
) -> dict[str, Any]:
    """What a client says, by the names of the command ``MakeContinuation``.

    :param request: an environ, or what has one: a request of Flask or Django.
    :raises BadValue: neither a request nor a session is given, or both.
    :raises NotPossible, LimitReached: see :func:`captured`.
    """
    if (request is None) == (session_id is None):
        raise BadValue("expected the environ of a request, or a session_id with a path")
    whole = {} if request is None else captured(environ_of(request), body)
    return {
        **whole,
        "session": session_id,
        "path": path,
        "state": state_text(state),
        "reusable": reusable or None,
        "expires": expires,
    }


def environ_of(request: object) -> Mapping[str, Any]:
    """The environ that *request* is, or has.

    :raises BadValue: it has none.
    """
    environ = getattr(request, "environ", None) or getattr(request, "META", request)
    if isinstance(environ, Mapping) and "REQUEST_METHOD" in environ:
        return environ
    raise BadValue(f"{type(request).__name__} is no request; expected a WSGI environ")


def captured(environ: Mapping[str, Any], body: bytes | None = None) -> dict[str, Any]:
    """The request in *environ*, by the names of the command ``MakeContinuation``.

    The body is read from its beginning, and ``wsgi.input`` left as it was.

    :param body: what the body is, where ``wsgi.input`` cannot be read again.
    :raises NotPossible: it cannot, and no *body* is given.
    :raises LimitReached: the body is too long.
    """
    return {
        "method": environ["REQUEST_METHOD"],
        "target": _target(environ),
        "headers": _saved_headers(environ),
        "user": _user(environ),
        "protocol": environ.get("SERVER_PROTOCOL"),
        "body": _bounded(_body(environ) if body is None else body),
    }


def state_text(state: object) -> str:
    """*state* as JSON, if it comes back from it as it was.

    :raises BadValue: it would not, or is too long.
    """
    try:
        text = json.dumps(state, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
        same = json.loads(text) == state
    except (TypeError, ValueError, RecursionError):
        same, size = False, 0
    if not same:
        shown = repr(state)
        raise BadValue(
            f"state: {shown if len(shown) <= 60 else shown[:57] + '...'} does not come back from"
            " JSON as it is; expected texts, numbers, booleans, None, lists and dicts of them"
        )
    if size > LONGEST_STATE:
        raise BadValue(f"state: {size} bytes of JSON; expected {LONGEST_STATE} at most")
    return text


def is_continuation_id(text: object) -> bool:
    """Whether *text* has the form of a continuation's id: 128 bits in hexadecimal."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def id_in_query(query: str) -> str | None:
    """The id in the query of a link, if there is one."""
    found = _IN_QUERY.search(query) if PARAMETER in query else None
    return found[1] if found else None


def link_to(path: str, continuation_id: str) -> str:
    """What resumes a continuation at *path*, which is percent-encoded."""
    return f"{path}?{PARAMETER}={continuation_id}"


def decoded_path(target: str) -> str:
    """The path of a request target, as PEP 3333 writes it."""
    return unquote_to_bytes(target.partition("?")[0]).decode("latin-1")


def facts(continued: Continued) -> Mapping[str, Any]:
    """What the application finds as ``jobqueue.continuation``."""
    state = None if continued.state is None else json.loads(continued.state)
    return MappingProxyType({"id": continued.id, "state": state})


def resumed(environ: Mapping[str, Any], request: Request, continued: Continued) -> dict[str, Any]:
    """*environ*, which is that of a link, with the saved *request* in it.

    Method, query and body are the saved ones, with the headers that belong to
    them.  Everything that tells who is asking stays that of the one who
    follows the link: address, cookies, authorization, and ``REMOTE_USER``.
    """
    new = {key: value for key, value in environ.items() if key not in _REPLACED}
    for name, value in request.headers:
        key = environ_key(name)
        if key in _OF_THE_CONTENT:
            new[key] = value
    new.setdefault("CONTENT_TYPE", "")
    # A client that follows a link wants a body.
    new["REQUEST_METHOD"] = "GET" if request.method == "HEAD" else request.method
    new["QUERY_STRING"] = request.target.partition("?")[2]
    new["CONTENT_LENGTH"] = str(len(request.body))
    new["wsgi.input"] = BytesIO(request.body)
    new[CONTINUATION] = facts(continued)
    return new


_REPLACED = _OF_THE_CONTENT | {key for key in _NOT_SAVED if key.startswith(("HTTP_IF_", "HTTP_RA"))}


def _target(environ: Mapping[str, Any]) -> str:
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    encoded = quote(path.encode("latin-1"), safe=_PATH_SAFE) or "/"
    if encoded.startswith("//"):
        encoded = "/%2F" + encoded[2:]
    query = _query(_IN_QUERY.sub("", environ.get("QUERY_STRING", "")).removeprefix("&"))
    return f"{encoded}?{query}" if query else encoded


def _query(raw: str) -> str:
    """*raw*, which any client may have written, as RFC 3986 lets it stand in a target."""
    escaped = _STRAY_PERCENT.sub("%25", raw)
    return quote(escaped.encode("latin-1"), safe=_PATH_SAFE + "?%")


def _saved_headers(environ: Mapping[str, Any]) -> Headers:
    return tuple(
        (name, value)
        for name, value in map(_header, environ.items())
        if name and not is_trusted(name) and not _UNSENDABLE.search(value)
    )


def _header(item: tuple[str, Any]) -> tuple[str, str]:
    """The header that an environ's *item* is; without a name if it is none to save."""
    key, value = item
    if key == "CONTENT_TYPE" and value:
        return "Content-Type", value
    if not key.startswith("HTTP_") or key in _NOT_SAVED or not isinstance(value, str):
        return "", ""
    return "-".join(part.capitalize() for part in key[5:].split("_")), value


def _user(environ: Mapping[str, Any]) -> str | None:
    name: str = environ.get("REMOTE_USER") or ""
    try:
        # PEP 3333 writes the bytes of a name as latin-1.
        return name.encode("latin-1").decode() or None
    except UnicodeError:
        return name


def _body(environ: Mapping[str, Any]) -> bytes:
    source: BinaryIO | None = environ.get("wsgi.input")
    if source is None:
        return b""
    try:
        position = source.tell()
        source.seek(0)
    except (AttributeError, OSError, ValueError):
        if environ.get("CONTENT_LENGTH", "") in ("", "0") and not environ.get(
            "HTTP_TRANSFER_ENCODING"
        ):
            return b""
        raise NotPossible(
            "this server does not let the body of a request be read again; give it as body="
        ) from None
    try:
        return source.read(LARGEST_BODY + 1)
    finally:
        source.seek(position)


def _bounded(body: bytes) -> bytes:
    if len(body) > LARGEST_BODY:
        raise LimitReached(
            f"the body of the request has more than the {LARGEST_BODY} bytes that can be saved"
        )
    return body
