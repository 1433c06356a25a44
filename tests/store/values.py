"""Jobs, outcomes and ids as the store's tests need them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from jqengine.identity import IdFactory
from jqengine.job import (
    Definition,
    Firing,
    Job,
    Outcome,
    Owner,
    Policy,
    Request,
    Result,
    Run,
    Schedule,
    Skip,
    Syntax,
    Verdict,
)
from jqengine.lifecycle import JobState, RunState

NOW = 1_800_000_000.0
OWNER = Owner("node-1", "boot-1")
LEASE = 60.0

_seeds = count(1)


def an_id_factory() -> IdFactory:
    """One whose ids differ from those of every other."""
    seed = next(_seeds)
    return IdFactory(lambda bits: seed)


new_id = an_id_factory()


def a_job(name: str | None = None, due: float | None = NOW, **changes: Any) -> Job:
    """A job: anonymous without a *name*; *changes* go wherever they belong."""
    parts: dict[type, dict[str, Any]] = {Request: {}, Schedule: {}, Policy: {}, Definition: {}}
    for field in list(changes):
        for part, values in parts.items():
            if field in part.__dataclass_fields__:  # type: ignore[attr-defined]
                values[field] = changes.pop(field)
                break
    return Job(
        id=changes.pop("id", None) or new_id(NOW),
        definition=Definition(
            **{
                "identity": name,
                "name": name,
                "request": Request(**{"target": f"/{name or ''}"} | parts[Request]),
                "schedule": Schedule(
                    **{"syntax": Syntax.EVERY if name else Syntax.NOW, "text": "", "zone": "UTC"}
                    | parts[Schedule]
                ),
                "policy": Policy(**parts[Policy]),
            }
            | parts[Definition]
        ),
        **{"state": JobState.SCHEDULED, "created": NOW, "anchor": due, "due": due} | changes,
    )


def a_firing(
    job: Job,
    *runs: float,
    skips: Sequence[Skip] = (),
    next_due: float | None = NOW + 10,
    **changes: Any,
) -> Firing:
    """*job* at its due time fires *runs*, at first the due time itself."""
    assert job.due is not None
    return Firing(
        job_id=job.id,
        expected=changes.pop("expected", job.due),
        runs=runs if runs or skips else (job.due,),
        skips=tuple(skips),
        next_due=next_due,
        exhausted=changes.pop("exhausted", next_due is None),
        held=changes.pop("held", False),
    )


def a_result(status: int = 200, **changes: Any) -> Result:
    """A quick answer of *status*."""
    headers = (("Content-Type", "text/plain"), ("X-Café", "é"))
    result = Result(status, "Said So", headers, b"body \x00\xff", False, NOW + 1, NOW + 1.25)
    return result._replace(**changes)


def an_end(run: Run, status: int = 200, owner: Owner = OWNER, **verdict: Any) -> Outcome:
    """The last attempt of *run* ended with *status*."""
    state = RunState.FINISHED if 0 < status < 400 else RunState.FAILED
    return an_outcome(run, status, owner, **{"state": state} | verdict)


def a_retry(run: Run, status: int = 500, owner: Owner = OWNER, **verdict: Any) -> Outcome:
    """An attempt of *run* ended with *status* and another is to come."""
    return an_outcome(
        run, status, owner, **{"state": RunState.WAITING, "ready": NOW + 30} | verdict
    )


def an_outcome(run: Run, status: int, owner: Owner, **verdict: Any) -> Outcome:
    """The end of an attempt of *run*."""
    said = {"ready": None, "restore": False, "remove": None, "why": str(status)} | verdict
    end = Outcome(run.id, run.job_id, owner, run.attempt, a_result(status), Verdict(**said))
    return end._replace(group=run.policy.group)
