"""Words, times of day, dates and numbers, before any grammar."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from jqengine.errors import BadSchedule
from jqengine.triggers.natural_tokens import sentence
from jqengine.triggers.natural_values import Span, Stamp
from jqengine.triggers.natural_words import lexicon

HALF_A_SECOND = datetime(2030, 12, 31, 9, 15, 1, 500_000)
WORDS = lexicon(["at", "@", ",", "-", "+", "and", "in", "from", "o'clock"])


def kinds(text: str) -> list[dict[str, object]]:
    """What each word can be, but for itself."""
    tokens = sentence(text, WORDS).tokens
    return [{key: value for key, value in one.senses.edges if value is not None} for one in tokens]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("17:30", "CLOCK", time(17, 30)),
        ("7:05:09", "CLOCK", time(7, 5, 9)),
        ("7:05:09.25", "CLOCK", time(7, 5, 9, 250_000)),
        ("17.30", "CLOCK", time(17, 30)),
        ("17h30", "CLOCK", time(17, 30)),
        ("5pm", "CLOCK", time(17)),
        ("5 P.M.", "CLOCK", time(17)),
        ("12am", "CLOCK", time(0)),
        ("12:15 a.m", "CLOCK", time(0, 15)),
        ("06.56.06 am", "CLOCK", time(6, 56, 6)),
        ("06:56:06.001pm", "CLOCK", time(18, 56, 6, 1000)),
        ("31.12.2030", "DATE", date(2030, 12, 31)),
        ("31/12/30", "DATE", date(2030, 12, 31)),
        ("2030-12-31", "DATE", date(2030, 12, 31)),
        ("2030-dec-31", "DATE", date(2030, 12, 31)),
        ("4-jan-2031", "DATE", date(2031, 1, 4)),
        ("21st", "DAYTH", 21),
        ("112th", "ORDINAL", 112),
        ("2h30m", "SPAN", Span(0, 0, 9000.0)),
        ("1.5d", "SPAN", Span(0, 1, 43200.0)),
        ("1y2w", "SPAN", Span(12, 14, 0.0)),
        ("250ms", "SPAN", Span(0, 0, 0.25)),
        ("1.5", "NUMBER", 1.5),
        ("2030", "YEAR", 2030),
        ("0830", "FOUR", "0830"),
        ("twenty-five", "NUMBER", 25),
        ("thirty first", "DAYTH", 31),
        ("2030-12-31T09", "STAMP", Stamp(datetime(2030, 12, 31, 9), None)),
        ("2030T09", "STAMP", Stamp(datetime(2030, 1, 1, 9), None)),
        ("2030-06T09:15", "STAMP", Stamp(datetime(2030, 6, 1, 9, 15), None)),
        ("2030-12-31T09:15:01.5-0530", "STAMP", Stamp(HALF_A_SECOND, -19800)),
        ("2030-12-31T09:15:01,5+05", "STAMP", Stamp(HALF_A_SECOND, 18000)),
        ("20301231T091501Z", "STAMP", Stamp(datetime(2030, 12, 31, 9, 15, 1), 0)),
        ("20301231091501", "STAMP", Stamp(datetime(2030, 12, 31, 9, 15, 1), None)),
    ],
)  # fmt: skip
def test_one_word(text: str, kind: str, value: object) -> None:
    (word,) = kinds(text)
    assert word[kind] == value


def test_a_number_is_what_it_can_be() -> None:
    assert kinds("7 24 31 32 1899 1900") == [
        {"NUMBER": 7, "HOUR": 7, "DAYNUMBER": 7},
        {"NUMBER": 24, "DAYNUMBER": 24},
        {"NUMBER": 31, "DAYNUMBER": 31},
        {"NUMBER": 32},
        {"NUMBER": 1899, "FOUR": "1899"},
        {"NUMBER": 1900, "FOUR": "1900", "YEAR": 1900},
    ]


def test_dots_after_at_are_a_time() -> None:
    assert kinds("at 17.00.00")[1] == {"CLOCK": time(17)}


@pytest.mark.parametrize("text", ["Jan. 5", "mon., tue."])
def test_a_stop_after_a_word_is_no_word(text: str) -> None:
    assert [one.text for one in sentence(text, WORDS).tokens] == text.lower().replace(
        ".", ""
    ).replace(",", " ,").split()


@pytest.mark.parametrize(
    ("text", "zone", "offset"),
    [
        ("9:00 Europe/Paris", "Europe/Paris", None),
        ("Etc/GMT+3 9:00", "Etc/GMT+3", None),
        ("America/Argentina/Buenos_Aires at 5", "America/Argentina/Buenos_Aires", None),
        ("9:00 utc", "UTC", None),
        ("9:00Z", "UTC", None),
        ("9:00:15 z", "UTC", None),
        ("9:00 +01:00", None, 3600),
        ("9:00-0330", None, -12600),
    ],
)
def test_a_zone_is_taken_out(text: str, zone: str | None, offset: int | None) -> None:
    words = sentence(text, WORDS)
    assert (words.zone and words.zone.name, words.offset) == (zone, offset)
    assert all("/" not in token.text for token in words.tokens)


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("at asdf", "'asdf' is not understood", 3),
        ("at ASDF", "'ASDF' is not understood", 3),
        ("99:99", "'99:99' is not a time of day", 0),
        ("in 13pm", "'13pm' is not a time of day", 3),
        ("0am", "'0am' is not a time of day", 0),
        ("24:00", "'24:00' is not a time of day", 0),
        ("6:5", "'6:5' is not a time of day", 0),
        ("6:30:61", "'6:30:61' is not a time of day", 0),
        ("123:45", "'123:45' is not a time of day", 0),
        ("22th", "'22th' is not an ordinal; expected 22nd", 0),
        ("11st", "'11st' is not an ordinal; expected 11th", 0),
        ("1/3", "'1/3' has no certain order; name the month, as in 3 january", 0),
        ("31.02.2030", "'31.02.2030' is not a date: there is no 31 February 2030", 0),
        ("12/25/2030", "'12/25/2030' is not a date: there is no month 25", 0),
        ("123.1.2030", "'123.1.2030' is not a date; expected one like 31.12.2030 or 2030-12-31", 0),
        ("4-xyz-2030", "'4-xyz-2030' is not a date: there is no month 0", 0),
        ("2030-12-31T25:00", "'2030-12-31t25:00' is not a date and time", 0),
        ("2030-12-31T09:00+99:00", "'+99:00' is not an offset from UTC", 0),
        ("9:00 +99:00", "'+99:00' is not an offset from UTC", 5),
        ("9:00 UTC Europe/Paris", "'Europe/Paris' is a second time zone", 9),
        ("9:00 +01:00 UTC", "'UTC' is a second time zone", 12),
        ("in 9999999999", "9999999999 is out of range", 3),
        ("9:00 Europe/Pari", "there is no time zone 'Europe/Pari'; did you mean Europe/Paris", 5),
        ("in 1/x/3", "'/x/3' is not understood", 4),
        ("in \u0663", "'\u0663' is not understood", 3),
        ("at \0", "'\\x00' is not understood", 3),
        ("at a\x1fb", "'a' is not understood", 3),
        ("1e5", "'e' is not understood", 1),
    ],
)  # fmt: skip
def test_a_refusal_says_what_and_where(text: str, message: str, position: int) -> None:
    with pytest.raises(BadSchedule) as refusal:
        sentence(text, WORDS)
    assert str(refusal.value).startswith(message)
    assert refusal.value.position == position
