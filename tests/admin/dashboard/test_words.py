"""Times, durations, sizes, outcomes and schedules in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jqengine.admin.dashboard import outcomes, words
from jqengine.admin.dashboard.schedules import in_words
from jqengine.lifecycle import JobState, RunState
from jqengine.wire.views import RunView

NOW = datetime(2026, 11, 24, 13, 2, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0 ms"),
        (0, "0 ms"),
        (0.0004, "0 ms"),
        (0.34, "340 ms"),
        (0.9996, "1.0 s"),
        (2.14, "2.1 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (250, "4 min 10 s"),
        (3600, "1 h"),
        (12_000, "3 h 20 min"),
        (86_400 * 2 + 3600 * 4, "2 d 4 h"),
        (86_400 * 400, "400 d"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "now"),
        (0.4, "now"),
        (12, "in 12 s"),
        (-12, "12 s ago"),
        (250, "in 4 min 10 s"),
        (650, "in 10 min"),
        (-12_030, "3 h 20 min ago"),
        (86_400 + 3700, "in 1 d 1 h"),
        (86_400 * 3 + 3700, "in 3 d 1 h"),
        (86_400 * 45, "in 45 d"),
    ],
)
def test_how_far_away(seconds: float, said: str) -> None:
    assert words.ago(NOW + timedelta(seconds=seconds), NOW) == said


def test_exact_instants() -> None:
    assert words.exact(NOW, "Europe/Paris") == "Tue 24 Nov 2026 14:02:11 +01:00"
    assert words.exact(NOW, "America/New_York") == "Tue 24 Nov 2026 08:02:11 -05:00"
    assert words.iso(NOW.replace(microsecond=250_999)) == "2026-11-24T13:02:11.250Z"


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1200, "1.2 kB"),
        (14_000_000, "14 MB"),
        (999_600, "1.0 MB"),
        (5_000_000_000_000, "5000 GB"),
    ],
)
def test_sizes(count: int, said: str) -> None:
    assert words.size(count) == said


def test_counts_and_lists() -> None:
    assert words.counted(1, "job") == "1 job"
    assert words.counted(1234, "job") == "1,234 jobs"
    assert words.listed(["a"], 3) == "a"
    assert words.listed(["a", "b", "c"], 3) == "a, b and c"
    assert words.listed(list("abcde"), 3) == "a, b, c and 2 more"


def a_run(state: str = "finished", **changes: Any) -> RunView:
    known: dict[str, Any] = {
        "id": "1" * 26,
        "job": "2" * 26,
        "name": "nightly",
        "state": state,
        "due": NOW,
        "attempt": 1,
        "attempts": 3,
        "method": "GET",
        "target": "/",
        "user": None,
        "status": 200,
        "reason": "OK",
        "started": NOW,
        "finished": NOW + timedelta(seconds=2.1),
    }
    return RunView(**{**known, **changes})


@pytest.mark.parametrize(
    ("run", "again", "said"),
    [
        (a_run(), None, "200 OK after 2.1 s"),
        (a_run("failed", status=503, reason="", attempt=3), None,
         "503 Service Unavailable after 2.1 s, third attempt of 3"),
        (a_run("waiting", status=503, reason="Busy", attempt=3, attempts=5), 40.0,
         "503 Busy after 2.1 s, third attempt of 5, will try again in 40 s"),
        (a_run("waiting", status=503, reason="Busy", attempt=3, attempts=5), -1.0,
         "503 Busy after 2.1 s, third attempt of 5, about to try again"),
        (a_run("failed", status=0, reason="timed out"), None,
         "no response (timed out) after 2.1 s"),
        (a_run("failed", status=0, reason=""), None, "no response after 2.1 s"),
        (a_run("failed", status=999, reason=""), None, "999 after 2.1 s"),
        (a_run("running", status=None, finished=None, started=NOW - timedelta(seconds=4)), None,
         "running for 4.0 s"),
        (a_run("skipped", reason="the run before it is unfinished"), None,
         "skipped: the run before it is unfinished"),
        (a_run("cancelled"), None, "cancelled before it ran"),
        (a_run("held"), None, "waits for the run before it to end"),
        (a_run("waiting", status=None, attempt=0, due=NOW + timedelta(seconds=9)), None,
         "due in 9 s"),
        (a_run("waiting", status=None, attempt=0), None, "due, waits for a free thread"),
    ],
)  # fmt: skip
def test_the_sentence_of_a_run(run: RunView, again: float | None, said: str) -> None:
    instant = None if again is None else NOW + timedelta(seconds=again)
    assert outcomes.sentence(run, instant, NOW) == said


def test_every_state_has_an_outcome() -> None:
    assert set(outcomes.OF_RUN) == set(RunState)
    assert set(outcomes.OF_JOB) == set(JobState)
    assert outcomes.of_run("of a later version") == "waiting"


def test_ordinals() -> None:
    assert [outcomes.ordinal(n) for n in (1, 3, 9, 11, 12, 21, 112)] == [
        "first", "third", "9th", "11th", "12th", "21st", "112th",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("syntax", "text", "said"),
    [
        ("cron", "0 3 * * 1-5", "weekdays at 03:00"),
        ("cron", "30 6 * * sat,sun", "weekends at 06:30"),
        ("cron", "5 4 * * *", "daily at 04:05"),
        ("cron", "*/5 * * * *", "every 5 minutes"),
        ("cron", "* * * * *", "every minute"),
        ("cron", "7 * * * *", "every hour at :07"),
        ("cron", "0 12 * * mon,3", "Mondays and Wednesdays at 12:00"),
        ("cron", "0 12 1 * *", "on day 1 of each month at 12:00"),
        ("cron", "@daily", "daily at 00:00"),
        ("cron", "0 12 1 * 1", "0 12 1 * 1"),
        ("cron", "1,2 3 * * *", "1,2 3 * * *"),
        ("cron", "0 0 * 2 *", "0 0 * 2 *"),
        ("every", "10 minutes", "every 10 minutes"),
        ("when", "every other friday 17:00", "every other friday 17:00"),
        ("now", "", "at once"),
        ("reboot", "", "when the engine starts"),
        ("after", "90s", "after 90s"),
    ],
)
def test_schedules(syntax: str, text: str, said: str) -> None:
    assert in_words({"syntax": syntax, "text": text}, "UTC") == said


def test_the_zone_is_said_where_it_is_another() -> None:
    schedule = {"syntax": "cron", "text": "0 3 * * 1-5", "tz": "Europe/Paris"}
    assert in_words(schedule, "Europe/Paris") == "weekdays at 03:00"
    assert in_words(schedule, "UTC") == "weekdays at 03:00, Europe/Paris"
    assert in_words({"syntax": "every", "text": "90s", "tz": "Asia/Tokyo"}, "UTC") == "every 90s"
