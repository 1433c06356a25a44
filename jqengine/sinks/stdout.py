"""``stdout:`` prints each result, whole results never interleaved."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure
from zope.interface import implementer

from jqengine.errors import BadValue, DeliveryFailed
from jqengine.interfaces import IResultSink
from jqengine.job import Result, Run
from jqengine.sinktools import Parcel, SinkTools
from jqengine.sinkurl import OptionParsers, SinkURL

MOST_WAITING = 8 * 1024 * 1024
"""Bytes that wait for a reader of standard output; further results are not printed."""


@implementer(IResultSink)
class StdoutSink:
    """Prints a status line and the body.

    Writing is a thread's work: a pipe that nobody reads must not stop the
    reactor.  What comes while it writes forms the next write.
    """

    lane = "stdout:"
    durable = False
    compares = False
    options: OptionParsers = {}

    def __init__(self, url: SinkURL, tools: SinkTools) -> None:
        if url.target:
            raise BadValue(f"{url.text!r} is not a sink; expected stdout: and nothing behind it")
        self._stream = tools.stdout
        self._in_thread = tools.in_thread
        self._waiting: list[tuple[bytes, Deferred[None]]] = []
        self._size = 0
        self._writing = False

    def deliver(self, parcel: Parcel) -> Deferred[None]:
        """Print the result; a closed stream is a failure, one that is stuck too."""
        text = rendering(parcel.run, parcel.result)
        if self._size and self._size + len(text) > MOST_WAITING:
            return fail(DeliveryFailed("nobody reads standard output", permanent=True))
        printed: Deferred[None] = Deferred()
        self._waiting.append((text, printed))
        self._size += len(text)
        if not self._writing:
            self._write()
        return printed

    def _write(self) -> None:
        batch, self._waiting = self._waiting, []
        self._writing = bool(batch)
        if batch:
            text = b"".join(text for text, _ in batch)
            self._in_thread(lambda: self._print(text)).addBoth(self._written, batch)

    def _print(self, text: bytes) -> None:
        self._stream.write(text)
        self._stream.flush()

    def _written(self, outcome: Failure | None, batch: list[tuple[bytes, Deferred[None]]]) -> None:
        for text, printed in batch:
            self._size -= len(text)
            if printed.called:  # it was cancelled
                continue
            if outcome is None:
                printed.callback(None)
            else:
                printed.errback(outcome)
        self._write()


def rendering(run: Run, result: Result) -> bytes:
    """A status line, the body, and a line's end whatever the body ends with."""
    answer = f"{result.status} {result.reason}"
    request = f"{run.request.method} {run.request.target}"
    name = f" ({run.name})" if run.name else ""
    seconds = result.finished - result.started
    head = f"{_printable(f'{request}{name}: {answer}')} in {seconds:.3f} s\n".encode()
    body = result.body
    if result.truncated:
        body += b"\n[cut off here]"
    return head + body + (b"\n" if body and not body.endswith(b"\n") else b"")


def _printable(text: str) -> str:
    """Names and reason phrases come from outside: they must not forge a line."""
    return "".join(one if one.isprintable() else " " for one in text).rstrip()
