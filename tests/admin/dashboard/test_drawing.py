"""The pictures: what they show, and that nothing in them can do harm."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from jqengine.admin.dashboard.drawing.axis import clock_changes, ticks
from jqengine.admin.dashboard.drawing.sparkline import sparkline
from jqengine.admin.dashboard.drawing.strip import CELL, Cell, bars, strip
from jqengine.admin.dashboard.drawing.timeline import (
    Bar,
    Due,
    Timeline,
    bar_height,
    draw,
    labelled,
    stacks,
)
from tests.admin.hostile import ALL

PARIS = "Europe/Paris"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=ZoneInfo(PARIS)).timestamp()
HOUR, DAY = 3600.0, 86400.0


def parsed(picture: Markup) -> ET.Element:
    """The picture as a tree; a style attribute would be refused by the browser."""
    assert "style=" not in picture
    return ET.fromstring(str(picture))


def a_timeline(bars: list[Bar] | None = None, due: list[Due] | None = None) -> Timeline:
    return Timeline(now=NOON, span=HOUR, zone=PARIS, bars=bars or [], due=due or [])


def test_a_run_is_where_and_as_wide_as_it_was() -> None:
    bar = Bar(NOON - 1800, 360, "ran", "nightly: 200", "/runs/1")
    (shown,) = parsed(draw(a_timeline([bar]))).iter("rect")
    assert shown.get("x") == "25%"
    assert shown.get("width") == "5%"
    assert shown.get("class") == "ran"
    assert shown.findtext("title") == "nightly: 200"


def test_a_brief_run_can_be_seen_and_none_passes_now() -> None:
    brief = Bar(NOON - 0.01, 0.001, "ran", "", "/runs/1")
    under_way = Bar(NOON - 1, 500, "running", "", "/runs/2")
    for shown in parsed(draw(a_timeline([brief, under_way]))).iter("rect"):
        left, width = (float(shown.get(name, "").rstrip("%")) for name in ("x", "width"))
        assert width >= 0.2
        assert left + width <= 50.001


def test_what_failed_is_told_by_a_cross_and_lies_on_top() -> None:
    failed = Bar(NOON - 1800, 2, "failed", "", "/runs/1")
    ran = Bar(NOON - 1800, 2, "ran", "", "/runs/2")
    tree = parsed(draw(a_timeline([failed, ran])))
    assert [one.get("class") for one in tree.iter("rect")] == ["ran", "failed"]
    assert [one.text for one in tree.iter("text") if one.get("class") == "cross failed"] == [
        "\u00d7"
    ]


def test_runs_that_took_longer_are_higher() -> None:
    heights = [bar_height(seconds) for seconds in (0.0, 0.01, 0.1, 1, 60, 3600, 1e9)]
    assert heights == sorted(heights)
    assert heights[0] == heights[1]
    assert heights[-1] == heights[-2]


def test_pile_ups_are_stacks_with_their_number() -> None:
    due = [Due(NOON + 600, f"job {n}", "/jobs/1") for n in range(7)]
    due.append(Due(NOON + 1200, "alone", "/jobs/2"))
    due += [Due(NOON + 1800 + n, "near one another", "/jobs/3") for n in range(6)]
    found = stacks(a_timeline(due=due))
    assert [(one.slot, len(one.due), one.at_once) for one in found] == [
        (16, 7, 7), (33, 1, 1), (50, 6, 1),
    ]  # fmt: skip
    tree = parsed(draw(a_timeline(due=due)))
    assert len([one for one in tree.iter("rect") if one.get("class") == "due pile"]) == 7
    assert len([one for one in tree.iter("rect") if one.get("class") == "due"]) == 7
    assert [one.text for one in tree.iter("text") if one.get("class") == "count"] == ["7"]


def test_a_large_pile_up_stays_in_the_picture() -> None:
    due = [Due(NOON + 600, "x", "/jobs/1")] * 5000
    picture = draw(a_timeline(due=due))
    assert len(picture) < 10_000
    assert all(float(one.get("y", "0")) > 0 for one in parsed(picture).iter("rect"))


def test_ticks_are_round_times_of_the_wall_clock() -> None:
    assert [one.label for one in ticks(NOON - HOUR, NOON + HOUR, PARIS)] == [
        "11:00", "11:10", "11:20", "11:30", "11:40", "11:50",
        "12:00", "12:10", "12:20", "12:30", "12:40", "12:50",
    ]  # fmt: skip


@pytest.mark.parametrize("span", [60, 600, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY])
def test_there_are_some_ticks_and_not_too_many(span: float) -> None:
    found = ticks(NOON - span, NOON + span, PARIS)
    assert 1 <= len(found) <= 15
    assert [one.instant for one in found] == sorted({one.instant for one in found})


def test_midnight_is_called_by_its_day() -> None:
    assert "Wed 25" in [one.label for one in ticks(NOON, NOON + DAY, PARIS)]


@pytest.mark.parametrize(
    ("year", "month", "day", "hour", "seconds"),
    [(2026, 3, 29, 3, 3600), (2026, 10, 25, 2, -3600)],
)
def test_changes_of_the_clock(year: int, month: int, day: int, hour: int, seconds: float) -> None:
    zone = ZoneInfo(PARIS)
    start = datetime(year, month, day, tzinfo=zone).timestamp()
    (change,) = clock_changes(start, start + DAY, PARIS)
    assert change.seconds == seconds
    wall = datetime.fromtimestamp(change.instant, zone)
    assert (wall.day, wall.hour, wall.minute, wall.second) == (day, hour, 0, 0)
    timeline = Timeline(now=start, span=DAY, zone=PARIS, bars=[], due=[])
    way = "forward" if seconds > 0 else "back"
    assert f"clock {way} 1 h" in draw(timeline)


def test_no_change_where_there_is_none() -> None:
    assert clock_changes(NOON - DAY, NOON + DAY, PARIS) == []


def test_a_strip_ends_at_the_right_and_tells_outcomes_by_height() -> None:
    cells = [
        Cell(one, one, "/runs/1") for one in ("ran", "failed", "skipped", "waiting", "running")
    ]
    tree = parsed(strip(cells, 30, "5 runs"))
    shown = list(tree.iter("rect"))
    assert tree.get("aria-label") == "5 runs"
    assert float(shown[-1].get("x", "")) + CELL == float(tree.get("width", ""))
    assert len({one.get("height") for one in shown if one.get("class") != "running"}) == 4


def test_only_the_latest_cells_have_a_place() -> None:
    cells = [Cell("ran", str(n), "/runs/1") for n in range(50)]
    titles = [one.findtext("title") for one in parsed(strip(cells, 30, "")).iter("rect")]
    assert titles == [str(n) for n in range(20, 50)]


def test_bars_are_as_high_as_runs_took_long_and_lead_to_them() -> None:
    cells = [Cell("ran", "a", "/runs/1", 1.0), Cell("failed", "b", "/runs/2", 2.0)]
    tree = parsed(bars(cells))
    low, high = (float(one.get("height", "")) for one in tree.iter("rect"))
    assert low < high
    assert [one.get("href") for one in tree.iter("a")] == ["/runs/1", "/runs/2"]


@pytest.mark.parametrize(
    "drawn", [strip([], 30, ""), bars([]), sparkline([], ""), draw(a_timeline())]
)
def test_empty_pictures(drawn: Markup) -> None:
    assert parsed(drawn).tag == "svg"


def test_a_line_has_a_gap_where_nothing_is_known() -> None:
    (path,) = parsed(sparkline([1.0, 2.0, None, 4.0], "")).iter("path")
    assert len(re.findall("M", path.get("d", ""))) == 2


@pytest.mark.parametrize("text", ALL)
def test_nothing_that_is_drawn_gets_out_of_its_place(text: str) -> None:
    bar = Bar(NOON - 60, 5, "failed", text, "/runs/1")
    due = Due(NOON + 60, text, "/jobs/1")
    cell = Cell("ran", text, "/runs/1", 1.0)
    for picture in (draw(a_timeline([bar], [due])), strip([cell], 3, text), bars([cell])):
        tree = parsed(picture)
        assert {one.tag for one in tree.iter()} <= {
            "svg",
            "rect",
            "title",
            "a",
            "text",
            "line",
            "path",
        }
        allowed = {
            "class", "width", "height", "viewBox", "role", "aria-label", "aria-hidden",
            "focusable", "x", "y", "x1", "x2", "y1", "y2", "d", "href", "tabindex", "text-anchor",
        }  # fmt: skip
        assert {name for one in tree.iter() for name in one.attrib} <= allowed
        assert all(one.get("href", "/").startswith("/") for one in tree.iter())


def test_numbers_of_pile_ups_do_not_lie_on_one_another() -> None:
    due = [Due(NOON + 36 * n + 1, "x", "/jobs/1") for n in range(10) for _ in range(5 + n)]
    slots = [one.slot for one in labelled(stacks(a_timeline(due=due)))]
    assert slots == [9, 5, 1]
