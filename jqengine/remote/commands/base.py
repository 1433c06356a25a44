"""What every AMP command of the engine has."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

from twisted.protocols import amp

from jqengine.joboptions import JOB_OPTIONS
from jqengine.remote.arguments import Json, Text

Arguments = list[tuple[bytes, amp.Argument]]


class Role(IntEnum):
    """How far a client may go; each role includes the ones before it."""

    STRANGER = 0
    SUBMIT = 1
    OPERATE = 2

    @property
    def word(self) -> str:
        """The role as people write it."""
        return self.name.lower()


class EngineCommand(amp.Command):
    """A command of the engine.

    :cvar role: the least role that may give it.
    :cvar looks: whether it changes nothing.
    """

    role: ClassVar[Role] = Role.SUBMIT
    looks: ClassVar[bool] = False


def which_job() -> Arguments:
    """The two arguments of which one names a job."""
    return [
        (b"job", Text("The job's id.", optional=True)),
        (b"name", Text("The job's name.", optional=True)),
    ]


def schedule_options() -> Arguments:
    """One argument for each row of the table of job options."""
    renamed = {"sink": (b"sinks", Json("A list of URLs: where results go.", optional=True))}
    return [
        renamed.get(option.name)
        or (option.name.encode(), Text(sentence(option.help), optional=True))
        for option in JOB_OPTIONS.values()
    ]


def sentence(phrase: str) -> str:
    """*phrase* with a capital and a full stop."""
    return f"{phrase[0].upper()}{phrase[1:]}."


SYNTAXES: Arguments = [
    (b"cron", Text("A crontab(5) expression: ``*/5 * * * *``.", optional=True)),
    (b"every", Text("A duration between due times: ``10 minutes``.", optional=True)),
    (b"at", Text("A time as at(1) reads it: ``4pm + 3 days``.", optional=True)),
    (b"when", Text("A time in plain English: ``next friday 17:00``.", optional=True)),
    (b"after", Text("A duration from now: ``90s``.", optional=True)),
]
"""The time of a job; none of them means now."""
