"""``when=``: from natural English to instants.

A text is read by the forms of :mod:`~jqengine.triggers.natural_forms` and
:mod:`~jqengine.triggers.recurrence_forms`, and has to be understood whole.
What the forms cannot read is tried with dateparser, under guard.
"""

from __future__ import annotations

from functools import cache
from itertools import islice

from jqengine.errors import BadSchedule, BadValue
from jqengine.triggers import natural_forms, recurrence_forms
from jqengine.triggers.duetimes import Once
from jqengine.triggers.localtime import rounded, zone_named
from jqengine.triggers.natural_ago import past_instant
from jqengine.triggers.natural_fallback import read_with_dateparser
from jqengine.triggers.natural_grammar import Grammar, Unread
from jqengine.triggers.natural_moments import Here, Moment
from jqengine.triggers.natural_tokens import Sentence, sentence
from jqengine.triggers.natural_values import Nonsense
from jqengine.triggers.natural_words import Lexicon, lexicon
from jqengine.triggers.recurrence import Recurring
from jqengine.triggers.recurrence_meanings import Recurrence

_MOST_TRIED = 400


def when_trigger(text: str, now: float, zone: str) -> Once | Recurring:
    """The trigger of *text*, said at *now* in *zone*.

    A recurring one counts its strides and intervals from *now*: to find it
    again, give the same *now*.

    :raises jqengine.errors.BadSchedule: a part of the text is not understood.
    :raises jqengine.errors.PastInstant: it can only mean an instant that is
        not after *now*.
    :raises jqengine.errors.BadValue: there is no zone of that name.
    """
    words = sentence(text, _lexicon())
    if words.offset is None:
        return _trigger(text, words, Here(now, words.zone or zone_named(zone)))
    trigger = _trigger(text, words, Here(now + words.offset, zone_named("UTC")))
    if not isinstance(trigger, Once):
        raise BadSchedule(text, "a recurring time needs a zone such as Europe/Paris, not an offset")
    return Once(rounded(trigger.instant - words.offset))


def resolve_when(text: str, now: float, zone: str) -> float:
    """The first instant after *now* that *text* means; errors as :func:`when_trigger`."""
    due = when_trigger(text, now, zone).next(now)
    assert due is not None
    return due


def _trigger(text: str, words: Sentence, here: Here) -> Once | Recurring:
    meaning = _meaning(text, words, here)
    try:
        if isinstance(meaning, Moment):
            return Once(_to_come(text, meaning, here))
        trigger = meaning.start(here, text)
        if trigger.next(here.now) is None:
            raise Nonsense("that never comes")
    except Nonsense as error:
        raise BadSchedule(text, str(error)) from None
    except (OverflowError, ValueError, BadValue):
        raise BadSchedule(text, "that is out of range; expected a year before 9999") from None
    return trigger


def _meaning(text: str, words: Sentence, here: Here) -> Moment | Recurrence:
    try:
        meaning: Moment | Recurrence = _grammar().read(words.tokens, "MOMENT", "RECURRENCE")
    except Unread as unread:
        fallback = None if unread.nonsense else read_with_dateparser(words.tokens, here.wall)
        if fallback is None:
            raise _refusal(text, words, unread) from None
        return fallback
    return meaning


def _to_come(text: str, moment: Moment, here: Here) -> float:
    """The first instant after now; what the text can mean is in order."""
    instant = None
    for instant in islice(moment.instants(here), _MOST_TRIED):
        if instant > here.now:
            return instant
    if instant is None:
        raise Nonsense("there is no such day")
    raise past_instant(text, instant, here.now, moment.advice)


def _refusal(text: str, words: Sentence, unread: Unread) -> BadSchedule:
    if unread.nonsense:
        return BadSchedule(text, str(unread.nonsense))
    if not words.tokens:
        return BadSchedule(text, "expected a time such as 'tomorrow at 8am' instead of nothing")
    if unread.index == len(words.tokens):
        return BadSchedule(text, f"expected more after {words.tokens[-1].text!r}", len(text))
    token = words.tokens[unread.index]
    return BadSchedule(text, f"{token.text!r} is not understood here", token.position)


@cache
def _grammar() -> Grammar:
    return Grammar({**natural_forms.TABLES, **recurrence_forms.TABLES})


@cache
def _lexicon() -> Lexicon:
    return lexicon(_grammar().words)
