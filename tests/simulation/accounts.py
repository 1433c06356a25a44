"""What the bookkeeper keeps of one run: its claims, its calls of the application, its results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from jqengine.job import Outcome, Owner, Result, Run
from tests.simulation.history import Ended, Moment


class Fate(Enum):
    """How a claim ended."""

    RECORDED = "recorded"
    TIMED_OUT = "recorded as too long"
    GIVEN_BACK = "given back"
    TAKEN_OVER = "taken over"


@dataclass
class Claim:
    """One owner's hold of one attempt.

    :ivar lease_until: by the wall clock.
    :ivar renewed: simulated seconds at which the clock was read for that.
    :ivar executions: calls of the application, by number.
    """

    owner: Owner
    run: Run
    lease_until: float
    renewed: float
    fate: Fate | None = None
    executions: list[Execution] = field(default_factory=list)


@dataclass
class Execution:
    """One call of the application."""

    number: int
    claim: Claim | None
    began: Moment
    ended: Ended | None = None
    cut_off: float | None = None

    @property
    def over(self) -> float:
        """Simulated seconds at which the application was not at work any more."""
        if self.ended is not None:
            return self.ended.when.at
        return float("inf") if self.cut_off is None else self.cut_off


@dataclass
class Account:
    """One run.

    :ivar counted: attempts, as the store should have them.
    :ivar accepted: every outcome that the store took, in order.
    """

    run_id: str
    counted: int = 0
    holder: Claim | None = None
    claims: list[Claim] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    accepted: list[Outcome] = field(default_factory=list)
    reopened: int = 0
    cancelled: bool = False


def overlaps(account: Account) -> Iterator[str]:
    """Calls that were under way together without the first having lost its claim."""
    executions = sorted(account.executions, key=lambda one: one.began.at)
    for number, earlier in enumerate(executions):
        for later in executions[number + 1 :]:
            if later.began.at >= earlier.over:
                continue
            fate = earlier.claim.fate if earlier.claim else None
            if fate not in (Fate.TAKEN_OVER, Fate.TIMED_OUT, Fate.GIVEN_BACK):
                yield (
                    f"{account.run_id}: execution {later.number} begins while "
                    f"{earlier.number} is under way, whose claim was "
                    f"{fate.value if fate else 'never lost'}"
                )


def kept_results(account: Account, results: Sequence[tuple[int, Result]]) -> Iterator[str]:
    """The newest of each attempt is kept, in order, and is what was accepted."""
    kept: dict[int, Result] = {one.attempt: one.result for one in account.accepted}
    if [number for number, _ in results] != sorted(kept):
        yield (
            f"{account.run_id}: the results of attempts {[n for n, _ in results]} are kept, "
            f"{sorted(kept)} were accepted"
        )
    for number, result in results:
        if number in kept and not _same(result, kept[number]):
            yield f"{account.run_id}: the result of attempt {number} is not the accepted one"


def _same(one: Result, other: Result) -> bool:
    return one._replace(headers=tuple((name, value) for name, value in one.headers)) == other
