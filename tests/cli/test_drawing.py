"""The picture: what is in it, that nothing overlaps, that nothing in it can do harm."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jqengine.commandline.drawing.axis import ticks, weekends
from jqengine.commandline.drawing.marks import Often, told_apart
from jqengine.commandline.drawing.svg import element, fitted, text_width, words, wrapped
from jqengine.triggers.localtime import zone_named
from tests.cli.conftest import Run

SVG = "{http://www.w3.org/2000/svg}"
PARIS = zone_named("Europe/Paris")


class Label(NamedTuple):
    """A text of the picture and about where it is."""

    said: str
    left: float
    right: float
    top: float
    bottom: float


class Picture:
    """A picture, parsed."""

    def __init__(self, text: str) -> None:
        self.root = ElementTree.fromstring(text)
        self.width, self.height = (float(self.root.attrib[one]) for one in ("width", "height"))

    def all(self, name: str, kind: str | None = None) -> list[ElementTree.Element]:
        found = self.root.iter(SVG + name)
        return [one for one in found if kind in (None, *one.get("class", "").split())]

    @property
    def labels(self) -> list[Label]:
        return [self._label(one) for one in self.all("text")]

    def _label(self, one: ElementTree.Element) -> Label:
        said, size = one.text or "", float(one.attrib["font-size"])
        x, y, width = float(one.attrib["x"]), float(one.attrib["y"]), text_width(said, size) * 0.93
        left = (
            x - {"start": 0.0, "middle": width / 2, "end": width}[one.get("text-anchor", "start")]
        )
        return Label(said, left, left + width, y - size * 0.8, y + size * 0.2)

    def said(self) -> list[str]:
        return [label.said for label in self.labels]


@pytest.fixture
def picture(run: Run, tmp_path: Path) -> Callable[..., Picture]:
    def draw(text: str, *arguments: str) -> Picture:
        (tmp_path / "jobs.tab").write_text(text, "utf-8")
        outcome = run("preview", "jobs.tab", "--svg", "out.svg", *arguments)
        assert outcome == (0, "", "")
        return Picture((tmp_path / "out.svg").read_text("utf-8"))

    return draw


FIVE = """\
*/5 * * * * - /poll
0 3 * * 1-5 alice POST /reports --name=nightly
@daily bob /digest
30 2 * * * - /backup
@every 90s - /heartbeat
"""


def many(number: int) -> str:
    """Jobs that pile up at 2, 3 and 4 in the morning, and some that are due all day."""
    lines = []
    for n in range(number):
        kind = n % 5
        time = ("0 3 * * *", f"{n % 60} 2 * * *", "@daily", f"{n % 60} * * * *", "*/5 4 * * *")[
            kind
        ]
        lines.append(f"{time} - /area/{n} --name=job-{n}-with-a-long-name-for-its-column\n")
    return "".join(lines)


PICTURES = [
    (FIVE, ("--start", "2026-11-24T10:00")),
    (FIVE, ("--start", "2027-03-27T12:00")),
    (FIVE, ("--start", "2026-10-24T12:00", "--days", "2")),
    ("30 2 * * * - /a\n15 2 * * 0 - /b\n", ("--start", "2026-10-24T12:00", "--days", "800")),
    (FIVE, ("--days", "12")),
    (many(45), ("--start", "2026-11-24", "--days", "4")),
    (many(500), ("--start", "2027-03-28")),
    (many(60), ("--start", "2027-03-24", "--days", "16")),
    ("@daily - /a --tz=Europe/Paris\n@daily - /b --tz=America/New_York\n"
     "15 2 * * * - /c --tz=Australia/Lord_Howe\n30 2 * * * - /d --tz=Africa/Casablanca\n",
     ("--days", "366")),
    ("", ()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "arguments"), PICTURES)
def test_nothing_is_in_the_way_of_words(
    picture: Callable[..., Picture], text: str, arguments: tuple[str, ...]
) -> None:
    drawn = picture(text, *arguments)
    labels = sorted(drawn.labels, key=lambda label: label.top)
    for number, one in enumerate(labels):
        assert one.left >= 20
        assert one.right <= drawn.width - 20
        assert one.top >= 0
        assert one.bottom <= drawn.height
        below = takewhile(lambda other, end=one.bottom: other.top < end, labels[number + 1 :])
        for other in below:
            assert other.left >= one.right or one.left >= other.right, (one, other)
    flags = [one for one in labels if " → " in one.said]
    for pole in drawn.all("line", "change"):
        x, top = float(pole.attrib["x1"]), float(pole.attrib["y1"])
        for flag in flags:
            assert not (flag.left < x < flag.right and top < flag.bottom - 2), (pole, flag)


def test_five_jobs_have_a_row_each_with_name_schedule_and_times(
    picture: Callable[..., Picture],
) -> None:
    said = picture(FIVE + "@reboot - /warm\n0 0 1 1 * - /rare\n", "--start", "2026-11-24").said()
    for title, schedule, times in (
        ("GET /heartbeat", "@every 90s", "959"),
        ("GET /poll", "*/5 * * * *", "288"),
        ("GET /digest", "@daily", "1"),
        ("GET /backup", "30 2 * * *", "1"),
        ("nightly", "0 3 * * 1-5", "1"),
    ):
        place = said.index(title)
        assert said[place : place + 3] == [title, schedule, times]
    assert (
        "5 jobs, due 1,250 times, from Tue 24 Nov 2026 00:00 to Wed 25 Nov 2026 00:00,"
        in " ".join(said)
    )
    assert "Not due in this time: GET /rare." in said
    assert "Due when the engine starts: GET /warm." in said


def test_rows_are_in_the_order_in_which_jobs_are_first_due(
    picture: Callable[..., Picture],
) -> None:
    text = "0 5 * * * - /e\n0 1 * * * - /a\n0 3 * * * - /c\n0 1 * * * - /b\n"
    said = picture(text, "--start", "2026-11-24").said()
    assert [one for one in said if one.startswith("GET")] == [
        "GET /a",
        "GET /b",
        "GET /c",
        "GET /e",
    ]


def test_a_clock_change_is_a_line_and_says_in_words_what_it_does(
    picture: Callable[..., Picture],
) -> None:
    drawn = picture(FIVE, "--start", "2027-03-27T12:00")
    assert "the clock goes forward: 02:00 → 03:00, Europe/Paris" in drawn.said()
    assert "02:30 does not exist: due at 03:00 instead" in drawn.said()
    assert "1 job meets a clock change." in drawn.said()
    assert len(drawn.all("line", "change")) == 2  # and one in the legend
    assert len(drawn.all("path", "met")) == 2


def test_pile_ups_are_dark_and_the_largest_say_how_large_and_when(
    picture: Callable[..., Picture],
) -> None:
    drawn = picture("0 3 * * * - /a\n" + many(500), "--start", "2026-11-24T01:00")
    said = drawn.said()
    assert "Busiest: 101 jobs at once, Tue 24 Nov 2026 03:00." in said
    assert "101 at 03:00" in said
    assert "5 or more jobs at one instant" in said
    assert drawn.all("path", "pile")
    assert not picture(FIVE, "--start", "2026-11-24").all("path", "pile")


def test_what_is_due_too_often_is_a_stretch_and_the_rest_are_strokes(
    picture: Callable[..., Picture],
) -> None:
    drawn = picture("* * * * * - /x\n0 3,9 * * * - /y\n", "--start", "2026-11-24")
    widths = [float(one.attrib["width"]) for one in drawn.all("rect", "often")]
    assert max(widths) > 700
    strokes = [one.attrib["d"].count("M") for one in drawn.all("path", "due")]
    assert 2 in strokes


HOSTILE = [
    "</text><script>alert(1)</script>",
    "\" onload=\"alert(1)",
    "]]>&lt;&#60;<!--",
    "${alert}{{7*7}}\u202eevil\ufffd",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_words_and_nothing_else(
    picture: Callable[..., Picture], name: str
) -> None:
    if not name.isprintable():
        name = "".join(one for one in name if one.isprintable())
    quoted = "'" + name.replace("'", "") + "'"
    drawn = picture(f"@daily - /x --name={quoted}\n@reboot - '/a<b>\"' --name={quoted}2\n")
    known = {"svg", "title", "style", "rect", "g", "text", "line", "path"}
    assert {one.tag.removeprefix(SVG) for one in drawn.root.iter()} <= known
    assert not [key for one in drawn.root.iter() for key in one.attrib if key.startswith("on")]
    titles = "".join(one.text or "" for one in drawn.all("title"))
    assert name in titles


def test_a_picture_refers_to_nothing_outside(picture: Callable[..., Picture]) -> None:
    drawn = picture(FIVE)
    text = ElementTree.tostring(drawn.root, "unicode").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|url\(|@import|href", text)


@given(st.text())
def test_any_text_is_well_formed_and_comes_back_but_for_what_xml_cannot_hold(text: str) -> None:
    parsed = ElementTree.fromstring(element("a", words(text), b=text).encode("utf-8"))
    wanted = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", "\ufffd", text)
    assert (parsed.text or "") == wanted.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize(
    ("start", "days", "first", "last", "above"),
    [
        ("2026-11-24T10:00", 1, "12:00", "09:00", ["Tuesday 24 November 2026"]),
        ("2026-11-24T10:00", 2, "12:00", "06:00", ["Tuesday 24 November 2026"]),
        ("2026-11-24", 4, "00:00", "12:00", ["Tue 24 Nov 2026", "Wed 25 Nov 2026"]),
        ("2026-11-24", 12, "Tue 24", "Sat 5", ["November 2026", "December 2026"]),
        ("2026-11-24", 30, "24", "23", ["November 2026", "December 2026"]),
        ("2026-11-24", 100, "30 Nov", "1 Mar", ["2026", "2027"]),
        ("2026-11-24", 366, "Dec", "Nov", ["2026", "2027"]),
        ("2026-11-24", 1200, "Jan", "Jan", ["2027", "2028", "2029", "2030"]),
        ("2026-11-24", 3660, "2027", "2036", []),
    ],
)
def test_the_divisions_of_the_axis(
    start: str, days: int, first: str, last: str, above: list[str]
) -> None:
    begin = PARIS.instant(datetime.fromisoformat(start))
    found = ticks(begin, begin + days * 86400, PARIS)
    assert (found[0].label, found[-1].label) == (first, last)
    assert [tick.above for tick in found if tick.above][: len(above)] == above
    assert 3 <= len(found) <= 31
    instants = [tick.instant for tick in found]
    assert instants == sorted(set(instants))
    assert begin <= instants[0] <= instants[-1] < begin + days * 86400


def test_weekends_are_those_of_the_zone_and_end_with_the_stretch() -> None:
    start = PARIS.instant(datetime(2027, 3, 27, 12))
    end = PARIS.instant(datetime(2027, 3, 28, 18))
    middle = PARIS.instant(datetime(2027, 3, 28))
    assert weekends(start, end, PARIS) == [(start, middle), (middle, end)]
    assert weekends(start, start + 400 * 86400, PARIS) == []


@pytest.mark.parametrize(
    ("marks", "single", "often"),
    [
        ([], [], []),
        ([1], [1], []),
        ([1, 2], [1, 2], []),
        ([1, 2, 3], [], [Often(1, 3)]),
        ([1, 2, 3, 9, 20, 21, 22, 23], [9], [Often(1, 3), Often(20, 23)]),
    ],
)
def test_marks_that_cannot_be_told_apart(
    marks: list[float], single: list[float], often: list[Often]
) -> None:
    assert told_apart(marks, 4) == (single, often)


def test_words_are_cut_and_wrapped_to_their_room() -> None:
    assert fitted("short", 100, 10) == "short"
    cut = fitted("a name that is much too long for it", 100, 10)
    assert cut.endswith("…")
    assert text_width(cut, 10) <= 100
    assert text_width(fitted("日本語の名前はとても長い", 60, 10), 10) <= 60
    rows = wrapped("one two three four five six", 60, 10)
    assert " ".join(rows) == "one two three four five six"
    assert all(text_width(row, 10) <= 60 for row in rows)
