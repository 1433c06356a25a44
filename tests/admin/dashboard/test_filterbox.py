"""The box in which jobs are looked for."""

from __future__ import annotations

from typing import Any

import pytest

from jqengine.admin.dashboard.filterbox import Wanted, parse
from jqengine.errors import BadValue


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", {}),
        ("   ", {}),
        ("state:removed user:alice /reports",
         {"state": "removed", "user": "alice", "target": "/reports*"}),
        ("state:removed,paused", {"state": "removed,paused"}),
        ("state:REMOVED", {"state": "removed"}),
        ("nightly", {"name": "nightly*"}),
        ("night*", {"name": "night*"}),
        ("name:nightly", {"name": "nightly"}),
        ('name:"a b"', {"name": "a b"}),
        ('"a b"', {"name": "a b*"}),
        ("/reports?x=state:1", {"target": "/reports?x=state:1*"}),
        ("target:/x origin:crontab order:due",
         {"target": "/x", "origin": "crontab", "order": "due"}),
        ("user:a:b", {"user": "a:b"}),
        ("<script>alert(1)</script>", {"name": "<script>alert(1)</script>*"}),
    ],
)  # fmt: skip
def test_what_is_typed(text: str, wanted: dict[str, Any]) -> None:
    assert parse(text) == Wanted(**wanted)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("stat:removed", "stat: is nothing one can look for; expected one of state, user, name,"),
        ("state:gone", "state:gone is not known; expected one of scheduled, paused,"),
        ("state:", "state: has nothing behind it"),
        ("state:paused,", "state: is not known"),
        ("origin:elsewhere", "origin:elsewhere is not known; expected one of client, crontab"),
        ("user:a user:b", "user is said twice"),
        ("/a /b", "target is said twice"),
    ],
)
def test_what_is_not_understood(text: str, complaint: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse(text)
    assert complaint in str(caught.value)


def test_whether_it_narrows() -> None:
    assert not parse("order:due").narrows
    assert parse("order:due /x").narrows
