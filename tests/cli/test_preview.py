"""``jobqueue preview``: every due time in order, with what is worth a second look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from jqengine.commandline import firings
from tests.cli.conftest import Run

Write = Callable[[str], str]

DAY = """\
0 3 * * * alice POST /reports a=1 --name=nightly
30 2 * * * - /backup
@every 10h - /ping
0 0 1 * * - /monthly
@reboot - /warm
"""


def test_every_due_time_in_order(run: Run, crontab: Write) -> None:
    outcome = run("preview", crontab(DAY))
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.lines == [
        "2026-11-24T21:07:00+01:00 Tue  GET /ping",
        "2026-11-25T02:30:00+01:00 Wed  GET /backup",
        "2026-11-25T03:00:00+01:00 Wed  nightly  POST /reports",
        "2026-11-25T07:07:00+01:00 Wed  GET /ping",
        "",
        "3 jobs due 4 times from 2026-11-24T11:07:00+01:00 to 2026-11-25T11:07:00+01:00.",
        "Not due in this time: GET /monthly.",
        "Due when the engine starts: GET /warm.",
    ]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2027-03-28", [
            "2027-03-28T03:00:00+02:00 Sun  nightly  POST /reports",
            "2027-03-28T03:00:00+02:00 Sun  GET /backup"
            "  (02:30 does not exist: due at 03:00 instead)",
            "2027-03-28T11:00:00+02:00 Sun  GET /ping",
            "2027-03-28T21:00:00+02:00 Sun  GET /ping",
        ]),
        ("2026-10-25", [
            "2026-10-25T02:30:00+02:00 Sun  GET /backup"
            "  (02:30 comes twice: due the first time only)",
            "2026-10-25T03:00:00+01:00 Sun  nightly  POST /reports",
            "2026-10-25T09:00:00+01:00 Sun  GET /ping",
            "2026-10-25T19:00:00+01:00 Sun  GET /ping",
        ]),
    ],
)  # fmt: skip
def test_days_on_which_the_clock_changes(
    run: Run, crontab: Write, start: str, expected: list[str]
) -> None:
    lines = run("preview", crontab(DAY), "--start", start).lines
    assert lines[: lines.index("")] == expected
    assert lines[lines.index("") + 1].startswith("3 jobs due 4 times")


def test_a_job_that_is_skipped_stands_where_the_clock_skips_it(run: Run, crontab: Write) -> None:
    text = "*/20 2 * * * - /a\n*/20 2 * * * - /b\n0 1,4 * * * - /c\n"
    lines = run("preview", crontab(text), "--start", "2027-03-28").lines
    assert lines[:4] == [
        "2027-03-28T01:00:00+01:00 Sun  GET /c",
        "2027-03-28T03:00:00+02:00 Sun  GET /a  (02:00 does not exist: not due on that day)",
        "2027-03-28T03:00:00+02:00 Sun  GET /b  (02:00 does not exist: not due on that day)",
        "2027-03-28T04:00:00+02:00 Sun  GET /c",
    ]


def test_pile_ups_are_marked_and_counted(run: Run, crontab: Write) -> None:
    text = "".join(f"0 {hour} * * * - /{hour}/{n}\n" for hour, n in [(1, 4), (2, 5), (3, 6)]
                   for n in range(n))  # fmt: skip
    lines = run("preview", crontab(text), "--start", "2026-11-25").lines
    assert [line for line in lines if "at once" in line] == [
        "2026-11-25T02:00:00+01:00 Wed  GET /2/0  (5 at once)",
        "2026-11-25T03:00:00+01:00 Wed  GET /3/0  (6 at once)",
        "2 pile-ups of 5 jobs or more at once; the largest of 6, at 2026-11-25T03:00:00+01:00.",
    ]


def test_the_start_belongs_to_it_and_the_end_does_not(run: Run, crontab: Write) -> None:
    text = "CRON_TZ=UTC\n0 12 * * * - /x\n"
    arguments = ("--start", "2026-11-25T12:00Z", "--days", "2")
    assert run("preview", crontab(text), *arguments).lines[:3] == [
        "2026-11-25T12:00:00+00:00 Wed  GET /x",
        "2026-11-26T12:00:00+00:00 Thu  GET /x",
        "",
    ]


def test_days_are_those_of_the_calendar(run: Run, crontab: Write) -> None:
    arguments = ("--start", "2027-03-27T12:00", "--days", "1")
    said = run("preview", crontab("@hourly - /x\n"), *arguments).lines[-1]
    assert said == (
        "1 job due 23 times from 2027-03-27T12:00:00+01:00 to 2027-03-28T12:00:00+02:00."
    )


def test_instants_are_shown_in_the_zone_of_all_jobs_or_else_of_the_command(
    run: Run, crontab: Write
) -> None:
    two = "0 12 * * * - /a --tz=UTC\n0 12 * * * - /b --tz=Asia/Tokyo\n"
    arguments = ("--start", "2026-11-25T00:00Z", "--tz", "America/New_York")
    assert run("preview", crontab(two), *arguments).lines[:2] == [
        "2026-11-24T22:00:00-05:00 Tue  GET /b",
        "2026-11-25T07:00:00-05:00 Wed  GET /a",
    ]
    one = "0 12 * * * - /b --tz=Asia/Tokyo\n"
    assert run("preview", crontab(one), *arguments).lines[0].startswith("2026-11-25T12:00:00+09:00")


def test_nothing_is_due(run: Run, crontab: Write) -> None:
    assert run("preview", crontab('@at "10:00 Nov 20 2026" - /past\n')).lines == [
        "",
        "Nothing is due from 2026-11-24T11:07:00+01:00 to 2026-11-25T11:07:00+01:00.",
        "Not due in this time: GET /past.",
    ]


def test_limits_and_jitter_of_jobs_hold(run: Run, crontab: Write) -> None:
    text = "* * * * * - /x --times=2\n* * * * * - /y --until=2026-11-25T00:01 --jitter=10s\n"
    lines = run("preview", crontab(text), "--start", "2026-11-25").lines
    assert [line[-6:] for line in lines[:3]] == ["GET /x", "GET /y", "GET /x"]
    assert lines[1].startswith("2026-11-25T00:00:0")
    assert lines[3] == ""


def test_a_bad_crontab_is_one_line(run: Run, crontab: Write) -> None:
    outcome = run("preview", crontab("61 * * * * - /x\n62 * * * * - /y\n"))
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err == (
        "error: jobs.tab:1:1: minute: '61' is out of range; expected 0 to 59"
        " (and 1 more; see `jobqueue check`)\n"
    )


def test_too_much_to_count_is_one_line(
    run: Run, crontab: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firings, "MOST", 1000)
    outcome = run("preview", crontab("* * * * * - /x\n"), "--svg", "x.svg")
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err == "error: more than 1,000 due times; ask for fewer days\n"


def test_the_picture_is_written_and_nothing_printed(
    run: Run, crontab: Write, tmp_path: Path
) -> None:
    assert run("preview", crontab(DAY), "--svg", "out.svg") == (0, "", "")
    root = ElementTree.parse(tmp_path / "out.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_a_picture_that_cannot_be_written_is_one_line(run: Run, crontab: Write) -> None:
    outcome = run("preview", crontab(DAY), "--svg", "no/such/place.svg")
    assert outcome == (1, "", "error: no/such/place.svg: cannot be written: "
                              "No such file or directory\n")  # fmt: skip
