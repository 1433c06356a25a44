"""The ids that a client proposes for its jobs."""

from __future__ import annotations

import random
import time

from jqengine.identity import IdFactory


class NewIds:
    """New ids, without end.  Safe to use from many threads of one process.

    An id proposed by the client is what makes a call good to be repeated: the
    engine knows the job that came of it.
    """

    def __init__(self) -> None:
        self._make = IdFactory(random.SystemRandom().getrandbits)

    def __iter__(self) -> NewIds:
        return self

    def __next__(self) -> str:
        # The wall clock, only to sort by: what time it is the engine decides.
        # clock.py is not for here, as it needs more than the standard library.
        return self._make(time.time())
