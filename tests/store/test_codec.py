"""Values to columns and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jqengine.job import Catchup, Overlap, Policy, Schedule, Syntax
from jqengine.store.codec import (
    headers_from,
    headers_text,
    policy_from,
    policy_text,
    schedule_from,
    schedule_text,
    sinks_from,
    sinks_text,
)
from jqengine.units import Backoff, StatusSet

seconds = st.floats(0, 1e9, allow_nan=False)
statuses = st.builds(
    lambda pairs: StatusSet.parse(",".join(f"{a}-{b}" for a, b in pairs) or "never"),
    st.lists(st.tuples(st.integers(0, 499), st.integers(500, 999)), max_size=2),
)
policies = st.builds(
    Policy,
    attempts=st.integers(1, 100),
    backoff=st.builds(Backoff, seconds, seconds, st.booleans()),
    timeout=seconds,
    remove_on=statuses,
    catchup=st.sampled_from(Catchup),
    catchup_window=seconds,
    overlap=st.sampled_from(Overlap),
    priority=st.integers(-(10**9), 10**9),
    key=st.none() | st.text(),
)
schedules = st.builds(
    Schedule,
    syntax=st.sampled_from(Syntax),
    text=st.text(),
    zone=st.text(),
    times=st.none() | st.integers(0, 10**6),
    until=st.none() | seconds,
    jitter=seconds,
)
latin = st.text(st.characters(max_codepoint=255))


@given(policies)
def test_policies_come_back(policy: Policy) -> None:
    assert policy_from(policy_text(policy), policy.priority, policy.key) == policy


@given(schedules)
def test_schedules_come_back(schedule: Schedule) -> None:
    assert schedule_from(schedule_text(schedule)) == schedule


@given(st.lists(st.tuples(latin, latin)).map(tuple))
def test_headers_come_back(headers: tuple[tuple[str, str], ...]) -> None:
    assert headers_from(headers_text(headers)) == headers


@given(st.lists(st.text()).map(tuple))
def test_sinks_come_back(sinks: tuple[str, ...]) -> None:
    assert sinks_from(sinks_text(sinks)) == sinks


def test_equal_policies_are_one_object() -> None:
    assert policy_from("{}", 0, None) is policy_from("{}", 0, None)


def test_what_a_stored_policy_does_not_say_never_changes() -> None:
    # Databases hold these texts; a new default must not change their meaning.
    assert policy_from("{}", 0, None) == Policy(
        attempts=3,
        backoff=Backoff(2.0, 600.0, jitter=True),
        timeout=900.0,
        remove_on=StatusSet(((0, 0), (400, 599))),
        catchup=Catchup.LATEST,
        catchup_window=86400.0,
        overlap=Overlap.SKIP,
    )
    assert schedule_from('{"syntax":"now","zone":"UTC"}') == Schedule(
        syntax=Syntax.NOW, text="", zone="UTC"
    )


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        (Policy(), {}),
        (Policy(priority=7, key="k"), {}),
        (
            Policy(attempts=1, remove_on=StatusSet(), overlap=Overlap.QUEUE),
            {"attempts": 1, "remove_on": "never", "overlap": "queue"},
        ),
    ],
)
def test_only_what_differs_is_written(policy: Policy, text: dict[str, Any]) -> None:
    assert json.loads(policy_text(policy)) == text
