"""The answers to the commands about continuations."""

from __future__ import annotations

from typing import Any

from jqengine.continuation import Continuation
from jqengine.errors import BadValue
from jqengine.redaction import Redactor
from jqengine.remote.continuations import Continuations
from jqengine.remote.pages import bounded, fitting
from jqengine.remote.uploads import Uploads
from jqengine.request.environ import rfc3339

DEFAULT_PAGE = 100
MOST_ON_A_PAGE = 1000

Response = dict[str, Any]


class ContinuationDesk:
    """Answers one client.  For the reactor thread.

    :param redactor: what is shown of a saved request holds no secret: neither
        its cookies, nor its body, nor the application's state.
    """

    def __init__(self, continuations: Continuations, redactor: Redactor, uploads: Uploads) -> None:
        self._continuations = continuations
        self._redactor = redactor
        self._uploads = uploads

    async def make(self, upload: int | None, body: bytes | None, **said: Any) -> Response:
        """Save a request."""
        if upload is not None:
            if body is not None:
                raise BadValue("body and upload are given; a request has one body")
            body = self._uploads.take(upload)
        made = await self._continuations.make({**said, "body": body})
        return {"continuation": bounded(self._described(made))}

    async def page(self, after: str | None, limit: int | None) -> Response:
        """A page of continuations."""
        size = DEFAULT_PAGE if limit is None else limit
        if not 1 <= size <= MOST_ON_A_PAGE:
            raise BadValue(f"limit: expected 1 to {MOST_ON_A_PAGE}")
        page = await self._continuations.page(after, size)
        described, all_fit = fitting(page.items, self._described)
        if not all_fit:
            page = await self._continuations.page(after, len(described))
        return {"continuations": described, "next": page.after}

    async def drop(self, id: str) -> Response:  # noqa: A002
        """Forget one."""
        return {"count": int(await self._continuations.drop(id))}

    async def clear(self, session: str | None) -> Response:
        """Forget those of a session, or all."""
        return {"count": await self._continuations.clear(session)}

    def _described(self, continuation: Continuation) -> Response:
        request = continuation.request
        described = {
            "id": continuation.id,
            "link": self._continuations.link(continuation),
            "method": request.method,
            "target": self._redactor.target(request.target),
            "user": request.user,
            "headers": self._redactor.headers(request.headers) or None,
            "reusable": continuation.reusable,
            "created": rfc3339(continuation.created),
            "expires": rfc3339(continuation.expires),
        }
        return {name: value for name, value in described.items() if value is not None}
