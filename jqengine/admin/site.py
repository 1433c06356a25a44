"""The pages of the admin listener, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.web.resource import IResource

from jqengine.admin.feed import Feed
from jqengine.admin.gate import Gate
from jqengine.admin.health import Health
from jqengine.admin.root import AdminRoot
from jqengine.admin.runs import Runs
from jqengine.condition import Condition
from jqengine.interfaces import IDeliveryStore, IQueueControl, IStore
from jqengine.redaction import Redactor
from jqengine.request.outputs import Outputs


def admin_root(
    *,
    reactor: Any,
    store: IStore,
    control: IQueueControl,
    deliveries: IDeliveryStore,
    redactor: Redactor,
    outputs: Outputs,
    gate: Gate,
    condition: Callable[[], Condition | None],
    resources: Mapping[str, IResource] | None = None,
) -> AdminRoot:
    """The root resource; the three sides of the store are usually one object.

    :param gate: decides who comes in.
    :param condition: what the engine knows of itself; ``None`` while it starts.
    :param resources: what answers for all else, by the first segment of the
        path; the empty text stands for every other.
    """
    runs = Runs(store, control, deliveries, redactor, outputs)
    health = Health(reactor, store.next_ready, condition)
    return AdminRoot(
        reactor,
        {
            ("-", "healthz"): health.alive,
            ("-", "readyz"): health.ready,
            ("runs", "*"): runs.run,
            ("runs", "*", "response"): runs.response,
            ("jobs", "*", "latest"): runs.latest,
            ("jobs", "*", "feed.atom"): Feed(runs).feed,
        },
        gate,
        {} if resources is None else resources,
    )
