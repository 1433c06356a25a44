"""The pages of the admin listener, put together."""

from __future__ import annotations

from typing import Any

from jqengine.admin.feed import Feed
from jqengine.admin.health import Health
from jqengine.admin.root import AdminRoot
from jqengine.admin.runs import Runs
from jqengine.errors import BadValue
from jqengine.interfaces import IDeliveryStore, IQueueControl, IStore
from jqengine.redaction import Redactor
from jqengine.request.outputs import Outputs

LOOPBACK = ("127.0.0.1", "localhost", "::1", r"\:\:1")


def admin_root(
    *,
    reactor: Any,
    store: IStore,
    control: IQueueControl,
    deliveries: IDeliveryStore,
    redactor: Redactor,
    outputs: Outputs,
) -> AdminRoot:
    """The root resource; the three sides of the store are usually one object."""
    runs = Runs(store, control, deliveries, redactor, outputs)
    health = Health(reactor, store.next_ready)
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
    )


def check_private(endpoint: str) -> None:
    """Make sure that only this machine can reach *endpoint*.

    :raises BadValue: it is neither a unix socket nor on a loopback address.
    """
    kind, *parts = endpoint.split(":", 1)
    options = parts[0] if parts else ""
    if kind == "unix":
        return
    if kind != "tcp" or not any(f"interface={one}" in _options(options) for one in LOOPBACK):
        raise BadValue(
            f"{endpoint!r} can be reached from other machines;"
            " expected something like tcp:8081:interface=127.0.0.1 or unix:PATH"
        )


def _options(text: str) -> list[str]:
    """The parts of an endpoint's text; a colon behind a backslash parts nothing."""
    marked = text.replace(r"\:", "\0")
    return [part.replace("\0", r"\:") for part in marked.split(":")]
