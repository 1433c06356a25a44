"""A WSGI middleware that gives every request its queue, and lets its jobs depend on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from jqengine.client.queue import JobQueue
from jqengine.client.request import RequestQueue

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

    from _typeshed import OptExcInfo

Environ = dict[str, Any]

_WITHOUT_BODY = ("204", "304")


class JobQueueMiddleware:
    """Sets ``environ["jobqueue"]`` and commits what is scheduled there on success.

    The engine puts it around the application it hosts. Under another server
    the application is wrapped with it by hand::

        application = JobQueueMiddleware(application)

    Under such a server nobody can tell it whether the client is still there when
    a response ends that is known as a whole; otherwise, a server that stops
    asking for more of the response has lost its client.

    :param queue: ``JobQueue()`` unless said.
    :param gone: tells of an environ whether its client has left.
    """

    def __init__(
        self,
        application: WSGIApplication,
        queue: JobQueue | None = None,
        *,
        gone: Callable[[Environ], bool] = lambda environ: False,
    ) -> None:
        self._application = application
        self._queue = queue or JobQueue()
        self._gone = gone

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Call the application (PEP 3333)."""
        queue = RequestQueue(self._queue, environ.get("HTTP_TRACEPARENT"))
        environ["jobqueue"] = queue
        response = _Response(environ, start_response, queue, self._gone)
        chunks = self._application(environ, response.start)
        # A generator has not even begun.
        if queue.held or isinstance(chunks, GeneratorType):
            return response.ending_with(chunks)
        queue.end()
        return chunks


class _Response:
    """One response, so far as it must be known to tell when it is about to end."""

    _status = ""
    _headers: Sequence[tuple[str, str]] = ()
    _missing: int | None = None
    _counts = False

    def __init__(
        self,
        environ: Environ,
        start_response: StartResponse,
        queue: RequestQueue,
        gone: Callable[[Environ], bool],
    ) -> None:
        # No more than this: it happens in every request, and matters in few.
        self._environ = environ
        self._start_response = start_response
        self._queue = queue
        self._gone = gone

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: OptExcInfo | None = None
    ) -> Callable[[bytes], object]:
        """The ``start_response`` that the application is given."""
        self._status = status
        self._headers = headers
        write = self._start_response(status, headers, exc_info)
        return partial(self._write, write) if self._queue.held else write

    def ending_with(self, chunks: Iterable[bytes]) -> Iterable[bytes]:
        """*chunks*, before the last of which what is held is committed."""
        return _Sized(self, chunks) if hasattr(chunks, "__len__") else _Chunks(self, chunks)

    def before(self, data: bytes, *, last: bool = False) -> None:
        """Commit, if *data* is what completes the response."""
        self._count(len(data))
        if last or self._missing == 0:
            self.end()

    def end(self) -> None:
        """The response is about to end as it should."""
        if self._queue.held and self._succeeds():
            self._queue.commit()
        self._queue.end()

    def close(self) -> None:
        """The response has ended, in whatever way."""
        self._queue.end()

    def _write(self, write: Callable[[bytes], object], data: bytes) -> object:
        self.before(data)
        return write(data)

    def _count(self, size: int) -> None:
        """Count *size* bytes of a body whose length is known."""
        if not self._counts:
            self._counts = True
            self._missing = self._length()
        if self._missing is not None:
            self._missing -= size

    def _length(self) -> int | None:
        """Bytes that the body will have, if it has one and says so."""
        if self._status[:3] in _WITHOUT_BODY or self._environ["REQUEST_METHOD"] == "HEAD":
            return None
        lengths = (value for name, value in self._headers if name.lower() == "content-length")
        return next((int(value) for value in lengths if value.isdecimal()), None)

    def _succeeds(self) -> bool:
        self._count(0)
        # A body that is too short is broken off by the server.
        return "1" <= self._status < "4" and not self._missing and not self._gone(self._environ)


class _Chunks:
    """The chunks of a response, one by one."""

    def __init__(self, response: _Response, chunks: Iterable[bytes]) -> None:
        self._response = response
        self._whole = chunks
        self._chunks = iter(chunks)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            chunk = next(self._chunks)
        except StopIteration:
            self._response.end()
            raise
        self._response.before(chunk, last=self._is_last())
        return chunk

    def _is_last(self) -> bool:
        return False

    def close(self) -> None:
        """See PEP 3333."""
        try:
            close = getattr(self._whole, "close", None)
            if close is not None:
                close()
        finally:
            self._response.close()


class _Sized(_Chunks):
    """Chunks whose number is known."""

    def __init__(self, response: _Response, chunks: Iterable[bytes]) -> None:
        super().__init__(response, chunks)
        self._left = self._count = len(chunks)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return self._count

    def _is_last(self) -> bool:
        self._left -= 1
        return self._left == 0
