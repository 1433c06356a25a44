"""cron=: what is read, and what is refused with which sentence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jqengine.errors import BadSchedule
from jqengine.triggers.cronsyntax import CronFields, read_cron
from tests.triggers.debian_cron import Entry
from tests.triggers.strategies import EXPRESSIONS


@settings(max_examples=500, deadline=None)
@given(expression=EXPRESSIONS)
def test_reads_fields_as_debian_cron_does(expression: str) -> None:
    entry = Entry(expression)
    try:
        fields = read_cron(expression)
    except BadSchedule as error:
        assert "expected a date that exists" in str(error)  # noqa: PT017
        assert entry.both_days
        return
    assert [set(values) for values in fields[:4]] == entry.values[:4]
    assert set(fields.weekdays) == entry.values[4] - {7}
    assert fields.either != entry.both_days
    assert fields.wildcard == entry.wildcard


@pytest.mark.parametrize("low", range(8))
@pytest.mark.parametrize("high", range(8))
def test_every_range_of_weekdays(low: int, high: int) -> None:
    for step in range(1, 9):
        expression = f"0 0 * * {low}-{high}/{step}"
        if low > high:
            with pytest.raises(BadSchedule, match="runs backward"):
                read_cron(expression)
        else:
            expected = {day % 7 for day in range(low, high + 1, step)}
            assert set(read_cron(expression).weekdays) == expected


def test_values_are_ascending_without_repeats() -> None:
    assert read_cron("  30,0-10/5,5\t1-1 7,007 JAN,Jul-aug sun,7,Mon-2 ") == CronFields(
        minutes=(0, 5, 10, 30),
        hours=(1,),
        days=(7,),
        months=(1, 7, 8),
        weekdays=(0, 1, 2),
        either=True,
        wildcard=False,
    )


@pytest.mark.parametrize(
    ("nickname", "fields"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ],
)
def test_nicknames(nickname: str, fields: str) -> None:
    assert read_cron(f" {nickname} ") == read_cron(fields)


@pytest.mark.parametrize(
    ("expression", "either", "wildcard"),
    [
        ("0 0 1 * 1", True, False),
        ("0 0 */2 * 1", False, False),
        ("0 0 1 * */2", False, False),
        ("0 0 2,*/2 * 1", True, False),  # has a star, does not start with one
        ("0 0 1-31 * 1", True, False),
        ("*/5 0 * * *", False, True),
        ("0 */5 * * *", False, True),
        ("0-59 0-23 * * *", False, False),
        ("*,5 0 * * *", False, True),
    ],
)
def test_a_leading_star_decides(expression: str, either: bool, wildcard: bool) -> None:
    fields = read_cron(expression)
    assert (fields.either, fields.wildcard) == (either, wildcard)


@pytest.mark.parametrize(
    "expression",
    ["0 0 29 2 *", "0 0 31 1,2 *", "0 0 30,1 feb *", "0 0 */30 2 *", "0 0 30 2 1", "0 0 31 * *"],
)
def test_a_date_that_sometimes_exists_is_read(expression: str) -> None:
    assert read_cron(expression)


_REFUSED = [
    # expression, position of the offending part, what the sentence says
    (
        "* * * * * *",
        10,
        "6 time fields; crontab(5) has five: minute, hour, day of month, month, "
        "day of week, and none for seconds",
    ),
    ("*/5 * * * * * 2030", 12, "7 time fields"),
    ("* * * *", None, "4 time fields; crontab(5) has five"),
    ("", None, "0 time fields"),
    (" \t ", None, "0 time fields"),
    ("99", None, "1 time field;"),
    ("60 * * * *", 0, "minute: '60' is out of range; expected 0 to 59"),
    ("0,5,60 * * * *", 4, "minute: '60' is out of range"),
    ("* 24 * * *", 2, "hour: '24' is out of range; expected 0 to 23"),
    ("* * 0 * *", 4, "day of month: '0' is out of range; expected 1 to 31"),
    ("* * * 13 *", 6, "month: '13' is out of range; expected 1 to 12 or jan to dec"),
    ("* * * * 8", 8, "day of week: '8' is out of range; expected 0 to 7 or sun to sat"),
    ("* * 1-32 * *", 4, "day of month: '32' is out of range"),
    ("* * * january *", 6, "month: 'january' is not understood; expected 1 to 12 or jan to dec"),
    ("mon * * * *", 0, "minute: 'mon' is not understood; expected 0 to 59"),
    ("  5/15 * * * *", 2, "minute: '5/15' has a step and no range; expected 5-59/15"),
    ("*/0 * * * *", 0, "minute: the step in '*/0' is 0; expected 1 or more"),
    ("* 22-2 * * *", 2, "hour: '22-2' runs backward; expected the smaller first, as in 22-23,0-2"),
    ("* 23-0 * * *", 2, "hour: '23-0' runs backward; expected the smaller first, as in 23,0"),
    (
        "* * * * fri-sun",
        8,
        "'fri-sun' runs backward; expected the smaller first, as in 5-7,0",
    ),
    ("5, * * * *", 2, "minute: a part is missing beside a comma"),
    (",5 * * * *", 0, "minute: a part is missing beside a comma"),
    ("1-2-3 * * * *", 0, "minute: '1-2-3' is not understood; expected 0 to 59, a range such"),
    ("*-5 * * * *", 0, "minute: '*-5' is not understood"),
    ("5- * * * *", 0, "minute: '5-' is not understood"),
    ("-5 * * * *", 0, "minute: '-5' is not understood"),
    ("5/ * * * *", 0, "minute: '5/' is not understood"),
    ("*/-2 * * * *", 0, "minute: '*/-2' is not understood"),
    ("1.5 * * * *", 0, "minute: '1.5' is not understood"),
    ("5; * * * *", 0, "minute: '5;' is not understood"),
    ("1_0 * * * *", 0, "minute: '1_0' is not understood"),
    ("\u0663 * * * *", 0, "minute: '\u0663' is not understood"),  # a digit elsewhere
    ("\u00a0* * * * *", 0, "minute: '\\xa0*' is not understood"),
    ("*\n* * * * *", 0, "minute: '*\\n*' is not understood"),
    ("* * L * *", 4, "day of month: 'L' is an extension of other crons; expected 1 to 31"),
    ("* * L-3 * *", 4, "'L-3' is an extension"),
    ("* * 15W * *", 4, "'15W' is an extension"),
    ("* * ? * *", 4, "'?' is an extension"),
    ("* * * * 5L", 8, "day of week: '5L' is an extension"),
    ("* * * * mon#2", 8, "day of week: 'mon#2' is an extension"),
    ("H * * * *", 0, "minute: 'H' is an extension"),
    ("H/15 * * * *", 0, "minute: 'H/15' is an extension"),
    ("R(0-9)/2 * * * *", 0, "minute: 'R(0-9)/2' is an extension"),
    ("0 0 30 2 *", 4, "day of month: '30' is never in month '2'; expected a date that exists"),
    ("0 0 30-31 feb *", 4, "day of month: '30-31' is never in month 'feb'"),
    ("0 0 31 2,4,6,9,11 *", 4, "day of month: '31' is never in month '2,4,6,9,11'"),
    ("0 0 30 2 */2", 4, "day of month: '30' is never in month '2'"),
    ("@reboot", 0, "@reboot is a schedule of its own"),
    ("@Daily", 0, "'@Daily' is not understood; expected one of @hourly, @daily"),
    ("@fortnightly", 0, "'@fortnightly' is not understood"),
    ("@daily 5", 7, "nothing can follow @daily"),
    ("9" * 90 + " * * * *", 0, f"minute: '{'9' * 37}...' is out of range"),
    ("*/" + "9" * 1000 + " * * * *", None, "at most 1000 characters"),
    (" " * 1_000_000, None, "at most 1000 characters"),
]


@pytest.mark.parametrize(("expression", "position", "sentence"), _REFUSED)
def test_refusals(expression: str, position: int | None, sentence: str) -> None:
    with pytest.raises(BadSchedule) as caught:
        read_cron(expression)
    assert sentence in str(caught.value)
    assert caught.value.text == expression
    assert caught.value.position == position
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@settings(max_examples=500, deadline=None)
@given(st.text("0123456789*,-/@?#LWHRjanmonsu \t\n\u0663", max_size=30))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        read_cron(text)
    except BadSchedule as error:
        assert "\n" not in str(error)  # noqa: PT017
