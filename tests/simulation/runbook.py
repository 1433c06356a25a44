"""The bookkeeper's idea of runs: who holds which attempt, by right of what.

Rules: a run is held by one owner at a time; attempts are counted when they are
claimed, 1 to n without gaps; a claim is taken over only from a process that is
gone or has let its lease run out; a result is accepted from the holder of the
newest attempt, and from nobody else; each claim calls the application once at
most; two calls for one run are under way together only if the first has lost
its claim, or was given up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from jqengine.job import Outcome, Owner, Run
from jqengine.lifecycle import JobEvent, RunState
from tests.simulation.accounts import Account, Claim, Execution, Fate, kept_results, overlaps
from tests.simulation.final import Final
from tests.simulation.history import (
    CANNOT_START,
    CRASHED,
    FROZE,
    STEPPED,
    STOPPED,
    Began,
    Effect,
    Ended,
    Event,
    Happened,
)

UNSURE = 20.0
"""Seconds around a step of the clock in which it is not said when it was read."""


class RunBook:
    """Every run that was claimed, as it should be."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self._executions: dict[int, Execution] = {}
        self._gone: set[Owner] = set()
        self._froze: set[Owner] = set()
        self._stepped = float("-inf")
        self.refused = 0
        self.taken_over = 0

    def account(self, run_id: str) -> Account:
        """The account of a run."""
        return self.accounts.setdefault(run_id, Account(run_id))

    def read(self, event: Event) -> Iterator[str]:
        """Book an event; what is wrong with it."""
        if isinstance(event, Effect):
            booking = getattr(self, f"_book_{event.call}", None)
            if booking is not None:
                yield from booking(event)
        elif isinstance(event, Began):
            yield from self._book_began(event)
        elif isinstance(event, Ended):
            self._executions[event.execution].ended = event
        elif isinstance(event, Happened):
            self._book_happened(event)

    def _book_happened(self, event: Happened) -> None:
        if event.what in (CRASHED, STOPPED, CANNOT_START):
            self._gone.add(event.when.who)
            for one in self._executions.values():
                if one.began.who == event.when.who and one.ended is None:
                    one.cut_off = event.when.at
        elif event.what == FROZE:
            self._froze.add(event.when.who)
        elif event.what == STEPPED:
            self._stepped = event.when.at

    # Claims.

    def _book_claim(self, event: Effect) -> Iterator[str]:
        for run in event.answer:
            account = self.account(run.id)
            if account.holder is not None:
                yield f"{run.id}: claimed while {account.holder.owner} holds it"
            if account.cancelled:
                yield f"{run.id}: claimed after it was cancelled"
            if run.attempt != account.counted + 1:
                yield f"{run.id}: attempt {run.attempt} is claimed, {account.counted} were counted"
            if run.ready > event.said["now"]:
                yield f"{run.id}: claimed before it was ready"
            if not account.reopened and run.attempt > run.policy.attempts:
                yield f"{run.id}: attempt {run.attempt} of {run.policy.attempts}"
            self._hold(account, event, run)

    def _hold(self, account: Account, event: Effect, run: Run) -> None:
        account.counted = run.attempt
        until = event.said["now"] + event.said["lease"]
        account.holder = Claim(event.said["owner"], run, until, self._read_at(event))
        account.claims.append(account.holder)

    def _read_at(self, event: Effect) -> float:
        """When the clock was read for a lease, in simulated seconds."""
        behind: float = event.when.wall - event.said["now"]
        return event.when.at - max(0.0, behind)

    def _book_renew(self, event: Effect) -> Iterator[str]:
        held = list(self._held_by(event.said["owner"]))
        if event.answer != len(held):
            yield f"{len(held)} claims are held by {event.said['owner']}, {event.answer} renewed"
        for claim in held:
            claim.lease_until = event.said["now"] + event.said["lease"]
            claim.renewed = self._read_at(event)

    def _held_by(self, owner: Owner) -> Iterator[Claim]:
        for account in self.accounts.values():
            if account.holder is not None and account.holder.owner == owner:
                yield account.holder

    def _book_give_back(self, event: Effect) -> Iterator[str]:
        given = 0
        for run_id in event.said["run_ids"]:
            account = self.account(run_id)
            if account.holder is not None and account.holder.owner == event.said["owner"]:
                given += 1
                account.counted -= 1
                self._let_go(account, Fate.GIVEN_BACK)
        if given != event.answer:
            yield f"{given} claims could be given back, {event.answer} were"

    def _book_recover(self, event: Effect) -> Iterator[str]:
        owner = event.said["owner"]
        for run in event.answer:
            account = self.account(run.id)
            before = account.holder
            self.taken_over += 1
            if before is None:
                yield f"{run.id}: taken over though nobody holds it"
            else:
                yield from self._why_not_take_over(before, event, run)
                if run.attempt != account.counted:
                    yield f"{run.id}: taken over as attempt {run.attempt}, is {account.counted}"
                self._let_go(account, Fate.TAKEN_OVER)
            self._hold(account, event, run)

        left = [claim for claim in self._all_held() if _is_earlier_boot(claim.owner, owner)]
        for claim in left:
            yield f"{claim.run.id}: left behind by {claim.owner} and not taken over by {owner}"

    def _why_not_take_over(self, before: Claim, event: Effect, run: Run) -> Iterator[str]:
        owner = event.said["owner"]
        if before.owner.node == owner.node:
            if before.owner not in self._gone:
                yield f"{run.id}: taken over from {before.owner}, which lives"
            return
        if before.lease_until >= event.said["now"]:
            yield f"{run.id}: taken over from {before.owner}, whose lease had not run out"
        alone = event.when.at - before.renewed
        sure = abs(event.when.at - self._stepped) > UNSURE or before.owner not in self._froze
        if sure and before.owner not in self._gone and alone < event.said["lease"] - UNSURE:
            yield (
                f"{run.id}: taken over from {before.owner}, which renewed its lease "
                f"{alone:.1f} s before: the clock was set, not the process gone"
            )

    def under_way(self) -> Counter[str | None]:
        """How many runs of each group are held by somebody."""
        return Counter(claim.run.policy.group for claim in self._all_held())

    def _all_held(self) -> Iterator[Claim]:
        for account in self.accounts.values():
            if account.holder is not None:
                yield account.holder

    # Ends.

    def _book_record(self, event: Effect) -> Iterator[str]:
        for outcome, taken in zip(event.said["outcomes"], event.answer, strict=True):
            account = self.account(outcome.run_id)
            rightful = _is_rightful(account, outcome)
            if taken and not rightful:
                yield (
                    f"{outcome.run_id}: a result of attempt {outcome.attempt} is accepted "
                    f"from {outcome.owner}, which has no claim"
                )
            elif rightful and not taken:
                yield f"{outcome.run_id}: a rightful result of {outcome.owner} is refused"
            if taken:
                yield from self._book_end(account, outcome)
            else:
                self.refused += 1

    def _book_end(self, account: Account, outcome: Outcome) -> Iterator[str]:
        yield from _authenticity(account, outcome)
        account.accepted.append(outcome)
        late = outcome.result.reason.startswith("timeout after")
        self._let_go(account, Fate.TIMED_OUT if late else Fate.RECORDED)
        if outcome.verdict.state is RunState.WAITING:
            account.counted = outcome.attempt - outcome.verdict.restore

    @staticmethod
    def _let_go(account: Account, fate: Fate) -> None:
        if account.holder is not None:
            account.holder.fate = fate
        account.holder = None

    # The application.

    def _book_began(self, event: Began) -> Iterator[str]:
        account = self.account(event.run_id)
        who = event.when.who
        claim = next(
            (
                one
                for one in reversed(account.claims)
                if one.owner == who and one.run.attempt == event.attempt
            ),
            None,
        )
        execution = Execution(event.execution, claim, event.when)
        self._executions[event.execution] = execution
        account.executions.append(execution)
        if claim is None:
            yield f"{event.run_id}: attempt {event.attempt} begins at {who} without a claim"
            return
        if claim.executions:
            yield f"{event.run_id}: attempt {event.attempt} begins twice with one claim"
        if claim.fate not in (None, Fate.TAKEN_OVER):
            yield f"{event.run_id}: attempt {event.attempt} begins after it was {claim.fate.value}"
        claim.executions.append(execution)

    # What people do to runs.

    def _book_reopen(self, event: Effect) -> Iterator[str]:
        account = self.account(event.answer.id)
        if account.holder is not None:
            yield f"{event.answer.id}: reopened while it runs"
        account.reopened += 1
        account.cancelled = False

    def _book_steer(self, event: Effect) -> Iterator[str]:
        """Of an anonymous job, which is its own run."""
        step = event.said["step"]
        if step.event is JobEvent.CANCEL and step.job_id in self.accounts:
            self.account(step.job_id).cancelled = True
        return iter(())

    # In the end.

    def end(self, final: Final) -> Iterator[str]:
        """What of all this is not so in the store, and what ran beside what."""
        for account in self.accounts.values():
            yield from overlaps(account)
            row = final.rows.get(account.run_id)
            if row is None:
                yield f"{account.run_id}: was claimed and is not in the store"
                continue
            run = row.report.run
            if run.attempt != account.counted:
                yield f"{run.id}: the store counts {run.attempt} attempts of {account.counted}"
            yield from kept_results(account, row.results)


def _is_earlier_boot(before: Owner, now: Owner) -> bool:
    return before.node == now.node and before.boot != now.boot


def _is_rightful(account: Account, outcome: Outcome) -> bool:
    holder = account.holder
    return (
        holder is not None
        and holder.owner == outcome.owner
        and holder.run.attempt == outcome.attempt
    )


def _authenticity(account: Account, outcome: Outcome) -> Iterator[str]:
    """Whether a result is what the application said, in that attempt and process."""
    result = outcome.result
    if not result.body:
        return
    claim = account.holder
    bodies = [one.ended.body for one in claim.executions if one.ended] if claim else []
    if result.body not in bodies:
        yield f"{outcome.run_id}: the result {result.body!r} was never given to this claim"
