"""Schedules in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jqengine.cronwording import cron_in_words
from jqengine.job import Schedule, Syntax
from jqengine.triggers.cron import parse_cron
from jqengine.wording import schedule_in_words, seems_recurring

DUE = datetime(2026, 11, 27, 16, tzinfo=UTC).timestamp()

CRON = [
    ("* * * * *", "every minute"),
    ("*/1 * * * *", "every minute"),
    ("*/5 * * * *", "every 5 minutes"),
    ("0 * * * *", "every hour"),
    ("@hourly", "every hour"),
    ("5,35 * * * *", "every hour at minutes 5 and 35"),
    ("7 * * * *", "every hour at minute 7"),
    ("0 3 * * *", "daily at 03:00"),
    ("@daily", "daily at 00:00"),
    ("0 3 * * 1-5", "weekdays at 03:00"),
    ("0 3 * * mon-fri", "weekdays at 03:00"),
    ("0 3 * * sat,sun", "weekends at 03:00"),
    ("0 3 * * 0", "sundays at 03:00"),
    ("0 3 * * 7", "sundays at 03:00"),
    ("0 3 * * 1,4", "mondays and thursdays at 03:00"),
    ("0 3 * * 5-7", "fridays, saturdays and sundays at 03:00"),
    ("0 3 * * 2-4", "tuesdays to thursdays at 03:00"),
    ("0 9,12,18 * * *", "daily at 09:00, 12:00 and 18:00"),
    ("*/15 8-17 * * mon-fri", "every 15 minutes from 08:00 to 17:59, weekdays"),
    ("* 2 * * *", "every minute from 02:00 to 02:59"),
    ("0 8-17 * * *", "every hour from 08:00 to 17:00"),
    ("30 */2 * * *", "every 2 hours at minute 30"),
    ("0 */2 * * *", "every 2 hours"),
    ("0 0 1 * *", "on the 1st of the month at 00:00"),
    ("0 0 1,15 * *", "on the 1st and 15th of the month at 00:00"),
    ("0 0 2,3,11,13,22 * *", "on the 2nd, 3rd, 11th, 13th and 22nd of the month at 00:00"),
    ("0 4 8-14 * *", "from the 8th to the 14th of the month at 04:00"),
    ("@yearly", "on the 1st of january at 00:00"),
    ("0 0 1 1,7 *", "on the 1st of january and july at 00:00"),
    ("7 3 * 1,7 *", "daily at 03:07 in january and july"),
    ("0 3 * 3-10 *", "daily at 03:00 from march to october"),
    ("0 0 13 * 5", "on the 13th of the month and fridays at 00:00"),
]


@pytest.mark.parametrize(("text", "words"), CRON)
def test_a_crontabs_time(text: str, words: str) -> None:
    assert cron_in_words(text) == words
    parse_cron(text, "UTC")  # it is one that is taken


INTRICATE = [
    "*/7 * * * *",
    "0-30 * * * *",
    "23 0-23/2 * * *",
    "0 0 */2 * 5",
    "1-8 * * * *",
    "5,25,45 1,3,5,7 * * *",
    "*/5 8,12 * * *",
]


@pytest.mark.parametrize("text", INTRICATE)
def test_what_is_too_intricate_stays_as_it_is(text: str) -> None:
    assert cron_in_words(text) == text
    parse_cron(text, "UTC")


@pytest.mark.parametrize(
    ("syntax", "text", "words"),
    [
        (Syntax.EVERY, "90s", "every 90 s"),
        (Syntax.EVERY, "10 minutes", "every 10 min"),
        (Syntax.EVERY, "1h30m", "every 1 h 30 min"),
        (Syntax.EVERY, "2 days", "every 2 days"),
        (Syntax.EVERY, "86400", "every 1 day"),
        (Syntax.EVERY, "3601s", "every 1 h 1 s"),
        (Syntax.EVERY, "0.5s", "every 0.5 s"),
        (Syntax.EVERY, "60s", "every 1 min"),
        (Syntax.NOW, "", "at once"),
        (Syntax.REBOOT, "", "at each start of the engine"),
        (Syntax.AT, "teatime", "friday 27 November 2026, 17:00, Europe/Paris"),
        (Syntax.WHEN, "next Friday 17:00", "friday 27 November 2026, 17:00, Europe/Paris"),
        (Syntax.AFTER, "90s", "friday 27 November 2026, 17:00"),
        (Syntax.CRON, "0 3 * * 1-5", "weekdays at 03:00, Europe/Paris"),
    ],
)
def test_every_syntax(syntax: Syntax, text: str, words: str) -> None:
    schedule = Schedule(syntax=syntax, text=text, zone="Europe/Paris")
    assert schedule_in_words(schedule, DUE) == words


def test_what_recurs_in_english_stays_english() -> None:
    schedule = Schedule(syntax=Syntax.WHEN, text="Every weekday at 9", zone="UTC")
    assert seems_recurring(schedule)
    assert schedule_in_words(schedule, DUE, recurring=True) == "every weekday at 9, UTC"
    assert not seems_recurring(Schedule(syntax=Syntax.WHEN, text="next friday", zone="UTC"))
    assert not seems_recurring(Schedule(syntax=Syntax.EVERY, text="every 9s", zone="UTC"))


def test_limits_are_told() -> None:
    schedule = Schedule(syntax=Syntax.EVERY, text="1h", zone="UTC", times=3, until=DUE + 1)
    assert schedule_in_words(schedule) == (
        "every 1 h, 3 times, until friday 27 November 2026, 16:00:01"
    )
