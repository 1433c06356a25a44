"""Jobs on their way to the wire."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from jqengine.errors import BadValue
from jqengine.wire.asks import PIECE, Ask, ask
from jqengine.wire.boxes import LONGEST_VALUE, pack_box
from jqengine.wire.submitting import asks_for, cartons


def _only(fields: dict[str, Any]) -> dict[str, bytes]:
    [call] = asks_for({"target": "/x", **fields}, 1)
    assert call.command == "Schedule"
    return dict(call.arguments)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"method": None}, {}),
        ({"after": timedelta(minutes=1.5)}, {"after": b"90s"}),
        ({"every": timedelta(microseconds=1500)}, {"every": b"0.0015s"}),
        ({"timeout": 2.5, "attempts": 3}, {"timeout": b"2.5", "attempts": b"3"}),
        ({"until": date(2026, 12, 24)}, {"until": b"2026-12-24"}),
        (
            {"until": datetime(2026, 12, 24, 17, tzinfo=UTC)},
            {"until": b"2026-12-24T17:00:00+00:00"},
        ),
        ({"remove_on": [0, 500]}, {"remove-on": b"0,500"}),
        ({"remove_on": 410}, {"remove-on": b"410"}),
        ({"remove_on": []}, {"remove-on": b"never"}),
        ({"remove_on": "never", "catchup_window": "1h"}, {
            "remove-on": b"never", "catchup-window": b"1h",
        }),
        ({"sinks": "off"}, {"sinks": b'["off"]'}),
        ({"sinks": ("a:", "b:")}, {"sinks": b'["a:","b:"]'}),
        ({"headers": {"A": "b"}}, {"headers": b'{"A":"b"}'}),
        ({"data": [("a", 1)]}, {"data": b'[["a",1]]'}),
        ({"json": "text"}, {"json": b'"text"'}),
        ({"body": "é"}, {"body": "é".encode()}),
        ({"user": "zoë"}, {"user": "zoë".encode()}),
    ],
)  # fmt: skip
def test_arguments(fields: dict[str, Any], expected: dict[str, bytes]) -> None:
    assert _only(fields) == {"target": b"/x", **expected}


def test_half_a_character_is_refused_here() -> None:
    with pytest.raises(BadValue, match="half of a character"):
        ask("Schedule", target="/\ud800")


def test_what_cannot_be_said_in_json_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="cannot be sent"):
        asks_for({"target": "/x", "json": object()}, 1)


def test_a_long_body_goes_ahead_in_pieces() -> None:
    body = bytes(range(256)) * 500
    *pieces, last = asks_for({"target": "/x", "body": body}, 7)
    assert b"".join(piece.arguments["data"] for piece in pieces) == body
    assert {piece.command for piece in pieces} == {"Upload"}
    assert {piece.arguments["upload"] for piece in pieces} == {b"7"}
    assert last == Ask("Schedule", {"upload": b"7", "target": b"/x"})


def test_long_json_and_long_forms_become_long_bodies() -> None:
    long = "é" * PIECE
    *pieces, last = asks_for({"target": "/x", "json": [long]}, 7)
    body = b"".join(piece.arguments["data"] for piece in pieces)
    assert json.loads(body) == [long]
    assert json.loads(last.arguments["headers"]) == [["Content-Type", "application/json"]]
    fields = {"target": "/x", "method": "POST", "data": {"a": long}, "headers": {"X": "y"}}
    *pieces, last = asks_for(fields, 7)
    assert b"".join(piece.arguments["data"] for piece in pieces) == b"a=" + b"%C3%A9" * PIECE
    assert json.loads(last.arguments["headers"]) == [
        ["X", "y"],
        ["Content-Type", "application/x-www-form-urlencoded"],
    ]


def _pack(jobs: list[dict[str, Any]], **defaults: Any) -> list[tuple[list[str], list[Ask]]]:
    ids = (f"id{number}" for number in count())
    return [tuple(one) for one in cartons(jobs, defaults, ids, count(1))]


def test_many_jobs_come_in_few_boxes_each_of_which_fits() -> None:
    jobs = [{"target": f"/{'é' * (n % 50)}/{n}"} for n in range(5000)]
    packed = _pack(jobs, user="alice", remove_on=[500])
    assert len(packed) <= 10
    found = []
    for ids, asks in packed:
        [call] = asks
        said = json.loads(call.arguments["jobs"])
        assert [one["id"] for one in said] == ids
        assert len(said) <= 1000
        assert len(call.arguments["jobs"]) <= LONGEST_VALUE
        assert json.loads(call.arguments["defaults"]) == {"user": "alice", "remove_on": "500"}
        pack_box(call.box(b"1"))
        found += [one["target"] for one in said]
    assert found == [job["target"] for job in jobs]


def test_a_long_one_among_many_goes_alone_and_in_order() -> None:
    body = b"\xff" * 100_000
    packed = _pack([{"target": "/1"}, {"target": "/2", "body": body}, {"target": "/3"}], user="al")
    assert [ids for ids, _ in packed] == [["id0"], ["id1"], ["id2"]]
    assert [asks[-1].command for _, asks in packed] == [
        "ScheduleMany", "Schedule", "ScheduleMany",
    ]  # fmt: skip
    last = packed[1][1][-1].arguments
    assert last == {"upload": b"1", "target": b"/2", "user": b"al", "id": b"id1"}


def test_bytes_in_json_are_base64() -> None:
    [(_, [call])] = _pack([{"target": "/1", "body": b"\xff\x00"}, {"target": "/2", "body": "é"}])
    first, second = json.loads(call.arguments["jobs"])
    assert base64.b64decode(first["body64"]) == b"\xff\x00"
    assert "body" not in first
    assert second["body"] == "é"
