"""What clock changes do to jobs, in four zones that change in different ways."""

from __future__ import annotations

from datetime import datetime

import pytest

from jqengine.commandline.clockchanges import Hazard, hazards
from jqengine.triggers.crontab import CrontabReader
from jqengine.triggers.triggers import Triggers

START = datetime.fromisoformat("2026-11-24T00:00+00:00").timestamp()
YEAR = 366 * 86400.0
TRIGGERS = Triggers()


def met(line: str, start: float = START, length: float = YEAR) -> list[Hazard]:
    reader = CrontabReader(
        defaults={"tz": "Europe/Paris"},
        read=lambda name: f"{line}\n".encode(),
        triggers=TRIGGERS,
        now=start,
    )
    return hazards(reader.parse(["jobs.tab"]).lines, start, start + length, TRIGGERS)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("30 2 * * * - /x", [
            "02:30 on 28 March 2027 does not exist in Europe/Paris: due at 03:00 instead",
            "02:30 on 31 October 2027 comes twice in Europe/Paris: due the first time only",
        ]),
        ("0,15,30 2 * * * - /x", [
            "02:00 (and 2 more) on 28 March 2027 does not exist in Europe/Paris:"
            " due at 03:00 instead",
            "02:00 (and 2 more) on 31 October 2027 comes twice in Europe/Paris:"
            " due the first time only",
        ]),
        ("*/30 2 * * * - /x", [
            "02:00 (and 1 more) on 28 March 2027 does not exist in Europe/Paris:"
            " not due on that day",
            "02:00 (and 1 more) on 31 October 2027 comes twice in Europe/Paris: due both times",
        ]),
        ("30 2 * * 0 - /x --tz=America/New_York", [
            "02:30 on 14 March 2027 does not exist in America/New_York: due at 03:00 instead",
        ]),
        ("15 2 * * * - /x --tz=Australia/Lord_Howe", [
            "02:15 on 3 October 2027 does not exist in Australia/Lord_Howe: due at 02:30 instead",
        ]),
        ("30 2 * * * - /x --tz=Africa/Casablanca", [
            "02:30 on 7 February 2027 comes twice in Africa/Casablanca: due the first time only",
            "02:30 on 14 March 2027 does not exist in Africa/Casablanca: due at 03:00 instead",
        ]),
        ('@at "2:30 Mar 28 2027" - /x', [
            "02:30 on 28 March 2027 does not exist in Europe/Paris: due at 03:30 instead",
        ]),
        ('@when "every day at 02:30" - /x --until=2027-06-01', [
            "02:30 on 28 March 2027 does not exist in Europe/Paris: due at 03:00 instead",
        ]),
        # Nothing to tell.
        ("30 2 * * 1 - /x", []),
        ("0 4 * * * - /x", []),
        ("30 2 * * * - /x --until=2027-03-01", []),
        ("30 2 * * * - /x --tz=UTC", []),
        ("* * * * * - /x", []),
        ("30 * * * * - /x", []),
        ("@every 1h - /x", []),
        ("@reboot - /x", []),
    ],
)  # fmt: skip
def test_what_a_line_meets_in_a_year(line: str, expected: list[str]) -> None:
    assert [str(one) for one in met(line)] == expected


def test_the_due_times_of_a_hazard_are_those_of_the_job_jitter_included() -> None:
    plain, moved = (met(f"30 2 * * * - /x --name=n {jitter}")[0] for jitter in ("", "--jitter=9m"))
    due = datetime.fromisoformat("2027-03-28T03:00+02:00").timestamp()
    assert plain.due == (due,)
    assert due < moved.due[0] < due + 540
    line = moved.line.definition
    before = datetime.fromisoformat("2027-03-27T12:00+01:00").timestamp()
    assert TRIGGERS.first(line, before) == moved.due[0]


def test_only_changes_within_the_stretch_count() -> None:
    change = datetime.fromisoformat("2027-03-28T01:00+00:00").timestamp()
    assert [one.brief for one in met("30 2 * * * - /x", change, 1.0)] == [
        "02:30 does not exist: due at 03:00 instead"
    ]
    assert met("30 2 * * * - /x", change - 100, 100.0) == []
    assert met("30 2 * * * - /x", change + 1, 86400.0) == []
