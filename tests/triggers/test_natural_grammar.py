"""The parser beneath the tables."""

from __future__ import annotations

import pytest

from jqengine.triggers.natural_grammar import Form, Grammar, Unread, expanded
from jqengine.triggers.natural_tokens import sentence
from jqengine.triggers.natural_values import Misfit, Nonsense
from jqengine.triggers.natural_words import lexicon


def say(*values: object) -> tuple[object, ...]:
    return values


def first_word(*values: object) -> str:
    return "first"


def nonsense(number: float) -> object:
    raise Nonsense(f"{number} is too much")


def misfit(number: float) -> object:
    raise Misfit("another form will do")


TABLES = {
    "START": (
        Form("go [to the|to] PLACE", "", say),
        Form("go NUMBER", "", nonsense),
        Form("stay NUMBER", "", misfit),
        Form("stay", "", first_word),
        Form("stay", "", say),
    ),
    "PLACE": (
        Form("tomorrow|noon", "", lambda: "place"),
        Form("WEEKDAY", "", lambda day: day),
        Form("WEEKDAY and PLACE", "", lambda day, place: (day, place)),
    ),
}
GRAMMAR = Grammar(TABLES)
WORDS = lexicon(GRAMMAR.words)


def read(text: str) -> object:
    return GRAMMAR.read(sentence(text, WORDS).tokens, "START")


def test_a_pattern_stands_for_all_its_rows() -> None:
    rows = [" ".join(row) for row in expanded("[on] the DAY|DAYTH [a b|c]")]
    assert rows == [
        "on the DAY a b", "on the DAY c", "on the DAY",
        "on the DAYTH a b", "on the DAYTH c", "on the DAYTH",
        "the DAY a b", "the DAY c", "the DAY",
        "the DAYTH a b", "the DAYTH c", "the DAYTH",
    ]  # fmt: skip


def test_values_come_from_kinds_and_categories_alone() -> None:
    assert read("go to the noon") == ("place",)
    assert read("go friday") == (4,)
    assert read("go to mon and tue and tomorrow") == ((0, (1, "place")),)


def test_the_earlier_of_two_forms_counts() -> None:
    assert read("stay") == "first"


@pytest.mark.parametrize(
    ("text", "index", "reason"),
    [
        ("go to the", 3, None),
        ("go noon noon", 2, None),
        ("noon", 0, None),
        ("go 7", 2, "7 is too much"),
        ("stay 7", 2, None),
        ("", 0, None),
    ],
)
def test_the_first_word_that_fits_nowhere_is_found(
    text: str, index: int, reason: str | None
) -> None:
    with pytest.raises(Unread) as unread:
        read(text)
    assert unread.value.index == index
    assert (str(unread.value.nonsense) if unread.value.nonsense else None) == reason


def test_the_words_of_the_patterns_are_known() -> None:
    assert GRAMMAR.words == {"go", "to", "the", "stay", "tomorrow", "noon", "and"}
