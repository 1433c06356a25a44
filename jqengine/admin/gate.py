"""The gate of the admin listener: every request passes it, whoever answers behind it."""

from __future__ import annotations

from collections.abc import Collection
from typing import BinaryIO, NamedTuple, cast

from twisted.internet.interfaces import IAddress
from twisted.logger import Logger
from twisted.web.server import Request

from jqengine.admin.answer import Answer, text
from jqengine.admin.forms import START, token_in
from jqengine.admin.guard import FORM_TYPES, Asked, objection
from jqengine.admin.login import Login
from jqengine.admin.visitor import Role, Tokens, Visitor, role_of

TOKEN_HEADER = b"X-CSRF-Token"


class Admitted(NamedTuple):
    """Somebody who may have an answer, and what the pages are told of them.

    :ivar token: for the forms that they are shown.
    """

    visitor: Visitor
    token: str


class Gate:
    """Decides who comes in.  For the reactor thread.

    :param tokens: those of forms.
    :param login: asks for passwords, or ``None`` where nobody needs one.
    :param operators: who may change something; of the others, those who are let
        in may look.
    :param hosts: lower-case names by which this listener is reached besides
        those of this machine, through a proxy.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        tokens: Tokens,
        login: Login | None,
        operators: Collection[str],
        hosts: Collection[str],
    ) -> None:
        self._tokens = tokens
        self._login = login
        self._operators = operators
        self._hosts = hosts

    def objection(self, request: Request) -> Answer | None:
        """Why *request* is refused whoever makes it."""
        any_host = self._login is not None and not self._hosts
        return objection(asked_by(request), self._hosts, any_host=any_host)

    async def admit(self, request: Request) -> Admitted | Answer:
        """Who makes *request*, to which there is no objection, or why it is refused."""
        visitor = await self._visitor(request)
        if isinstance(visitor, Answer):
            return visitor
        if asked_by(request).changes_something:
            refusal = self._change_refused(request, visitor)
            if refusal is not None:
                return refusal
        return Admitted(visitor, self._tokens.token(visitor))

    async def _visitor(self, request: Request) -> Visitor | Answer:
        if self._login is None:
            return Visitor(None, role_of(None, self._operators))
        header = _header(request, b"Authorization")
        user = await self._login.user(header, _host_of(request.getClientAddress()))
        return user if isinstance(user, Answer) else Visitor(user, role_of(user, self._operators))

    def _change_refused(self, request: Request, visitor: Visitor) -> Answer | None:
        if visitor.role is not Role.OPERATE:
            return text(403, f"{visitor.label} may look, and not change anything")
        kind = asked_by(request).media_type
        if kind not in FORM_TYPES:
            return None
        token = _header(request, TOKEN_HEADER) or token_in(_start(request), kind)
        if self._tokens.is_right(token, visitor):
            return None
        self._log.warn("A form without its token was refused", peer=_host_of(request.client))
        return text(
            403,
            "this form is not one of yours, or too old; go back, load the page again and send it"
            " once more",
        )


def asked_by(request: Request) -> Asked:
    """What *request* says of itself."""
    return Asked(
        method=request.method.decode("latin-1"),
        host=_header(request, b"Host"),
        secure=request.isSecure(),
        origin=_header(request, b"Origin"),
        fetch_site=_header(request, b"Sec-Fetch-Site"),
        fetch_mode=_header(request, b"Sec-Fetch-Mode"),
        fetch_dest=_header(request, b"Sec-Fetch-Dest"),
        content_type=_header(request, b"Content-Type"),
    )


def _header(request: Request, name: bytes) -> str:
    """The value of a header; of one that comes twice something that is not right for any."""
    values = request.requestHeaders.getRawHeaders(name, ())
    return b"\n".join(values).decode("latin-1")


def _host_of(address: IAddress) -> str:
    """The address of a peer; empty on a unix socket."""
    return getattr(address, "host", "")


def _start(request: Request) -> bytes:
    """The start of the body of *request*, which stays to be read again."""
    content = cast("BinaryIO", request.content)
    start = content.read(START)
    content.seek(0)
    return start
