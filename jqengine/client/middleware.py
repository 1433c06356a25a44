"""A WSGI middleware that gives every request its queue, and lets its jobs depend on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from jqengine.client.queue import JobQueue
from jqengine.client.request import RequestQueue

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

    from _typeshed import OptExcInfo

Environ = dict[str, Any]


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
        response = _Response(start_response, queue, lambda: self._gone(environ))
        chunks = self._application(environ, response.start)
        # A generator has not even begun.
        if queue.held or isinstance(chunks, GeneratorType):
            return response.ending_with(chunks)
        queue.end()
        return chunks


class _Response:
    """One response, so far as it must be known to tell when it is about to end."""

    def __init__(
        self, start_response: StartResponse, queue: RequestQueue, gone: Callable[[], bool]
    ) -> None:
        self._start_response = start_response
        self._queue = queue
        self._gone = gone
        self._status = ""
        self._missing: int | None = None

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: OptExcInfo | None = None
    ) -> Callable[[bytes], object]:
        """The ``start_response`` that the application is given."""
        write = self._start_response(status, headers, exc_info)
        self._status = status
        self._missing = _length(headers)
        return partial(self._write, write)

    def _write(self, write: Callable[[bytes], object], data: bytes) -> object:
        self.before(data)
        return write(data)

    def ending_with(self, chunks: Iterable[bytes]) -> Iterable[bytes]:
        """*chunks*, before the last of which what is held is committed."""
        return _Sized(self, chunks) if hasattr(chunks, "__len__") else _Chunks(self, chunks)

    def before(self, data: bytes, *, last: bool = False) -> None:
        """Commit, if *data* is what completes the response."""
        if self._missing is not None:
            self._missing -= len(data)
        if last or self._missing == 0:
            self.end()

    def end(self) -> None:
        """The response is about to end as it should."""
        if "1" <= self._status < "4" and self._queue.held and not self._gone():
            self._queue.commit()
        self._queue.end()

    def close(self) -> None:
        """The response has ended, in whatever way."""
        self._queue.end()


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


def _length(headers: list[tuple[str, str]]) -> int | None:
    for name, value in headers:
        if name.lower() == "content-length":
            return int(value) if value.isascii() and value.isdigit() else None
    return None
