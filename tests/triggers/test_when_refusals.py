"""Texts that mean nothing: no traceback, no past instant, nothing passed over in silence."""

from __future__ import annotations

import random
import time
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jqengine.errors import BadSchedule
from jqengine.triggers.when import _lexicon, when_trigger
from tests.triggers.natural_corpora import CORPUS, instant, rows
from tests.triggers.strategies import ALL_ZONES

PARIS = "Europe/Paris"
NOW = instant("2026-11-24T10:30:00", PARIS)
WORDS = sorted(_lexicon())

FOREIGN = [
    "", " ", "\x09\x0a", "\x00", "noon\x00", "\x00noon", "no\x00on", "noon\x1b[31m",
    "tomorrow\x7f", "\x1fnoon", "\u0665 pm", "in \u0665 minutes", "\uff11\uff17:\uff10\uff10",
    "tomorrow at \uff11\uff17:00", "\u0968\u0966\u0968\u096d-\u0966\u0967-\u0966\u0967",
    "\u2169\u2161 pm", "in \xb2 days", "ma\xf1ana", "demain",
    "\u0437\u0430\u0432\u0442\u0440\u0430", "\u660e\u65e5", "no\u03bfn", "\u017funday",
    "wee\u212a", "noon\u200b", "noon\xa0", "tomorrow\u2028", "\ufeffnoon", "5\u202fpm",
    "\U0001d7d3 pm", "\U0001f600", "tomorrow \U0001f600", "a" * 150, "1" * 150, "9" * 199,
    "every " * 30, "x" * 1000000, "1" * 1000000, "noon " * 200000,
]  # fmt: skip
TEXTS = [*(CORPUS / "natural_malformed.txt").read_text().splitlines(), *FOREIGN]


def test_there_are_two_hundred_and_more() -> None:
    assert len({*TEXTS}) == len(TEXTS) >= 250


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text[:40]))
def test_a_malformed_text_is_refused(text: str) -> None:
    with pytest.raises(BadSchedule) as refusal:
        when_trigger(text, NOW, PARIS)
    assert 0 < len(str(refusal.value)) < 200
    assert refusal.value.position is None or 0 <= refusal.value.position <= len(text)


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("tomorrow asdf", "'asdf' is not understood", 9),
        ("tomorrow, Asdf at 5", "'Asdf' is not understood", 10),
        ("friday the 13th of never", "'never' is not understood", 19),
        ("noon noon", "'noon' is not understood here", 5),
        ("monday at 13:00 and 15:00", "'and' is not understood here", 16),
        ("every", "expected more after 'every'", 5),
        ("", "expected a time such as 'tomorrow at 8am' instead of nothing", None),
        ("feb 30", "February has no day 30", None),
        ("29 february 2027", "there is no 29 February 2027", None),
        ("monday, november 26", "26 November 2026 is a Thursday", None),
        ("6th friday of march", "there is no such day", None),
        ("every 0 days", "expected a number from 1 to 1000", None),
        ("in 8000 years", "that is out of range; expected a year before 9999", None),
        ("in 1.5 months", "months and years can only be counted in whole numbers", None),
        ("in 2 hours at 5pm",
         "hours and minutes from now leave no time of day to choose", None),
        ("every night at 12", "12:00 is not in the night", None),
        ("2st friday", "'2st' is not an ordinal; expected 2nd", 0),
    ],
)  # fmt: skip
def test_a_refusal_says_what_and_where(text: str, message: str, position: int | None) -> None:
    with pytest.raises(BadSchedule) as refusal:
        when_trigger(text, NOW, PARIS)
    assert (str(refusal.value), refusal.value.position) == (message, position)


@given(
    text=st.one_of(
        st.text(max_size=60),
        st.lists(st.sampled_from([*WORDS, "5", "17:30", "2027", "31st", "5pm"]), max_size=9).map(
            " ".join
        ),
    ),
    now=st.floats(0, 4e9).map(lambda value: round(value, 3)),
    zone=st.sampled_from(ALL_ZONES),
)
@example(text="every 29th of february", now=0.0, zone="UTC")
def test_whatever_is_said_the_answer_is_to_come(text: str, now: float, zone: str) -> None:
    try:
        trigger = when_trigger(text, now, zone)
    except BadSchedule:
        return
    due = trigger.next(now)
    assert due is not None
    assert due > now


def test_a_word_more_is_never_passed_over() -> None:
    dice = random.Random(3)
    for text, expected in rows("natural.tsv"):
        words = text.split()
        words.insert(dice.randint(0, len(words)), dice.choice(["asdf", "qux", "maybe", "xyzzy"]))
        with pytest.raises(BadSchedule, match="is not understood"):
            when_trigger(" ".join(words), NOW, "UTC")
        assert expected


@pytest.mark.parametrize(
    "text",
    [
        " " * 1_000_000,
        "noon" + " " * 1_000_000,
        "5" + " " * 1_000_000 + "pm",
        "1 day " * 33,
        "1 hour before " * 14 + "now",
        "every 1st" + " and 1st" * 20 + " of the month",
        "every day at 9" + " and 9" * 30,
        "1:" * 95,
        "1.1." * 48,
        "1h" * 95,
        "tomorrow " * 100_000,
    ],
    ids=lambda text: text.strip()[:20],
)
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()
    with suppress(BadSchedule):
        when_trigger(text, NOW, PARIS)
    assert time.process_time() - started < 0.25
