"""What the end of an attempt does to its run and its job.  Pure.

The rules are points 1 and 2 of the design's section 7.
"""

from __future__ import annotations

from jqengine.job import NO_RESPONSE, Result, Run, Verdict
from jqengine.lifecycle import RunState
from jqengine.request.retryafter import retry_after
from jqengine.units import StatusSet, format_duration

RETRYABLE = StatusSet.parse("0,408,425,429,500-599")
SNOOZING = StatusSet.parse("429,503")
GONE = 410

SHORTEST_SNOOZE = 1.0
LONGEST_SNOOZE = 86400.0


def judge(run: Run, result: Result, now: float, fraction: float) -> Verdict:
    """The verdict on an attempt of *run* that ended with *result*.

    :param fraction: a random number in [0, 1) that spreads retries.
    """
    if result.status not in RETRYABLE:
        return _final(run, result)
    snooze = snooze_of(result, now)
    if snooze is not None:
        return Verdict(
            state=RunState.WAITING,
            ready=now + snooze,
            restore=True,
            remove=None,
            why=f"{result.status}, asked to come back in {format_duration(snooze)}",
        )
    if run.attempt < run.policy.attempts:
        wait = run.policy.backoff.wait(run.attempt, fraction)
        return Verdict(
            state=RunState.WAITING,
            ready=now + wait,
            restore=False,
            remove=None,
            why=f"{said(result)}, attempt {run.attempt} of {run.policy.attempts}, "
            f"next in {format_duration(wait)}",
        )
    return _final(run, result)


def _final(run: Run, result: Result) -> Verdict:
    return Verdict(
        state=RunState.FINISHED if is_success(result.status) else RunState.FAILED,
        ready=None,
        restore=False,
        remove=removal(run, result),
        why=said(result),
    )


def is_success(status: int) -> bool:
    """Whether *status* is an answer below 400; 0 is none."""
    return 0 < status < 400


def removal(run: Run, result: Result) -> str | None:
    """Why the final *result* takes a recurring job out of the queue, if it does."""
    if result.status == GONE:
        return "410 Gone"
    if result.status in run.policy.remove_on:
        return f"{said(result)} is in remove-on {run.policy.remove_on}"
    return None


def snooze_of(result: Result, now: float) -> float | None:
    """Seconds that ``Retry-After`` of a 429 or 503 asks for (RFC 9110, 10.2.3).

    At least a second, so that a careless 0 does not spin, and at most a day.
    ``None`` when there is none, or none that can be read.
    """
    text = result.header("Retry-After") if result.status in SNOOZING else None
    seconds = None if text is None else retry_after(text, now)
    return None if seconds is None else min(max(seconds, SHORTEST_SNOOZE), LONGEST_SNOOZE)


def no_response(reason: str, started: float, finished: float) -> Result:
    """The result of an attempt that the application gave no response to."""
    return Result(NO_RESPONSE, reason, (), b"", False, started, finished)


def said(result: Result) -> str:
    """The answer in a few words: the status, or what happened instead of one."""
    if result.status:
        return str(result.status)
    return f"no response ({result.reason})"
