"""A job in the hands of an application."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Unpack

from jqengine.wire.fields import TimeFields
from jqengine.wire.views import JobView, ResultView, RunView

if TYPE_CHECKING:
    from jqengine.client.queue import JobQueue


class Job:
    """A job of an engine, with what can be done to it.

    Its facts are as they were when the engine was last asked; :meth:`refresh`
    asks again.  Safe to use from many threads.

    :ivar id: the job's id.
    """

    __slots__ = ("_queue", "_view", "id")

    def __init__(self, queue: JobQueue, job_id: str, view: JobView | None = None) -> None:
        self.id = job_id
        self._queue = queue
        self._view = view

    @property
    def view(self) -> JobView:
        """Everything the engine says of the job; asked for once."""
        if self._view is None:
            self._view = self._queue.job(self.id).view
        return self._view

    @property
    def name(self) -> str | None:
        """What it is called, or ``None``."""
        return self.view.name

    @property
    def state(self) -> str:
        """``scheduled``, ``paused``, ``finished``, ``removed``, ``retired`` or ``cancelled``."""
        return self.view.state

    @property
    def due(self) -> datetime | None:
        """Its next due time, in UTC, or ``None`` when none is to come."""
        return self.view.due

    @property
    def existing(self) -> bool:
        """Whether it was there before it was scheduled: an unfinished job held its key."""
        return self.view.existing

    def refresh(self) -> Job:
        """Ask the engine again; gives this same job."""
        self._view = self._queue.job(self.id).view
        return self

    def wait(self, timeout: float | None = None) -> ResultView:
        """The result of its last run if that is over, else of the next one.

        See :meth:`JobQueue.wait`.
        """
        return self._queue.wait(self, timeout=timeout)

    def runs(self, *, state: str | None = None, limit: int | None = 100) -> list[RunView]:
        """Its runs, the newest first."""
        return self._queue.runs(self, state=state, limit=limit)

    def cancel(self) -> Job:
        """Take it back."""
        return self._after(self._queue.cancel(self))

    def pause(self) -> Job:
        """Hold it until it is resumed."""
        return self._after(self._queue.pause(self))

    def resume(self) -> Job:
        """Let it go on."""
        return self._after(self._queue.resume(self))

    def reschedule(self, **time: Unpack[TimeFields]) -> Job:
        """Give it another time."""
        return self._after(self._queue.reschedule(self, **time))

    def run_now(self) -> RunView:
        """Run it once now, whatever its schedule says."""
        return self._queue.run_now(self)

    def retry(self) -> RunView:
        """Give its latest run, which must have ended, one more attempt."""
        return self._queue.retry(self)

    def _after(self, changed: Job) -> Job:
        self._view = changed.view
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        view = self._view
        if view is None:
            return f"<Job {self.id}>"
        due = f", due {view.due:%Y-%m-%d %H:%M:%S%z}" if view.due else ""
        return f"<Job {self.id} {view.label!r}: {view.state}{due}>"
