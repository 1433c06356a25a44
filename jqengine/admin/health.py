"""Whether the engine lives, and whether it can do its work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TimedOut

from jqengine.admin.answer import Answer, text
from jqengine.condition import Condition
from jqengine.errors import StoreUnavailable

PATIENCE = 2.0
"""Seconds within which the store must answer."""


class Health:
    """For whatever watches over this process.

    :param reactor: for the timeout.
    :param ask_store: any question to the store.
    :param condition: what the engine knows of itself; ``None`` while it starts.
    """

    def __init__(
        self,
        reactor: Any,
        ask_store: Callable[[], Deferred[Any]],
        condition: Callable[[], Condition | None],
    ) -> None:
        self._reactor = reactor
        self._ask_store = ask_store
        self._condition = condition

    async def alive(self, variables: Sequence[str], site: str) -> Answer:
        """``/-/healthz``: the reactor turns, or nobody would answer."""
        return text(200, "alive")

    async def ready(self, variables: Sequence[str], site: str) -> Answer:
        """``/-/readyz``: whether jobs can be accepted and run; if not, a line for each reason."""
        asked = await self._asked()
        condition = self._condition()
        known = ("the engine starts",) if condition is None else condition.complaints
        complaints = dict.fromkeys(filter(None, (asked, *known)))
        if not complaints:
            return text(200, "ready")
        return text(503, "\n".join(f"not ready: {one}" for one in complaints))

    async def _asked(self) -> str:
        """What is wrong with the store, when it is asked now."""
        try:
            await self._ask_store().addTimeout(PATIENCE, self._reactor)
        except StoreUnavailable as error:
            return str(error)
        except TimedOut:
            return "the store does not answer"
        return ""
