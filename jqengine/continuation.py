"""The vocabulary of continuations: requests of real clients, saved to be run later.

All values are immutable; instants are seconds since the epoch, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from jqengine.errors import NoSuchContinuation, NotPossible

if TYPE_CHECKING:
    from jqengine.job import Job, Request

DEFAULT_LIFE = 7 * 86400.0
"""Seconds that a continuation is kept unless its maker says otherwise."""

LONGEST_LIFE = 366 * 86400.0
"""Seconds that a continuation is kept at most."""

MOST_OF_SESSION = 100
"""Continuations of one session that are kept; a new one takes the place of the oldest."""

FORMER_SESSION = 60.0
"""Seconds for which a session cookie still counts after another has taken its place.

Requests that a browser makes side by side carry the same cookie, and each may
be given a new one.
"""


class Continued(NamedTuple):
    """Says of a request that it is a saved one.

    :ivar id: of the continuation.
    :ivar state: the application's own, as JSON text; ``None`` in a job that
        has yet to be accepted: the store puts the saved request in its place.
    :ivar repeats: of such a job: whether it will run more than once.
    """

    id: str
    state: str | None = None
    repeats: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation:
    """A saved request.

    :ivar request: with the cookies, the body and the user of the one it was
        made from, or with the path that was given instead.
    :ivar state: the application's own, as JSON text.
    :ivar session: what the value of its client's session cookie hashes to;
        with ``None`` no link resumes it.
    :ivar reusable: whether it is kept when it is used.
    :ivar expires: the instant from which it is as if it had never been.
    """

    id: str
    request: Request
    state: str
    session: str | None
    reusable: bool
    created: float
    expires: float


def with_saved_request(job: Job, saved: Continuation | None) -> Job:
    """*job*, which waits for the request of a continuation, with it.

    :param saved: the continuation, if it is there.
    :raises NoSuchContinuation: it is not, or had expired when the job was made.
    :raises NotPossible: it is for one use, and the job repeats.
    """
    definition = job.definition
    continued = definition.request.continuation
    assert continued is not None
    if saved is None or saved.expires <= job.created:
        raise NoSuchContinuation(
            f"there is no continuation {continued.id}; it may have expired or been used"
        )
    if continued.repeats and not saved.reusable:
        raise NotPossible(
            f"the continuation {saved.id} is for one use, and this job repeats;"
            " make one that is reusable"
        )
    request = replace(saved.request, continuation=Continued(saved.id, saved.state))
    return replace(job, definition=replace(definition, request=request))
