"""Small texts that users write, and the ids that sort by time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jqengine.errors import BadValue
from jqengine.identity import ID_LENGTH, IdFactory
from jqengine.units import (
    Backoff,
    StatusSet,
    format_duration,
    parse_duration,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90), ("90s", 90), ("15m", 900), ("1h30m", 5400), ("10 minutes", 600),
        ("2 hours and 5 minutes", 7500), ("1.5h", 5400), ("250ms", 0.25), ("0", 0),
        ("1 Week, 2 days", 777600), (" 5 SECS ", 5),
    ],
)  # fmt: skip
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", " ", "s", "-5s", "5 parsecs", "5s5", "1h 30", "\u0663s", "5e3", "nan", "200 years",
     "9" * 400, "1 month", "5s\x00"],
)  # fmt: skip
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse_duration(text)
    assert len(str(caught.value)) < 600
    assert "\n" not in str(caught.value)


@given(st.floats(0, 1e8))
def test_a_shown_duration_is_near_the_truth_and_is_read_again(seconds: float) -> None:
    shown = parse_duration(format_duration(seconds))
    assert shown == pytest.approx(seconds, rel=0.05, abs=0.0006)


@pytest.mark.parametrize(
    ("text", "size"),
    [("4096", 4096), ("16MiB", 16 * 2**20), ("64k", 65536), ("1.5 GB", 1_500_000_000), ("0", 0)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "k", "-1", "1 TB", "1e3", "16 mi b"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(BadValue, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "shown", "inside", "outside"),
    [
        ("0,400-599", "0,400-599", [0, 400, 599], [1, 399, 600, 1000]),
        (" 503 , 410 ", "410,503", [410, 503], [411, 0]),
        ("400-450,440-499", "400-499", [450, 499], [500]),
        ("never", "never", [], [0, 200, 500, 999]),
        ("0-999", "0-999", [0, 999], [1000, -1]),
    ],
)
def test_status_sets(text: str, shown: str, inside: list[int], outside: list[int]) -> None:
    found = StatusSet.parse(text)
    assert str(found) == shown
    assert StatusSet.parse(shown) == found
    assert all(status in found for status in inside)
    assert not any(status in found for status in outside)


@pytest.mark.parametrize(
    "text", ["", "5xx", "500-400", "1000", "-1", "500,", "4 00", "\u0665\u0660\u0660"]
)
def test_what_is_no_status_set(text: str) -> None:
    with pytest.raises(BadValue, match="is not a list of statuses"):
        StatusSet.parse(text)


@given(st.lists(st.tuples(st.integers(0, 999), st.integers(0, 50)), min_size=1, max_size=8))
def test_a_status_set_holds_what_its_ranges_say(pairs: list[tuple[int, int]]) -> None:
    ranges = [(low, min(low + more, 999)) for low, more in pairs]
    found = StatusSet.parse(",".join(f"{low}-{high}" for low, high in ranges))
    for status in range(-1, 1001):
        assert (status in found) == any(low <= status <= high for low, high in ranges)


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("2s..10m", [1.0, 2.0, 4.0, 8.0]),
        ("30s", [30.0, 30.0, 30.0, 30.0]),
        ("none", [0.0, 0.0, 0.0, 0.0]),
        ("1s..2s", [0.5, 1.0, 1.0, 1.0]),
    ],
)
def test_backoffs(text: str, waits: list[float]) -> None:
    backoff = Backoff.parse(text)
    assert str(backoff) == text
    assert [backoff.wait(attempt, 0.5) for attempt in range(1, 5)] == waits


def test_a_backoff_stays_within_its_cap_for_ever() -> None:
    assert Backoff(1.0, 600.0).wait(100_000, 0.999) <= 600


@pytest.mark.parametrize("text", ["", "soon", "10m..2s", "0s..5s", "2s..", "..2s", "2s...5s"])
def test_what_is_no_backoff(text: str) -> None:
    with pytest.raises(BadValue):
        Backoff.parse(text)


def test_ids_sort_by_time_even_when_the_clock_steps_back() -> None:
    new_id = IdFactory(lambda bits: 5)
    ids = [new_id(now) for now in (1.8e9, 1.8e9, 1.8e9 - 3600, 1.8e9 + 0.001)]
    assert ids == sorted(set(ids))
    assert {len(one) for one in ids} == {ID_LENGTH}


def test_ids_of_two_factories_differ() -> None:
    assert IdFactory(lambda bits: 1)(1.8e9) != IdFactory(lambda bits: 2)(1.8e9)
