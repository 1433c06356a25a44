"""The application's side of one request: everything here runs in its thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from wsgiref.types import WSGIApplication

from twisted.python.failure import Failure

from jqengine.app.client import Client
from jqengine.app.flow import PIECE, Flow
from jqengine.app.head import ResponseHead, response_head

if TYPE_CHECKING:
    from _typeshed import OptExcInfo

Post = Callable[[tuple[Callable[..., None], tuple[Any, ...]]], None]


class ClientGone(ConnectionError):
    """What ``write()`` raises in an application whose client has left."""


class ApplicationCall:
    """Calls the application once and passes on what it answers (PEP 3333).

    :param post: carries a call to the reactor thread.
    """

    _head: ResponseHead | None = None
    _flow: Flow | None = None
    _missing: int | None = None
    _ended = False

    def __init__(
        self, application: WSGIApplication, environ: dict[str, Any], client: Client, post: Post
    ) -> None:
        self._application = application
        self._environ = environ
        self._client = client
        self._post = post
        self._with_body = environ["REQUEST_METHOD"] != "HEAD"

    def run(self) -> None:
        """Call the application, send its response, close it; never raises for it."""
        content = self._environ["wsgi.input"]
        try:
            # It may have left while the request waited for a thread.
            if not self._client.gone:
                self._respond()
        except ClientGone:
            pass
        except BaseException:
            self._post((self._client.fail, (Failure(),)))
        finally:
            if content is not None:
                content.close()

    def _respond(self) -> None:
        chunks = self._application(self._environ, self.start_response)
        try:
            self._send_all(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        if not self._ended:
            self._finish()

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: OptExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """The ``start_response`` of PEP 3333.

        Until the body begins, a second call replaces the first, even without
        *exc_info*.

        :raises TypeError, ValueError: what :func:`response_head` raises.
        """
        if self._flow is not None:
            try:
                if exc_info is not None and exc_info[1] is not None:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # it refers to this frame
            raise AssertionError("start_response was called after the body had begun")
        self._head = response_head(status, headers)
        return self.write

    def write(self, data: bytes) -> None:
        """The ``write`` callable of PEP 3333; it waits for a client that reads slowly.

        :raises TypeError: *data* is not bytes.
        :raises ClientGone: nobody is there any more.
        """
        if not isinstance(data, bytes):
            raise TypeError(f"Can only write bytes to a transport, not {data!r}")
        if self._client.gone:
            raise ClientGone("the client has closed its connection")
        flow = self._flow or self._begin()
        if self._carries_body:
            self._transmit(data, flow)

    def _send_all(self, chunks: Iterable[bytes]) -> None:
        if self._flow is None and type(chunks) in (list, tuple):
            self._send_known(b"".join(chunks))
            return
        alone = _has_one_item(chunks)
        for chunk in chunks:
            if chunk:
                if alone:
                    self._declare_length(len(chunk))
                self.write(chunk)
            if self._client.gone:
                return

    def _send_known(self, body: bytes) -> None:
        """Send a body that is there as a whole, in one go if it is not too long."""
        head = self._started()
        if head.length is None and (body or self._with_body):
            head = self._declare_length(len(body))
        if len(body) == head.length and len(body) <= PIECE:
            self._send_whole(body)
        elif not self._carries_body:
            self._send_whole(b"")
        elif body:
            self.write(body)

    def _declare_length(self, length: int) -> ResponseHead:
        head = self._started()
        if self._flow is None and head.length is None and head.has_body:
            self._head = head = head.with_length(length)
        return head

    def _begin(self) -> Flow:
        head, flow = self._started(), Flow()
        self._missing = head.length
        self._flow = flow
        self._post((self._client.begin, (head, flow)))
        return flow

    def _transmit(self, data: bytes, flow: Flow) -> None:
        length = len(data) if self._missing is None else min(len(data), self._missing)
        for piece in _pieces(data[:length]):
            self._post((self._client.send, (piece,)))
            flow.sent(len(piece))
        if self._missing is not None:
            self._missing -= length
        if length < len(data):
            raise ValueError("the body is longer than its Content-Length")

    def _finish(self) -> None:
        missing = self._started().length if self._flow is None else self._missing
        if missing and self._carries_body and not self._client.gone:
            raise ValueError(f"the body is {missing} bytes shorter than its Content-Length")
        if self._flow is None:
            self._send_whole(b"")
        else:
            self._post((self._client.finish, ()))

    def _send_whole(self, body: bytes) -> None:
        self._ended = True
        self._post((self._client.send_whole, (self._started(), body)))

    def _started(self) -> ResponseHead:
        if self._head is None:
            raise AssertionError("the application did not call start_response")
        return self._head

    @property
    def _carries_body(self) -> bool:
        return self._with_body and self._started().has_body


def _has_one_item(chunks: Iterable[bytes]) -> bool:
    try:
        return len(chunks) == 1  # type: ignore[arg-type]
    except TypeError:
        return False


def _pieces(data: bytes) -> Iterator[bytes]:
    if len(data) <= PIECE:
        yield data
        return
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE]
