"""Every error a user can meet, each with one clear sentence.

The text of an exception is written for the person who caused it: what is
wrong, where, and what was expected.  Code that shows an error to a user
prints ``str(error)`` and nothing else.
"""

from __future__ import annotations


class JobQueueError(Exception):
    """The root of all errors that this software raises on purpose."""


class ConfigurationError(JobQueueError):
    """An option, a settings file or an environment variable is wrong."""


class ApplicationNotLoaded(ConfigurationError):
    """``--app`` names nothing that can be served."""


class CrontabError(ConfigurationError):
    """A crontab cannot be read.

    :ivar path: the file, as the user named it.
    :ivar line: the 1-based line, or 0 when the whole file is meant.
    :ivar column: the 1-based column, or 0 when the whole line is meant.
    """

    def __init__(self, path: str, line: int, column: int, message: str) -> None:
        self.path = path
        self.line = line
        self.column = column
        self.message = message
        place = ":".join(str(part) for part in (path, line, column) if part)
        super().__init__(f"{place}: {message}")


class CrontabErrors(ConfigurationError):
    """All that is wrong with the crontabs of one engine.

    :ivar errors: every :class:`CrontabError`, in the order of files and lines.
    """

    def __init__(self, errors: tuple[CrontabError, ...]) -> None:
        self.errors = errors
        more = len(errors) - 1
        tail = f" (and {more} more; see `jobqueue check`)" if more else ""
        super().__init__(f"{errors[0]}{tail}")


class WorkerFailed(ConfigurationError):
    """One of several workers cannot start; the sentence is its own."""


class BadValue(JobQueueError):
    """A duration, size, status list or other small text is malformed."""


class BadSchedule(JobQueueError):
    """A time text is not understood, or means an instant that is past.

    :ivar text: the text as given.
    :ivar position: 0-based offset of the offending part within *text*, or
        ``None`` when no single part is to blame.
    """

    def __init__(self, text: str, message: str, position: int | None = None) -> None:
        self.text = text
        self.position = position
        super().__init__(message)


class PastInstant(BadSchedule):
    """The text was understood, but its instant is not after now."""


class BadRequest(JobQueueError):
    """A request line (``[METHOD] URI [name=value ...]``) is malformed.

    :ivar position: 0-based offset of the offending part, or ``None``.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        self.position = position
        super().__init__(message)


class StoreError(JobQueueError):
    """The store could not do what was asked; nothing was changed."""


class StoreUnavailable(StoreError):
    """The store cannot be reached now; the same call may succeed later."""


class StoreFull(StoreUnavailable):
    """The disk beneath the store is full."""


class SchemaTooNew(StoreError):
    """The store was written by a newer version of this software."""


class StateDirectoryInUse(ConfigurationError):
    """Another engine runs on the same state directory."""


class NoSuchJob(JobQueueError):
    """No job or run answers to the id or name that was given."""


class NoSuchContinuation(JobQueueError):
    """A continuation is unknown, has expired, or was used before."""


class NoSuchNode(JobQueueError):
    """No node of that name shares the store."""


class NotPossible(JobQueueError):
    """What was asked cannot be done to a job or run as it stands now."""


class ChangedMeanwhile(NotPossible):
    """A change was made from what has been changed by somebody else since."""


class KeyHeld(NotPossible):
    """An unfinished job holds the key of the one that was asked for."""


class Forbidden(JobQueueError):
    """The client's role does not reach so far, or it has not proved who it is."""


class LimitReached(JobQueueError):
    """Something is larger, or there is more of it, than the engine takes."""


class NotInTime(JobQueueError, TimeoutError):
    """What was waited for has not happened within the time given."""


class NotConnected(JobQueueError, ConnectionError):
    """No engine can be reached, or the connection to it was lost."""


class EngineError(JobQueueError):
    """The engine failed at what it was asked; its log says how."""


class DeliveryFailed(JobQueueError):
    """A sink did not take a result.

    :ivar permanent: whether trying again is of no use.
    :ivar wait: seconds that the sink asks to be left alone for, or ``None``.
    """

    def __init__(self, message: str, *, permanent: bool = False, wait: float | None = None) -> None:
        self.permanent = permanent
        self.wait = wait
        super().__init__(message)
