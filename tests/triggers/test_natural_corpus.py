"""``when=`` against what DateTime::Format::Natural answers."""

from __future__ import annotations

import pytest

from jqengine.errors import PastInstant
from jqengine.triggers.when import resolve_when
from tests.triggers.natural_corpora import NATURAL_NOW, instant, rows, wall

NOW = instant(NATURAL_NOW, "UTC")


def answer(text: str) -> str:
    try:
        return wall(resolve_when(text, NOW, "UTC"), "UTC")
    except PastInstant:
        return "past"


@pytest.mark.parametrize(("text", "expected"), rows("natural.tsv"))
def test_every_row_of_the_corpus(text: str, expected: str) -> None:
    assert answer(text) == expected


@pytest.mark.parametrize("change", [str.upper, str.title, str.capitalize])
def test_capitals_do_not_matter(change: object) -> None:
    assert callable(change)
    for text, expected in rows("natural.tsv"):
        assert answer(change(text)) == expected, change(text)


def test_blanks_do_not_matter() -> None:
    for text, expected in rows("natural.tsv"):
        assert answer("  " + text.replace(" ", " \t ") + "\n") == expected, text


def test_texts_held_back_from_the_grammar() -> None:
    held_back = rows("natural_held_back.tsv")
    agreeing = [text for text, expected in held_back if answer(text) == expected]
    assert len(held_back) == 100
    assert len(agreeing) >= 97, {text for text, _ in held_back} - {*agreeing}
