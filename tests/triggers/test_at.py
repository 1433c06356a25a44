"""``at=`` against what at(1) 3.2.5 answers."""

from __future__ import annotations

import pytest

from jqengine.errors import BadSchedule, BadValue, PastInstant
from jqengine.triggers.at import resolve_at
from jqengine.triggers.atforms import (
    DEVIATIONS,
    EXAMPLE_NOW,
    EXAMPLE_ZONE,
    FORMS,
    AtForm,
    Deviation,
)
from tests.triggers.natural_corpora import instant, rows, wall

NOW = instant("2006-11-24T01:13:08", "UTC")

# The rows of the corpus in which at(1) is wrong.  Each is a deviation with its
# reason and our answer, and is tried as one below.
WRONG_IN_AT = {
    ("feb 29", "2006-11-24T01:13:08"): "a day that does not exist becomes another",
    ("10:00 feb 29 2007", "2007-01-31T10:00:00"): "the same",
    ("now + 30 minutes", "2007-03-25T01:30:00"): "refused before a clock change",
    ("now + 90 minutes", "2007-10-28T01:30:00"): "150 minutes over a clock change",
}


def answer(text: str, zone: str, now: str) -> str:
    """Our answer, as the corpus writes it."""
    try:
        return wall(resolve_at(text, instant(now, zone), zone), zone)
    except BadSchedule:
        return "refused"


@pytest.mark.parametrize(("text", "zone", "now", "expected"), rows("at.tsv"))
def test_every_row_of_the_corpus(text: str, zone: str, now: str, expected: str) -> None:
    if (text, now) in WRONG_IN_AT:
        assert answer(text, zone, now) != expected
    else:
        assert answer(text, zone, now) == expected


def test_every_row_that_differs_is_a_documented_deviation() -> None:
    assert WRONG_IN_AT.keys() <= {(one.text, one.now) for one in DEVIATIONS}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.pattern)
def test_every_example_of_the_reference(form: AtForm) -> None:
    assert form.examples
    for text, expected in form.examples:
        assert answer(text, EXAMPLE_ZONE, EXAMPLE_NOW) == expected


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda one: f"{one.text} {one.zone}")
def test_every_deviation(deviation: Deviation) -> None:
    assert answer(deviation.text, deviation.zone, deviation.now) == (deviation.ours or "refused")
    assert deviation.theirs != deviation.ours


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("tomorrow asdf", "'asdf' is not understood", 9),
        ("99:99", "'99:99' is not a time of day", 0),
        ("noon 25:00", "'25:00' is not understood here; expected nothing more", 5),
        ("13pm", "'13pm' is not a time of day", 0),
        ("13 pm jul 4", "'13 pm' is not a time of day", 0),
        ("2460", "'2460' is not a time of day", 0),
        ("8", "'8' is not understood here; expected a time of day such as 08:00 or a date such as"
         " jul 4", 0),
        ("", "expected a time of day or a date instead of nothing", 0),
        ("   ", "expected a time of day or a date instead of nothing", 3),
        ("next", "expected a weekday or a unit such as week at the end", 4),
        ("now + days", "'days' is not understood here; expected a number", 6),
        ("now + 3", "expected a unit such as minutes or days at the end", 7),
        ("noon noon", "'noon' is not understood here; expected nothing more", 5),
        ("2006-13-01", "there is no month 13", 0),
        ("jan 32", "January has no day 32", 4),
        ("feb 30", "February has no day 30", 4),
        ("feb 29", "there is no 29 February 2007", None),
        ("jul 4 200", "the year 200 has neither 2 nor 4 digits", None),
        ("12/25", "expected / and a year at the end", 5),
        ("now + 99999999999 years", "that is out of range; expected a year before 9999", None),
        ("now + 9999999999999 years", "9999999999999 is out of range", 6),
        ("jan 1 9999", "that is out of range; expected a year before 9999", None),
        ("\u0661\u0662:\u0660\u0660", "'\u0661\u0662:\u0660\u0660' is not understood", 0),
        ("\uff11\uff16:00", "'\uff11\uff16:00' is not understood", 0),
        ("noon\0", "'\\x00' is not understood", 4),
        ("\u017fat", "'\u017fat' is not understood", 0),
    ],
)  # fmt: skip
def test_a_refusal_says_what_and_where(text: str, message: str, position: int | None) -> None:
    with pytest.raises(BadSchedule) as refusal:
        resolve_at(text, NOW, "UTC")
    assert str(refusal.value) == message
    assert refusal.value.position == position
    assert refusal.value.text == text


def test_what_is_past_is_refused_with_its_distance() -> None:
    with pytest.raises(PastInstant, match=r"^that was 13 minutes ago$"):
        resolve_at("1am today", NOW, "UTC")
    with pytest.raises(PastInstant, match=r"^that was 6 years ago$"):
        resolve_at("jul 4 2000", NOW, "UTC")


@pytest.mark.parametrize("text", ["now", "NOW", "today", "nov 24", "01:13 today", "now + 0 hours"])
def test_the_minute_under_way_is_now(text: str) -> None:
    assert resolve_at(text, NOW, "UTC") == NOW - 8


@pytest.mark.parametrize(
    ("joined", "spaced"),
    [
        ("4pm+3days", "4pm + 3 days"),
        ("noontomorrow", "noon tomorrow"),
        ("10amjul31,2007", "10am jul 31, 2007"),
        ("NOON\tTomorrow\n", "noon tomorrow"),
    ],
)
def test_blanks_and_capitals_do_not_matter(joined: str, spaced: str) -> None:
    assert resolve_at(joined, NOW, "UTC") == resolve_at(spaced, NOW, "UTC")


def test_a_megabyte_is_refused_unless_it_is_blanks() -> None:
    assert resolve_at(" " * 1_000_000 + "noon", NOW, "UTC") == resolve_at("noon", NOW, "UTC")
    with pytest.raises(BadSchedule, match="at most 200 characters"):
        resolve_at("noon " * 200_000, NOW, "UTC")


def test_an_unknown_zone_is_a_bad_value() -> None:
    with pytest.raises(BadValue, match="there is no time zone 'Mars'"):
        resolve_at("noon", NOW, "Mars")
