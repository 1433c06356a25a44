"""Words are split as shlex splits them, and each knows where it stood."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jqengine.errors import BadRequest
from jqengine.request.words import split_words


@given(st.text(alphabet="ab '\"\\\t=:", max_size=14))
def test_the_words_are_those_of_shlex(line: str) -> None:
    try:
        expected = shlex.split(line)
    except ValueError:
        with pytest.raises(BadRequest):
            split_words(line)
    else:
        assert [word.text for word in split_words(line)] == expected


@given(st.text(alphabet="ab '\"\t=:", max_size=14))
def test_every_character_of_a_word_is_found_where_it_stands(line: str) -> None:
    try:
        words = split_words(line)
    except BadRequest:
        return
    for word in words:
        assert line[word.start :].startswith(word.raw)
        for index, character in enumerate(word.text):
            assert line[word.offset(index)] == character


def test_what_is_special_in_a_shell_or_in_cron_is_not_special_here() -> None:
    assert [word.text for word in split_words("/x#y %d $HOME `ls` *.txt ~ ; && # z")] == [
        "/x#y", "%d", "$HOME", "`ls`", "*.txt", "~", ";", "&&", "#", "z",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "position", "said"),
    [
        ("a 'b c", 2, "the quote ' is not closed"),
        ('a=1 "b', 4, 'the quote " is not closed'),
        ('"ab\\"', 0, 'the quote " is not closed'),
        ("ab \\", 3, "a backslash at the end of the line has nothing to quote"),
        ("a\u00a0b", 1, "U+00A0 is not a blank"),
        ("a b\u2003c", 3, "U+2003 is not a blank"),
        ("a\x0bb", 1, "U+000B is not a blank"),
        ("ab\ud800", 2, "U+D800 is not a character"),
    ],
)
def test_what_cannot_be_split_says_where(line: str, position: int, said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        split_words(line)
    assert caught.value.position == position
    assert said in str(caught.value)


def test_a_no_break_space_in_quotes_is_a_character_like_another() -> None:
    assert [word.text for word in split_words("'a\u00a0b'")] == ["a\u00a0b"]
