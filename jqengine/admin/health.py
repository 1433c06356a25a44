"""Whether the engine lives, and whether it can do its work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import TimeoutError as TwistedTimeoutError

from jqengine.admin.answer import Answer, text
from jqengine.errors import StoreUnavailable

PATIENCE = 2.0
"""Seconds within which the store must answer."""


class Health:
    """For whatever watches over this process.

    :param reactor: for the timeout.
    :param ask_store: any question to the store.
    """

    def __init__(self, reactor: Any, ask_store: Callable[[], Deferred[Any]]) -> None:
        self._reactor = reactor
        self._ask_store = ask_store

    async def alive(self, variables: Sequence[str], site: str) -> Answer:
        """``/-/healthz``: the reactor turns, or nobody would answer."""
        return text(200, "alive")

    async def ready(self, variables: Sequence[str], site: str) -> Answer:
        """``/-/readyz``: the store answers, so jobs can be accepted and run."""
        try:
            await self._ask_store().addTimeout(PATIENCE, self._reactor)
        except StoreUnavailable as error:
            return text(503, f"not ready: {error}")
        except TwistedTimeoutError:
            return text(503, "not ready: the store does not answer")
        return text(200, "ready")
