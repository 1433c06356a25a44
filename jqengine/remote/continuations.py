"""Continuations as clients ask for them: made, shown, dropped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from jqengine.continuation import DEFAULT_LIFE, LONGEST_LIFE, Continuation, with_saved_request
from jqengine.errors import BadValue, LimitReached, NotPossible
from jqengine.interfaces import IClock, IContinuationStore
from jqengine.job import Headers, Job, Request
from jqengine.joboptions import shown
from jqengine.queries import Page
from jqengine.remote import requestparts as parts
from jqengine.request.continuation import (
    LARGEST_BODY,
    decoded_path,
    is_continuation_id,
    link_to,
    state_text,
)
from jqengine.request.cookies import cookie_in, session_hash
from jqengine.units import format_duration, parse_duration

LONGEST_SESSION = 4096
"""Characters of a session id; browsers keep no longer cookie."""

_ID_BYTES = 16
_PROTOCOL = re.compile(r"HTTP/[0-9](?:\.[0-9])?")
_COOKIE_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]+")  # RFC 6265, section 4.1.1
_PATH_SAFE = "/:@!$&'()*+,;=~-._"


class Continuations:
    """Makes continuations of what clients say, and finds them again.

    For the reactor thread.

    :param session_cookie: the name of the cookie that tells a client's session,
        or ``None`` when that is not known: then no link resumes anything.
    :param script_name: where the application is, as it finds it in a job.
    :param random_bytes: like ``os.urandom``.
    """

    def __init__(
        self,
        *,
        store: IContinuationStore,
        clock: IClock,
        random_bytes: Callable[[int], bytes],
        session_cookie: str | None = None,
        script_name: str = "",
    ) -> None:
        self._store = store
        self._clock = clock
        self._random_bytes = random_bytes
        self._session_cookie = session_cookie
        self._script_name = script_name

    async def make(self, said: Mapping[str, Any]) -> Continuation:
        """Save a request.

        :param said: by the names of the command ``MakeContinuation``.
        :raises BadValue, BadRequest, LimitReached, NotPossible: it is refused.
        """
        request = self._request(said)
        now = self._clock.now()
        continuation = Continuation(
            id=self._id(said.get("id")),
            request=request,
            state=state_text(said.get("state")),
            session=self._session_of(request),
            reusable=bool(said.get("reusable")),
            created=now,
            expires=now + _life(said.get("expires")),
        )
        kept = await self._store.keep_continuation(continuation)
        if (kept.request, kept.state) != (continuation.request, continuation.state):
            raise NotPossible(f"the id {kept.id} is that of another continuation")
        return kept

    async def with_request(self, job: Job) -> Job:
        """*job* with the saved request that it waits for; nothing is used up.

        :raises NoSuchContinuation, NotPossible: it will not get one.
        """
        continued = job.definition.request.continuation
        if continued is None:
            return job
        return with_saved_request(job, await self._store.continuation(continued.id))

    async def page(self, after: str | None, limit: int) -> Page[Continuation]:
        """A page of continuations, the newest first, without bodies."""
        return await self._store.find_continuations(after, limit)

    async def drop(self, continuation_id: str) -> bool:
        """Forget one; whether it was there."""
        return await self._store.drop_continuation(continuation_id)

    async def clear(self, session: str | None) -> int:
        """Forget those of a session, or with ``None`` all; how many they were."""
        return await self._store.clear_continuations(
            None if session is None else session_hash(session)
        )

    def link(self, continuation: Continuation) -> str | None:
        """The link that resumes *continuation*, or ``None`` where links are not possible."""
        if self._session_cookie is None:
            return None
        path = continuation.request.target.partition("?")[0]
        base = quote(self._script_name.encode("latin-1"), safe=_PATH_SAFE)
        return link_to(base + path, continuation.id)

    def _request(self, said: Mapping[str, Any]) -> Request:
        if said.get("session") is not None:
            return self._request_of_session(said)
        if said.get("target") is None:
            raise BadValue("expected the target of a request, or a session with a path")
        body = said.get("body") or b""
        if len(body) > LARGEST_BODY:
            raise LimitReached(f"a body may have {LARGEST_BODY} bytes at most")
        return Request(
            method=parts.method(said.get("method")),
            target=_elsewhere(self._without_base(parts.target(said["target"])), said.get("path")),
            headers=parts.headers(said.get("headers")),
            body=body,
            user=parts.user(said.get("user")),
            protocol=_protocol(said.get("protocol")),
        )

    def _request_of_session(self, said: Mapping[str, Any]) -> Request:
        """What a client of the session would ask at the path."""
        session, path = said["session"], said.get("path")
        if any(said.get(name) is not None for name in ("target", "headers", "body")):
            raise BadValue("a session and a request are given; expected one of them")
        if self._session_cookie is None:
            raise NotPossible(
                "the engine does not know which cookie tells a session;"
                " start it with --session-cookie NAME"
            )
        if path is None:
            raise BadValue("path is missing; a session alone does not say what to ask for")
        if len(session) > LONGEST_SESSION or not _COOKIE_VALUE.fullmatch(session):
            raise BadValue(f"session: {shown(session)} cannot be the value of a cookie")
        return Request(
            method=parts.method(said.get("method")),
            target=parts.target(path),
            headers=(("Cookie", f"{self._session_cookie}={session}"),),
            user=parts.user(said.get("user")),
        )

    def _without_base(self, target: str) -> str:
        """*target*, which is a path of the whole site, as one of the application."""
        path, mark, query = target.partition("?")
        base, whole = self._script_name, decoded_path(path)
        if not base or not (whole == base or whole.startswith(f"{base}/")):
            return target
        below = quote(whole[len(base) :].encode("latin-1"), safe=_PATH_SAFE) or "/"
        return f"{below}{mark}{query}"

    def _session_of(self, request: Request) -> str | None:
        if self._session_cookie is None:
            return None
        header = _header(request.headers, "cookie")
        value = cookie_in(header, self._session_cookie)
        return session_hash(value) if value else None

    def _id(self, proposed: object) -> str:
        if proposed is None:
            return self._random_bytes(_ID_BYTES).hex()
        if not is_continuation_id(proposed):
            raise BadValue(f"id: expected {2 * _ID_BYTES} lower-case hexadecimal digits")
        return str(proposed)


def _elsewhere(target: str, path: str | None) -> str:
    """*target* with another *path*, and its own query if that has none."""
    if path is None:
        return target
    other = parts.target(path)
    query = target.partition("?")[2]
    return other if "?" in other or not query else f"{other}?{query}"


def _protocol(said: str | None) -> str:
    if said is None:
        return "HTTP/1.0"
    if not _PROTOCOL.fullmatch(said):
        raise BadValue(f"protocol: {shown(said)} is not one; expected something like HTTP/1.1")
    return said


def _life(text: str | None) -> float:
    if text is None:
        return DEFAULT_LIFE
    try:
        seconds = parse_duration(text)
    except BadValue as error:
        raise BadValue(f"expires: {error}") from None
    if not 0 < seconds <= LONGEST_LIFE:
        most = format_duration(LONGEST_LIFE)
        raise BadValue(f"expires: {shown(text)}; expected more than nothing and at most {most}")
    return seconds


def _header(headers: Headers, wanted: str) -> str:
    return "; ".join(value for name, value in headers if name.lower() == wanted)
