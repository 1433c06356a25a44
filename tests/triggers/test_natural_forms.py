"""The tables of forms: every example is true, every form is of use."""

from __future__ import annotations

import pytest

from jqengine.errors import BadSchedule
from jqengine.triggers import natural_forms, recurrence_forms
from jqengine.triggers.natural_forms import EXAMPLE_NOW, EXAMPLE_ZONE
from jqengine.triggers.natural_grammar import Form, expanded
from jqengine.triggers.natural_words import KINDS
from jqengine.triggers.when import when_trigger
from tests.triggers.natural_corpora import instant, wall

NOW = instant(EXAMPLE_NOW, EXAMPLE_ZONE)
TABLES = {**natural_forms.TABLES, **recurrence_forms.TABLES}
FORMS = [(name, form) for name, forms in TABLES.items() for form in forms]
EXAMPLES = [example for _, form in FORMS for example in form.examples]


def answer(text: str) -> str:
    """The first due time, and the second of what recurs."""
    trigger = when_trigger(text, NOW, EXAMPLE_ZONE)
    first = trigger.next(NOW)
    assert first is not None
    again = [trigger.next(first)] if trigger.recurring else []
    return " ".join(wall(due, EXAMPLE_ZONE) for due in (first, *again))


@pytest.mark.parametrize(("text", "expected"), EXAMPLES)
def test_every_example_of_the_reference(text: str, expected: str) -> None:
    assert answer(text) == expected


def test_no_text_is_an_example_twice() -> None:
    texts = [text for text, _ in EXAMPLES]
    assert len({*texts}) == len(texts) > 250


@pytest.mark.parametrize(("name", "form"), FORMS, ids=lambda one: getattr(one, "pattern", one))
def test_every_form_has_a_meaning_and_an_example_or_says_why_not(name: str, form: Form) -> None:
    assert form.meaning.endswith((".", ":"))
    told = ("past", "same", "Refused", "One of", "Any of", "Several", "At once", "so long ago")
    parts = ("HOURS", "FULLHOUR", "WINDOW", "MONTHDAYLIST", "RULE", "PLAINTIME")
    assert form.examples or any(word in form.meaning for word in told) or name in parts


def test_every_kind_in_a_pattern_is_explained_and_every_category_has_a_title() -> None:
    used = {part for _, form in FORMS for row in expanded(form.pattern) for part in row}
    named = {part for part in used if part.isupper()}
    assert named - {*TABLES} == {*KINDS}
    assert {**natural_forms.TITLES, **recurrence_forms.TITLES}.keys() == TABLES.keys()


def test_every_category_is_used() -> None:
    used = {part for _, form in FORMS for row in expanded(form.pattern) for part in row}
    assert {*TABLES} - used == {"MOMENT", "RECURRENCE"} - used


@pytest.mark.parametrize(
    "text",
    ["every second friday", "every 3rd monday", "twice a week", "3 times a month", "7 times a day"],
)
def test_what_has_two_meanings_or_none_is_refused_with_advice(text: str) -> None:
    with pytest.raises(BadSchedule, match=r"say|divide"):
        when_trigger(text, NOW, EXAMPLE_ZONE)
