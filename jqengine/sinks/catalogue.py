"""Sink URLs become sinks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from twisted.plugin import getPlugins

from jqengine.errors import BadValue
from jqengine.interfaces import IResultSink, IResultSinkFactory
from jqengine.options import closest
from jqengine.sinktools import SinkTools
from jqengine.sinkurl import SinkURL, parse_sink_url, scheme_of

MOST_KEPT = 1024
"""Sinks that are kept made; one used longest ago makes room."""


def installed_factories() -> dict[str, IResultSinkFactory]:
    """Every sink factory that is installed, by the schemes it serves.

    Twisted plugins of :class:`~jqengine.interfaces.IResultSinkFactory`; the
    built-in ones are found in the same way.
    """
    plugins: Iterable[IResultSinkFactory] = getPlugins(IResultSinkFactory)
    return {scheme: factory for factory in plugins for scheme in factory.schemes}


class MadeSink(NamedTuple):
    """A sink with the URL it was made of."""

    url: SinkURL
    sink: IResultSink


class Catalogue:
    """Makes sinks and keeps those in use.  For the reactor thread.

    :param factories: by the scheme they serve.
    """

    def __init__(self, factories: Mapping[str, IResultSinkFactory], tools: SinkTools) -> None:
        self._factories = factories
        self._tools = tools
        self._made: OrderedDict[str, MadeSink] = OrderedDict()

    def check(self, url: str) -> None:
        """Make sure that *url* names a sink; for whoever accepts jobs.

        :raises BadValue: no factory serves its scheme, an option of it is
            unknown or malformed, or the sink refuses it.
        """
        self.sink(url)

    def sink(self, url: str) -> MadeSink:
        """The sink of *url*.

        :raises BadValue: as :meth:`check` does.
        """
        made = self._made.get(url)
        if made is None:
            made = self._made[url] = self._make(url)
            if len(self._made) > MOST_KEPT:
                self._made.popitem(last=False)
        else:
            self._made.move_to_end(url)
        return made

    def scheme(self, url: str) -> str:
        """The scheme of *url*; ``other`` if no sink that is installed has it."""
        scheme = url.partition(":")[0].lower()
        return scheme if scheme in self._factories else "other"

    def _make(self, text: str) -> MadeSink:
        factory = self._factory(scheme_of(text))
        url = parse_sink_url(text, factory.options)
        return MadeSink(url, factory.sink(url, self._tools))

    def _factory(self, scheme: str) -> IResultSinkFactory:
        if scheme not in self._factories:
            known = sorted(f"{one}:" for one in self._factories)
            hint = closest(f"{scheme}:", known) or f"expected one of {', '.join(known)}"
            raise BadValue(f"no sink is called {scheme}:; {hint}")
        return self._factories[scheme]
