"""The stable codes that errors have on the wire, and back to exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from jqengine.errors import (
    BadRequest,
    BadSchedule,
    BadValue,
    ChangedMeanwhile,
    ConfigurationError,
    EngineError,
    Forbidden,
    JobQueueError,
    KeyHeld,
    LimitReached,
    NoSuchContinuation,
    NoSuchJob,
    NoSuchNode,
    NotInTime,
    NotPossible,
    PastInstant,
    StoreError,
    StoreFull,
    StoreUnavailable,
)

ERRORS: Mapping[str, tuple[type[JobQueueError], str]] = MappingProxyType(
    {
        "BAD_VALUE": (BadValue, "an argument is missing or malformed"),
        "BAD_REQUEST": (BadRequest, "the request of a job cannot be sent to an application"),
        "BAD_SCHEDULE": (BadSchedule, "a time text is not understood"),
        "PAST_INSTANT": (PastInstant, "a time text means an instant that is not after now"),
        "NO_SUCH_JOB": (NoSuchJob, "nothing has that id or name"),
        "NO_SUCH_CONTINUATION": (
            NoSuchContinuation,
            "there is no such continuation, or not any more",
        ),
        "NO_SUCH_NODE": (NoSuchNode, "no node has that name"),
        "CHANGED_MEANWHILE": (
            ChangedMeanwhile,
            "somebody else has changed it since what was said to be changed",
        ),
        "KEY_HELD": (KeyHeld, "another job holds the key"),
        "NOT_POSSIBLE": (NotPossible, "the job or run is in no state for that"),
        "NOT_IN_TIME": (NotInTime, "what was waited for did not happen in time"),
        "CONFIGURATION": (ConfigurationError, "what the engine reads, as a crontab, is wrong"),
        "FORBIDDEN": (Forbidden, "the client's role does not reach so far"),
        "LIMIT_REACHED": (LimitReached, "too large, or too many at once"),
        "STORE_FULL": (StoreFull, "the disk beneath the store is full"),
        "STORE_UNAVAILABLE": (StoreUnavailable, "the store cannot be reached now"),
        "STORE_ERROR": (StoreError, "the store could not do it"),
        "ENGINE_ERROR": (EngineError, "the engine failed; its log says how"),
    }
)
"""Each code with the exception it stands for and what it means."""

_CODES = {kind: code for code, (kind, _) in ERRORS.items()}


def code_of(error: BaseException) -> str | None:
    """The code of *error*'s class or the nearest of its bases, if one has any."""
    for kind in type(error).__mro__:
        if kind in _CODES:
            return _CODES[kind]
    return None


def error_of(code: str, sentence: str) -> JobQueueError:
    """The exception that *code* stands for; an unknown code is an :class:`EngineError`.

    :param sentence: what the engine says about it.
    """
    kind = ERRORS.get(code, (EngineError, ""))[0]
    if issubclass(kind, BadSchedule):
        return kind("", sentence)
    return kind(sentence)
