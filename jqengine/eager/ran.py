"""What a test is shown of a job that has run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from jqengine.job import Outcome, Run
from jqengine.wire.views import ResultView


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One attempt of a job, and how it ended.

    :ivar job: the job's id, and *run* that of the run.
    :ivar target: path and query of the request.
    :ivar attempt: which attempt, from 1.
    :ivar state: ``finished``, ``failed``, or ``waiting`` if it will be tried again.
    :ivar why: what the engine made of it, in a few words.
    :ivar result: what the application answered.
    :ivar error: what the application raised instead, if it did.
    """

    job: str
    run: str
    name: str | None
    method: str
    target: str
    user: str | None
    due: datetime
    attempt: int
    state: str
    why: str
    result: ResultView
    error: BaseException | None

    @property
    def ok(self) -> bool:
        """Whether the answer is a success."""
        return self.result.ok

    @property
    def status(self) -> int:
        """The status of the answer, or 0 when there was none."""
        return self.result.status

    @property
    def text(self) -> str:
        """The body of the answer."""
        return self.result.text

    def __str__(self) -> str:
        return f"{self.method} {self.target}: {self.why}"


def ran(run: Run, outcome: Outcome, error: BaseException | None) -> Ran:
    """An attempt of *run* that ended with *outcome*."""
    return Ran(
        job=run.job_id,
        run=run.id,
        name=run.name,
        method=run.request.method,
        target=run.request.target,
        user=run.request.user,
        due=moment(run.due),
        attempt=outcome.attempt,
        state=outcome.verdict.state.value,
        why=outcome.verdict.why,
        result=_view(outcome),
        error=error,
    )


def moment(instant: float) -> datetime:
    """*instant* as a time in UTC."""
    return datetime.fromtimestamp(instant, UTC)


def _view(outcome: Outcome) -> ResultView:
    result = outcome.result
    return ResultView(
        attempt=outcome.attempt,
        status=result.status,
        reason=result.reason,
        headers=result.headers,
        size=len(result.body),
        truncated=result.truncated,
        started=moment(result.started),
        finished=moment(result.finished),
        body=result.body,
    )
