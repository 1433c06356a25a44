"""``stdout:`` prints each result, whole results never interleaved."""

from __future__ import annotations

from typing import BinaryIO

from twisted.internet.defer import Deferred, execute
from zope.interface import implementer

from jqengine.errors import BadValue
from jqengine.interfaces import IResultSink, IResultSinkFactory
from jqengine.job import Result, Run
from jqengine.sinktools import SinkTools


@implementer(IResultSink)
class StdoutSink:
    """Prints a status line and the body.

    :param stream: where to; one write for each result keeps it whole.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def deliver(self, run: Run, result: Result) -> Deferred[None]:
        """Print *result*; a closed or full stream is a failure."""
        return execute(self._write, rendering(run, result))

    def _write(self, text: bytes) -> None:
        self._stream.write(text)
        self._stream.flush()


def rendering(run: Run, result: Result) -> bytes:
    """A status line, the body, and a line's end whatever the body ends with."""
    answer = f"{result.status} {result.reason}"
    request = f"{run.request.method} {run.request.target}"
    name = f" ({run.name})" if run.name else ""
    seconds = result.finished - result.started
    head = f"{request}{name}: {_printable(answer)} in {seconds:.3f} s\n".encode()
    body = result.body
    if result.truncated:
        body += b"\n[cut off here]"
    return head + body + (b"\n" if body and not body.endswith(b"\n") else b"")


def _printable(text: str) -> str:
    """A reason phrase comes from the application: it must not forge a line."""
    return "".join(one if one.isprintable() else " " for one in text).rstrip()


@implementer(IResultSinkFactory)
class StdoutSinkFactory:
    """Serves ``stdout:``."""

    schemes = ("stdout",)

    def sink(self, url: str, tools: SinkTools) -> StdoutSink:
        """The sink that *url* names."""
        if url.partition("#")[0] != "stdout:":
            raise BadValue(f"{url!r} is not a sink; expected stdout: and nothing behind it")
        return StdoutSink(tools.stdout)
