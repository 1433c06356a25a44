"""What the processes that share a store tell each other."""

from __future__ import annotations

from enum import StrEnum


class Topic(StrEnum):
    """What news is about.  It says that something has changed, never what.

    Whoever hears it asks the store, which knows.
    """

    READY = "ready"  # something may be due or ready earlier than was known
    ENDED = "ended"  # a run has ended, or a job of which nothing more will come
    PUBLISHED = "published"  # what is served at a path has changed
    NODES = "nodes"  # a node is to claim nothing more, or to claim again
