"""What an answer does: points 1 and 2 of the design's section 7, row by row."""

from __future__ import annotations

import pytest

from jqengine.dispatch.verdict import judge, snooze_of
from jqengine.job import Policy
from jqengine.lifecycle import RunState
from jqengine.units import Backoff, StatusSet
from tests.dispatch.values import NOW, a_result, a_run

WAITING, FINISHED, FAILED = RunState.WAITING, RunState.FINISHED, RunState.FAILED


@pytest.mark.parametrize(
    ("status", "first", "last", "removes"),
    [
        (200, FINISHED, FINISHED, False),
        (204, FINISHED, FINISHED, False),
        (302, FINISHED, FINISHED, False),
        (304, FINISHED, FINISHED, False),
        (399, FINISHED, FINISHED, False),
        (0, WAITING, FAILED, True),
        (400, FAILED, FAILED, True),
        (404, FAILED, FAILED, True),
        (408, WAITING, FAILED, True),
        (410, FAILED, FAILED, True),
        (425, WAITING, FAILED, True),
        (429, WAITING, FAILED, True),
        (499, FAILED, FAILED, True),
        (500, WAITING, FAILED, True),
        (503, WAITING, FAILED, True),
        (599, WAITING, FAILED, True),
        (600, FAILED, FAILED, False),
    ],
)
def test_each_status(status: int, first: RunState, last: RunState, removes: bool) -> None:
    early = judge(a_run(attempt=1), a_result(status), NOW, 0.5)
    late = judge(a_run(attempt=3), a_result(status), NOW, 0.5)
    assert (early.state, late.state) == (first, last)
    assert (late.remove is not None) is removes
    assert (early.remove is not None) is (removes and first is FAILED)
    assert not early.restore
    assert not late.restore


def test_retries_wait_longer_each_time_and_at_most_the_cap() -> None:
    policy = Policy(attempts=9, backoff=Backoff(2.0, 10.0))
    waits = [
        judge(a_run(policy=policy, attempt=n), a_result(500), NOW, 0.5).ready for n in range(1, 6)
    ]
    assert waits == [NOW + wait for wait in (1.0, 2.0, 4.0, 5.0, 5.0)]


def test_a_fixed_backoff_has_no_jitter() -> None:
    policy = Policy(backoff=Backoff(30.0, 30.0, jitter=False))
    for fraction in (0.0, 0.9):
        assert judge(a_run(policy=policy), a_result(500), NOW, fraction).ready == NOW + 30


def test_one_attempt_with_the_default_list_is_the_rule_of_2006() -> None:
    policy = Policy(attempts=1)
    for status in (0, 400, 404, 500, 599):
        verdict = judge(a_run(policy=policy), a_result(status), NOW, 0.0)
        assert verdict.state is FAILED
        assert verdict.remove
    assert judge(a_run(policy=policy), a_result(200), NOW, 0.0).remove is None


def test_gone_removes_even_when_nothing_else_does() -> None:
    policy = Policy(remove_on=StatusSet.parse("never"))
    assert judge(a_run(policy=policy), a_result(410), NOW, 0.0).remove == "410 Gone"
    assert judge(a_run(policy=policy), a_result(404), NOW, 0.0).remove is None


def test_remove_on_may_name_a_success() -> None:
    policy = Policy(remove_on=StatusSet.parse("204"))
    verdict = judge(a_run(policy=policy), a_result(204), NOW, 0.0)
    assert (verdict.state, verdict.remove) == (FINISHED, "204 is in remove-on 204")


@pytest.mark.parametrize(
    ("status", "text", "seconds"),
    [
        (503, "120", 120.0),
        (429, " 7 ", 7.0),
        (503, "0", 1.0),
        (503, "999999", 86400.0),
        (503, "9" * 400, 86400.0),
        (503, "Fri, 15 Jan 2027 08:01:00 GMT", 60.0),
        (503, "Fri, 15 Jan 2027 07:00:00 GMT", 1.0),
        (503, "soon", None),
        (503, "-5", None),
        (503, "", None),
        (503, "١٢", None),
        (500, "120", None),
        (200, "120", None),
    ],
)
def test_retry_after(status: int, text: str, seconds: float | None) -> None:
    assert snooze_of(a_result(status, headers=(("retry-after", text),)), NOW) == seconds


def test_a_snooze_costs_no_attempt_and_is_open_to_the_last_one() -> None:
    answer = a_result(503, headers=(("Retry-After", "60"),))
    verdict = judge(a_run(attempt=3), answer, NOW, 0.0)
    assert verdict.state is WAITING
    assert verdict.restore
    assert verdict.ready == NOW + 60


def test_why_speaks_of_the_attempts() -> None:
    lost = a_result(0, "timeout after 15m")
    assert (
        judge(a_run(attempt=2), lost, NOW, 0.5).why
        == "no response (timeout after 15m), attempt 2 of 3, next in 2s"
    )
