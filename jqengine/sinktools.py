"""What a sink is made with and given: all that the author of one needs.

A sink is one class (:class:`~jqengine.interfaces.IResultSink`) whose
constructor takes a :class:`~jqengine.sinkurl.SinkURL` and :class:`SinkTools`,
and one plugin file that holds a :class:`SinkPlugin` to name it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.plugin import IPlugin
from twisted.python.reflect import namedAny
from zope.interface import implementer

from jqengine.interfaces import IClock, IPublications, IResultSink, IResultSinkFactory
from jqengine.job import Result, Run
from jqengine.secretref import SecretRef
from jqengine.sinkurl import OptionParsers, SinkURL
from jqengine.smtpurl import SMTPServer

T = TypeVar("T")


class InThread(Protocol):
    """Runs a function that blocks in a thread kept for sinks."""

    def __call__(self, function: Callable[[], T]) -> Deferred[T]:
        """Fires on the reactor thread with what *function* gives or raises."""


class Parcel(NamedTuple):
    """One result on its way to one sink.

    Secrets in the headers of *run* and *result* are redacted, but for those
    the sink's URL reveals.

    :ivar id: the same whenever this result is offered to this sink again.
    :ivar removed: why the job has left the queue with this result, or ``None``.
    :ivar previous: for a sink that compares: the body of the last different
        success, when there was one and it is still kept.
    """

    id: str
    run: Run
    result: Result
    removed: str | None = None
    previous: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkTools:
    """What the engine lends to every sink.

    :ivar reactor: for network and timers.
    :ivar clock: the wall clock.
    :ivar in_thread: for what blocks.
    :ivar stdout: the binary stream that ``stdout:`` prints to.
    :ivar directory: where relative file names start.
    :ivar state_dir: where the engine keeps what it keeps.
    :ivar environ: the environment, for secrets.
    :ivar hostname: the name of this machine, for what needs one.
    :ivar smtp: the mail server.
    :ivar publications: what is served on the public HTTP port.
    """

    reactor: Any
    clock: IClock
    in_thread: InThread
    stdout: BinaryIO
    directory: str
    state_dir: str
    environ: Mapping[str, str]
    hostname: str
    smtp: SMTPServer
    publications: IPublications

    def secret(self, reference: SecretRef) -> Deferred[str]:
        """The secret that *reference* names, read now and kept nowhere.

        Fails with :class:`~jqengine.errors.ConfigurationError`.
        """
        return self.in_thread(lambda: reference.read(self.environ, self.directory))


@implementer(IPlugin, IResultSinkFactory)
class SinkPlugin:
    """The label of a sink, for a file in ``twisted/plugins/``.

    It names the class and imports it when the first URL asks for it, so that
    an engine starts without the sinks that nobody uses.

    :param schemes: the URL schemes the sink serves, in lower case.
    :param sink_class: the full name of its class.
    """

    def __init__(self, schemes: tuple[str, ...], sink_class: str) -> None:
        self.schemes = schemes
        self._sink_class = sink_class

    @property
    def options(self) -> OptionParsers:
        """The fragment options that the class has."""
        options: OptionParsers = namedAny(self._sink_class).options
        return options

    def sink(self, url: SinkURL, tools: SinkTools) -> IResultSink:
        """A sink for *url*.

        :raises BadValue: the URL is malformed.
        """
        sink: IResultSink = namedAny(self._sink_class)(url, tools)
        return sink
