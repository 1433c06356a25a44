"""Sink URLs checked where no engine runs."""

from __future__ import annotations

import io

from twisted.internet.defer import Deferred, execute, fail
from twisted.internet.task import Clock
from zope.interface import implementer

from jqengine.clock import SystemClock
from jqengine.errors import DeliveryFailed
from jqengine.interfaces import IPublications
from jqengine.sinks.catalogue import Catalogue, installed_factories
from jqengine.sinktools import Parcel, SinkTools
from jqengine.smtpurl import SMTPServer


def check_sink_url(url: str) -> None:
    """Make sure that *url* names a sink that is installed.

    :raises jqengine.errors.BadValue: it does not; the sentence says why.
    """
    Catalogue(installed_factories(), _tools()).check(url)


@implementer(IPublications)
class _NoPublications:
    def publish(self, path: str, parcel: Parcel) -> Deferred[None]:
        return fail(DeliveryFailed("nothing is served here", permanent=True))


def _tools() -> SinkTools:
    """What a sink may be made with, and never used."""
    return SinkTools(
        reactor=Clock(),
        clock=SystemClock(),
        in_thread=lambda function: execute(function),
        stdout=io.BytesIO(),
        directory="",
        state_dir="",
        environ={},
        hostname="localhost",
        smtp=SMTPServer(),
        publications=_NoPublications(),
    )
