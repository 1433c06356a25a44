"""Commands that do something to a job, a run or the crontabs."""

from __future__ import annotations

from typing import ClassVar

from jqengine.joboptions import JOB_OPTIONS
from jqengine.remote.arguments import Json, Number, Text
from jqengine.remote.commands.base import (
    SYNTAXES,
    Arguments,
    EngineCommand,
    Role,
    sentence,
    which_job,
)


class _ToJob(EngineCommand):
    role = Role.OPERATE
    arguments: ClassVar[Arguments] = which_job()
    response: ClassVar[Arguments] = [(b"job", Json("The job as it is now, described above."))]


class Cancel(_ToJob):
    """Take a job back.

    It is due no more, and runs that wait are cancelled; an attempt that has begun
    goes on to its end, and none follows. A cancelled job stays cancelled.
    """


class Pause(_ToJob):
    """Hold a job: due times pass without a run until it is resumed."""

    arguments: ClassVar[Arguments] = [
        *which_job(),
        (b"reason", Text("Why, for people: up to 200 characters.", optional=True)),
    ]


class Resume(_ToJob):
    """Let a paused or removed job go on from its next due time after now."""


class RunNow(EngineCommand):
    """Run a job once now, whatever its schedule says, which stays as it is."""

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [
        *which_job(),
        (b"id", Text("26 hexadecimal digits proposed as the run's id.", optional=True)),
    ]
    response: ClassVar[Arguments] = [(b"run", Json("The run, described above."))]


class Retry(EngineCommand):
    """Give an ended run one more attempt, now."""

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [
        *which_job(),
        (b"run", Text("The run's id; the latest of the job unless said.", optional=True)),
    ]
    response: ClassVar[Arguments] = [(b"run", Json("The run, described above."))]


class Reschedule(EngineCommand):
    """Give a job another time; everything else about it stays."""

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [
        *which_job(),
        *SYNTAXES,
        *((name.encode(), Text(sentence(JOB_OPTIONS[name].help), optional=True))
          for name in ("tz", "times", "until", "jitter")),
    ]  # fmt: skip
    response: ClassVar[Arguments] = [(b"job", Json("The job as it is now, described above."))]


class Reload(EngineCommand):
    """Read the crontabs again, as SIGHUP does."""

    role = Role.OPERATE
    response: ClassVar[Arguments] = [
        (b"added", Number("Jobs of lines never seen before.")),
        (b"replaced", Number("Jobs whose line changed.")),
        (b"retired", Number("Jobs whose line is gone.")),
        (b"unchanged", Number("Jobs that stay as they are.")),
    ]
