"""One synthesized request, from the call of the application to its result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any

from twisted.logger import Logger

from jqengine.job import NO_RESPONSE, Headers, Result
from jqengine.request.outputs import Outputs

_log = Logger()

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
WSGIApplication = Callable[..., Iterable[bytes]]


def call_application(
    application: WSGIApplication,
    environ: dict[str, Any],
    *,
    now: Callable[[], float],
    body_limit: int,
    wanted: Callable[[], bool] = lambda: True,
    wrote: Callable[[dict[str, Any], bytes], None] = lambda environ, data: None,
    outputs: Outputs | None = None,
) -> Result:
    """Call *application* and wait for all of its response (PEP 3333).

    Runs wholly on the calling thread and never raises: an application that
    fails, or breaks off in the middle of its body, gave no response (status 0)
    and the result's reason says how.  ``close()`` of the iterable is always
    called.

    :param now: reads the wall clock.
    :param body_limit: bytes of body to keep; the rest is read and dropped.
    :param wanted: asked between the chunks of a body; once it is false the
        response is given up, so that an endless one frees its thread.
    :param wrote: told each piece of the body as it comes, with the environ.
    :param outputs: where the response can be looked at while it comes.
    """
    started = now()
    response = _Response(body_limit, lambda data: wrote(environ, data))
    if outputs is not None:
        response.watch(now)
        outputs.begin(environ, response)
    try:
        response.read(application(environ, response.start), wanted)
        failure = response.missing()
    except BaseException as error:
        # BaseException: sys.exit() in a view must not end a pool thread.
        failure = describe_exception(error)
        _log.failure(
            "The application raised in {method} {path} ({job})",
            method=environ.get("REQUEST_METHOD"),
            path=environ.get("PATH_INFO"),
            job=environ.get("HTTP_X_VIA_JOBQUEUE_JOB"),
        )
    if outputs is not None:
        outputs.end(environ)
    return response.result(failure, started, now())


def describe_exception(error: BaseException) -> str:
    """*error* in one line of at most 300 characters."""
    text = " ".join(str(error).split())
    line = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return line if len(line) <= 300 else line[:297] + "..."


class _Response:
    """What an application has said so far."""

    def __init__(self, body_limit: int, wrote: Callable[[bytes], None]) -> None:
        self._room = body_limit
        self._now: Callable[[], float] | None = None
        self._wrote = wrote
        self._status: int | None = None
        self._reason = ""
        self._headers: Headers = ()
        self._chunks: list[bytes] = []
        self._begun = False
        self._truncated = False
        self.ended = False
        self.last_wrote: float | None = None

    def watch(self, now: Callable[[], float]) -> None:
        """Note from now on when each piece came."""
        self._now = now

    def pieces(self, start: int) -> Sequence[bytes]:
        """The pieces of the body so far, from the *start*-th on.  For any thread."""
        return self._chunks[start:]

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """The ``start_response`` of PEP 3333."""
        if exc_info is not None:
            error, traceback = exc_info[1], exc_info[2]
            del exc_info
            if self._begun:
                raise error.with_traceback(traceback)
        elif self._status is not None:
            raise AssertionError("start_response was called twice without exc_info")
        code, _, reason = status.partition(" ")
        if len(code) != 3 or not code.isascii() or not code.isdigit():
            raise ValueError(f"{status!r} is not a status; expected something like '200 OK'")
        self._status, self._reason = int(code), reason
        self._headers = tuple((str(name), str(value)) for name, value in headers)
        return self.write

    def write(self, data: bytes) -> None:
        """The ``write`` callable of PEP 3333."""
        if self._status is None:
            raise AssertionError("the body began before start_response was called")
        if not data:
            return
        self._begun = True
        if self._now is not None:
            self.last_wrote = self._now()
        self._wrote(data)
        kept = data[: self._room]
        if kept:
            self._chunks.append(kept)
            self._room -= len(kept)
        if len(kept) < len(data):
            self._truncated = True

    def read(self, chunks: Iterable[bytes], wanted: Callable[[], bool]) -> None:
        """Take the whole body, then close it, whatever happens."""
        try:
            for chunk in chunks:
                if not wanted():
                    raise TimeoutError("given up")
                self.write(chunk)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()

    def missing(self) -> str | None:
        """What a response without an exception still lacks."""
        if self._status is None:
            return "the application did not call start_response"
        return None

    def result(self, failure: str | None, started: float, finished: float) -> Result:
        """The response as a result; *failure* makes it one of status 0."""
        self.ended = True
        body = b"".join(self._chunks)
        if failure is None:
            status, reason = self._status or NO_RESPONSE, self._reason
        else:
            status = NO_RESPONSE
            reason = f"{failure} (broke off after {len(body)} bytes)" if self._begun else failure
        return Result(
            status=status,
            reason=reason,
            headers=self._headers,
            body=body,
            truncated=self._truncated,
            started=started,
            finished=max(started, finished),
        )
