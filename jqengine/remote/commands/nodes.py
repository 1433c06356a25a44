"""Commands about the nodes that share a store."""

from __future__ import annotations

from typing import ClassVar

from jqengine.remote.arguments import Json, Number, Text
from jqengine.remote.commands.base import Arguments, EngineCommand, Role


class Nodes(EngineCommand):
    """The nodes that share the store of this one, by name."""

    role = Role.OPERATE
    looks = True
    arguments: ClassVar[Arguments] = [
        (b"after", Text("The ``next`` of the page before.", optional=True)),
        (b"limit", Number("At most so many; 100 unless said.", optional=True)),
    ]
    response: ClassVar[Arguments] = [
        (b"nodes", Json("A list of nodes, described above.")),
        (b"next", Text("The ``after`` of the next page, if there is one.", optional=True)),
    ]


class _ToNode(EngineCommand):
    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [(b"node", Text("The node's name."))]
    response: ClassVar[Arguments] = [(b"node", Json("The node as it is now, described above."))]


class Drain(_ToNode):
    """Let a node claim no more runs, until it is told otherwise.

    What it has begun it finishes; what it has claimed and not begun it gives
    back, and another node takes it. It stays so when it is started anew.
    """


class Undrain(_ToNode):
    """Let a node claim runs again."""
