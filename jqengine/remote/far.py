"""What other processes tell of their runs, for those who follow them here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FarFollower = Callable[[dict[str, Any], bytes | None], object]
"""Is given an event as it is sent to clients, and the data beside it."""


class FarEvents:
    """Where events of other processes come in.  For the reactor thread.

    :ivar wanted: called with whether anybody follows, whenever that changes.
    """

    def __init__(self) -> None:
        self._followers: tuple[FarFollower, ...] = ()
        self.wanted: Callable[[bool], object] = lambda wanted: None

    @property
    def followed(self) -> bool:
        """Whether anybody follows."""
        return bool(self._followers)

    def subscribe(self, follower: FarFollower) -> Callable[[], None]:
        """Tell *follower* from now on, until the function that is given is called."""
        self._change((*self._followers, follower))

        def unsubscribe() -> None:
            self._change(tuple(one for one in self._followers if one is not follower))

        return unsubscribe

    def tell(self, event: dict[str, Any], data: bytes | None) -> None:
        """Pass on what another process tells."""
        for follower in self._followers:
            follower(event, data)

    def _change(self, followers: tuple[FarFollower, ...]) -> None:
        before, self._followers = self._followers, followers
        if bool(before) != bool(followers):
            self.wanted(bool(followers))
