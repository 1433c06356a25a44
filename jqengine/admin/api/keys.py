"""Idempotency keys: what is asked twice under one key is done once.

A key becomes the id that is proposed for the job or run.  The id is made of the
hour and the key, so that it is found again after a restart, and by another
node; what was asked under it is remembered besides, for as long as the engine
runs, so that something else asked under the same key is told from the same.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from jqengine.admin.api.problems import Refusal

HOURS = 24
"""For which a key is known."""

MOST_REMEMBERED = 10_000


class Known(NamedTuple):
    """A key that was used.

    :ivar digest: of what was asked under it.
    :ivar id: that was proposed for it.
    """

    digest: str
    id: str


class Keys:
    """Remembers keys.  Safe to call from many threads.

    :param now: the wall clock.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Known] = OrderedDict()

    def id_for(
        self, key: str, scope: str, said: Any, is_known: Callable[[str], bool]
    ) -> tuple[str, bool]:
        """The id to propose, and whether this engine does not know what was asked under it.

        That is so of an id that was used before a restart: whoever asks has to
        compare what there is with what is asked.

        :param scope: what is asked for; keys of different ones are different.
        :param is_known: whether something has an id.
        :raises Refusal: the key was used for something else.
        """
        name = hashlib.sha256(f"{scope}\0{key}".encode("utf-8", "replace")).hexdigest()
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
        with self._lock:
            known = self._known.get(name)
        if known is not None:
            if known.digest != digest:
                raise used_for_another()
            return known.id, False
        used = next((one for one in self._ids(name) if is_known(one)), None)
        new = used or next(self._ids(name))
        with self._lock:
            self._known[name] = Known(digest, new)
            if len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        return new, used is not None

    def forget(self, key: str, scope: str) -> None:
        """What was asked under a key was refused: it may be asked otherwise."""
        name = hashlib.sha256(f"{scope}\0{key}".encode("utf-8", "replace")).hexdigest()
        with self._lock:
            self._known.pop(name, None)

    def _ids(self, name: str) -> Iterator[str]:
        """The ids that the key may have been given, that of this hour first."""
        hour = int(self._now() // 3600)
        for back in range(HOURS):
            yield f"{(hour - back) * 3_600_000:012x}{name[:14]}"


def used_for_another() -> Refusal:
    """Why a key is of no use for something else than before."""
    return Refusal(
        422,
        "this Idempotency-Key was used for something else; expected a new one",
        kind="key-used",
        parameter="Idempotency-Key",
    )
