"""The engine as the pages of the admin listener see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from jqengine.client import JobQueue

OPERATE = "operate"
"""What the gate writes into ``environ["jqengine.role"]`` for somebody who may change things."""


class Queues(NamedTuple):
    """One client for each role.  Safe to use from many threads.

    The engine refuses the first one whatever would change something, so a page
    cannot let somebody do by mistake what the role does not allow.
    """

    look: JobQueue
    operate: JobQueue

    def of(self, environ: Mapping[str, Any]) -> JobQueue:
        """The client for whoever made a request; who was not let in as an operator may look."""
        return self.operate if environ.get("jqengine.role") == OPERATE else self.look
