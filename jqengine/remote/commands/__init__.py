"""The wire contract: every AMP command with its arguments and its answer.

The reference page is made from these classes, so what is said about a command
is said here.  A job is named by exactly one of ``job`` (its id) and ``name``.
"""

from __future__ import annotations

from jqengine.remote.commands.base import Arguments, EngineCommand, Role
from jqengine.remote.commands.continuations import (
    ClearContinuations,
    Continuations,
    DropContinuation,
    MakeContinuation,
)
from jqengine.remote.commands.following import Event, StopTail, Tail
from jqengine.remote.commands.groups import Groups, PauseAll, PauseGroup, ResumeAll, ResumeGroup
from jqengine.remote.commands.handshake import Challenge, Prove
from jqengine.remote.commands.looking import Body, Jobs, Results, Runs, Show, Stats, Wait
from jqengine.remote.commands.nodes import Drain, Nodes, Undrain
from jqengine.remote.commands.oversight import OVERSIGHT
from jqengine.remote.commands.scheduling import DropUpload, Schedule, ScheduleMany, Upload
from jqengine.remote.commands.steering import (
    Cancel,
    Pause,
    Reload,
    Reschedule,
    Resume,
    Retry,
    RunNow,
)

__all__ = [
    "COMMANDS",
    "Arguments",
    "Body",
    "Cancel",
    "Challenge",
    "ClearContinuations",
    "Continuations",
    "Drain",
    "DropContinuation",
    "DropUpload",
    "EngineCommand",
    "Event",
    "Groups",
    "Jobs",
    "MakeContinuation",
    "Nodes",
    "Pause",
    "PauseAll",
    "PauseGroup",
    "Prove",
    "Reload",
    "Reschedule",
    "Results",
    "Resume",
    "ResumeAll",
    "ResumeGroup",
    "Retry",
    "Role",
    "RunNow",
    "Runs",
    "Schedule",
    "ScheduleMany",
    "Show",
    "Stats",
    "StopTail",
    "Tail",
    "Undrain",
    "Upload",
    "Wait",
]

COMMANDS: tuple[type[EngineCommand], ...] = (
    Schedule, ScheduleMany, Upload, DropUpload, Show, Wait, Results, Body, Stats,
    Jobs, Runs, Cancel, Pause, Resume, RunNow, Retry, Reschedule, Reload, Tail, StopTail,
    MakeContinuation, Continuations, DropContinuation, ClearContinuations,
    Groups, PauseGroup, ResumeGroup, PauseAll, ResumeAll, *OVERSIGHT,
    Nodes, Drain, Undrain, Challenge, Prove,
)  # fmt: skip
"""What a client may send, in the order of the reference page."""
