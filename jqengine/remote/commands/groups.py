"""Commands about groups of runs, and about everything at once."""

from __future__ import annotations

from typing import ClassVar

from jqengine.remote.arguments import Json, Number, Text
from jqengine.remote.commands.base import Arguments, EngineCommand, Role


class Groups(EngineCommand):
    """The groups there are, by name, with their limits and what there is of them."""

    role = Role.OPERATE
    looks = True
    arguments: ClassVar[Arguments] = [
        (b"after", Text("The ``next`` of the page before.", optional=True)),
        (b"limit", Number("At most so many; 100 unless said.", optional=True)),
    ]
    response: ClassVar[Arguments] = [
        (b"groups", Json("A list of groups, described above.")),
        (b"all_paused", Number("1 while everything is paused, else 0.")),
        (b"next", Text("The ``after`` of the next page, if there is one.", optional=True)),
    ]


class _ToGroup(EngineCommand):
    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [(b"group", Text("The group's name."))]
    response: ClassVar[Arguments] = [(b"group", Json("The group as it is now, described above."))]


class PauseGroup(_ToGroup):
    """Let nothing of a group begin, on any node, until it is resumed.

    What runs goes on. Due times come, and their runs wait as the ``overlap`` of
    their job says. A group can be paused before there is anything in it.
    """


class ResumeGroup(_ToGroup):
    """Let the runs of a paused group begin again, as fast as its limits allow."""


class _ToAll(EngineCommand):
    role = Role.OPERATE
    response: ClassVar[Arguments] = [(b"changed", Number("1 if it was not so before, else 0."))]


class PauseAll(_ToAll):
    """Let nothing at all begin, on any node, until all is resumed.

    It is one switch beside the pauses of jobs and of groups, and leaves those as
    they are.
    """


class ResumeAll(_ToAll):
    """Let runs begin again, but for what is paused by itself."""
