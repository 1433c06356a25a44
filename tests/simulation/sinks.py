"""Sinks that note what they are given, late or never as the dice fall."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from jqengine.errors import DeliveryFailed
from jqengine.interfaces import IResultSink, IResultSinkFactory
from jqengine.sinktools import Parcel, SinkTools
from jqengine.sinkurl import SinkURL
from jqengine.testing import PlayedReactor


class Receiver(Protocol):
    """Where parcels arrive."""

    random: Random

    @property
    def calm(self) -> bool:
        """Whether sinks are to behave."""

    def delivered(self, parcel: Parcel, sink: str) -> None:
        """Note a parcel."""


@implementer(IResultSinkFactory)
class NotingSinks:
    """``note:``, which is durable, and ``memo:``, which is told once."""

    schemes = ("note", "memo")
    options: dict[str, Callable[[str], Any]] = {}

    def __init__(self, reactor: PlayedReactor, receiver: Receiver) -> None:
        self._reactor = reactor
        self._receiver = receiver

    def sink(self, url: SinkURL, tools: SinkTools) -> IResultSink:
        """A sink."""
        sink: IResultSink = NotingSink(url, self._reactor, self._receiver)
        return sink


@implementer(IResultSink)
class NotingSink:
    """One of them."""

    compares = False

    def __init__(self, url: SinkURL, reactor: PlayedReactor, receiver: Receiver) -> None:
        self.durable = url.scheme == "note"
        self.lane = f"{url.scheme}:{url.target}"
        self._url = url
        self._reactor = reactor
        self._receiver = receiver

    def deliver(self, parcel: Parcel) -> Deferred[None]:
        """Take a parcel at once, in a while, or not at all."""
        random = self._receiver.random
        fate = 0.0 if self._receiver.calm else random.random()
        if fate < 0.6:
            self._receiver.delivered(parcel, self._url.text)
            return succeed(None)
        if fate < 0.75:
            permanent = random.random() < 0.1
            return fail(DeliveryFailed("out of paper", permanent=permanent))
        if fate < 0.98:
            return self._later(parcel, random.uniform(0.01, 5.0))
        return Deferred()

    def _later(self, parcel: Parcel, seconds: float) -> Deferred[None]:
        def arrive() -> None:
            self._receiver.delivered(parcel, self._url.text)
            answer.callback(None)

        timer = self._reactor.callLater(seconds, arrive)
        answer: Deferred[None] = Deferred(lambda _: timer.cancel())
        return answer
