"""How the last tries at each sink went, as far as this engine has made them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from jqengine.delivery import DeliveryEnd
from jqengine.lifecycle import DeliveryState
from jqengine.queries import SinkEnds
from jqengine.sinkurl import label_of

MOST_SINKS = 1000
"""Sinks that are remembered; the one tried longest ago is forgotten first."""


class SinkBook:
    """A bounded memory of tries.  For the reactor thread."""

    def __init__(self) -> None:
        self._ends: OrderedDict[str, SinkEnds] = OrderedDict()

    def note(self, sink: str, end: DeliveryEnd, now: float) -> None:
        """A try at *sink*, a URL, came to this *end*."""
        label = label_of(sink)
        known = self._ends.pop(label, None) or SinkEnds()
        if end.state is DeliveryState.DELIVERED:
            self._ends[label] = known._replace(delivered=now)
        else:
            self._ends[label] = known._replace(failed=now, reason=end.reason)
        if len(self._ends) > MOST_SINKS:
            self._ends.popitem(last=False)

    def ends(self) -> Mapping[str, SinkEnds]:
        """What is remembered, by what a sink is shown as."""
        return self._ends
