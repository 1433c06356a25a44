"""What an engine says is wrong with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jqengine.condition import LONGEST_SILENCE, LONGEST_UNRENEWED, Condition
from jqengine.dispatch.dispatcher import LONGEST_PAUSE
from jqengine.dispatch.leases import FRESH

WELL = Condition(
    tick_age=LONGEST_SILENCE,
    lease_age=LONGEST_UNRENEWED,
    in_hand=3,
    threads=10,
    stuck=19,
    able=True,
    store="",
    dispatching="",
)


def test_nothing_is_wrong_with_one_that_does_its_work() -> None:
    assert WELL.complaints == ()
    assert LONGEST_SILENCE > LONGEST_PAUSE
    assert LONGEST_UNRENEWED == FRESH


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"store": "the disk is full"}, "the disk is full"),
        ({"dispatching": "KeyError: 7"}, "KeyError: 7"),
        ({"spooled": 3}, "3 accepted jobs wait in the spool"),
        ({"tick_age": 90.4}, "nobody has looked for due jobs for 1m30s"),
        (
            {"lease_age": 31.0},
            "the leases of this node have not been renewed for 31s; it claims no jobs",
        ),
        (
            {"able": False, "stuck": 20},
            "all job threads are stuck: 20 requests do not end;"
            " restart the engine to be rid of them",
        ),
    ],
)
def test_each_trouble_has_its_line(change: dict[str, object], complaint: str) -> None:
    assert replace(WELL, **change).complaints == (complaint,)  # type: ignore[arg-type]


def test_all_troubles_are_told_the_store_s_first() -> None:
    worst = replace(WELL, store="gone", tick_age=99.0, lease_age=99.0, able=False)
    assert len(worst.complaints) == 4
    assert replace(worst, dispatching="gone").complaints == worst.complaints
    assert worst.complaints[0] == "gone"
