"""The vocabulary of deliveries: results on their way to sinks.

All values are immutable; instants are seconds since the epoch, UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jqengine.lifecycle import DeliveryState

if TYPE_CHECKING:
    from jqengine.job import Headers, Job


class Validators(NamedTuple):
    """By what an answer can be recognized (RFC 9110, section 8.8).

    :ivar etag: with its quotes, or ``None``.
    :ivar modified: an HTTP date, as the application wrote it, or ``None``.
    """

    etag: str | None
    modified: str | None


class Fingerprint(NamedTuple):
    """What a success is compared by: its entity tag, else its body.

    :ivar digest: of the body.
    """

    validators: Validators
    digest: str

    def differs(self, other: Fingerprint) -> bool:
        """Whether the two stand for different contents."""
        mine, others = self.validators.etag, other.validators.etag
        if mine is not None and others is not None:
            return mine.removeprefix("W/") != others.removeprefix("W/")
        return self.digest != other.digest


class NewDelivery(NamedTuple):
    """A delivery to be written with the result it is of.

    :ivar sink: the sink's URL, as the job has it.
    :ivar lane: what it queues for.
    :ivar if_changed: whether it is to be dropped unless the result differs
        from the success before it.
    :ivar removed: why the job has left the queue, or ``None``.
    """

    id: str
    sink: str
    lane: str
    if_changed: bool
    removed: str | None


class Dispatch(NamedTuple):
    """What an outcome brings about beside the run's own end.

    :ivar deliveries: to be written in the transaction of the result.
    :ivar fingerprint: of a success of a job that watches for changes; it takes
        the place of the one before if it differs.
    :ivar follow_ups: jobs that the run has scheduled for its success.
    """

    deliveries: tuple[NewDelivery, ...] = ()
    fingerprint: Fingerprint | None = None
    follow_ups: tuple[Job, ...] = ()


NOTHING_TO_DISPATCH = Dispatch()


class Delivery(NamedTuple):
    """A delivery as the store has it.

    :ivar attempt: of the run, whose result it is.
    :ivar tries: how often it was tried, this time included where it is
        under way.
    :ivar before: the id of the run with the success before this one, where
        the job watches for changes, or ``None``.
    :ivar reason: why the last try failed, or empty.
    """

    id: str
    run_id: str
    attempt: int
    job_id: str
    sink: str
    lane: str
    state: DeliveryState
    ready: float
    tries: int
    removed: str | None
    before: str | None
    reason: str


class DeliveryEnd(NamedTuple):
    """How one try ended.

    :ivar state: delivered, pending (to be tried again when *ready*) or dead.
    :ivar reason: why it failed, or empty.
    """

    id: str
    state: DeliveryState
    ready: float
    reason: str


class ClaimedDeliveries(NamedTuple):
    """What a lane has to do.

    :ivar deliveries: now, in order; one of a job and sink at most.
    :ivar next_ready: when the earliest of the others may be tried, or ``None``
        when there are no others that wait for time alone.
    """

    deliveries: tuple[Delivery, ...]
    next_ready: float | None


class Publication(NamedTuple):
    """A result that is served at a path of the public HTTP port.

    :ivar path: decoded, as a request's path is compared with it.
    :ivar run_id: the run whose result it is; *attempt* the attempt.
    :ivar headers: those to serve it with.
    :ivar etag: with its quotes.
    :ivar modified: whole seconds since the epoch.
    :ivar size: bytes of its body.
    """

    path: str
    job_id: str
    run_id: str
    attempt: int
    headers: Headers
    etag: str
    modified: int
    size: int
