"""The table of job options, and how its values become a definition."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime
from typing import Any

import pytest

from jqengine.errors import BadValue
from jqengine.job import (
    Catchup,
    Definition,
    Duplicate,
    Overlap,
    Policy,
    Request,
    Schedule,
    Syntax,
)
from jqengine.joboptions import (
    JOB_OPTIONS,
    Part,
    check_policy,
    define,
    effective_sinks,
    moment_instant,
    overlay,
    parse_moment,
    read_options,
)
from jqengine.units import Backoff, Rate, StatusSet

CLASSES = {Part.DEFINITION: Definition, Part.SCHEDULE: Schedule, Part.POLICY: Policy}


def defined(**options: Any) -> Definition:
    values = {"tz": "UTC"} | {name.replace("_", "-"): value for name, value in options.items()}
    return define(
        Request(), Syntax.CRON, "@daily", read_options(values), identity="line", origin="crontab"
    )


def test_the_table_has_the_options_of_the_design_in_its_order() -> None:
    assert " ".join(f"--{name}" for name in JOB_OPTIONS) == (
        "--name --remove-on --attempts --backoff --timeout --tz --sink --times --until --catchup"
        " --catchup-window --overlap"
        " --priority --jitter --key --duplicate --group --concurrency --rate"
    )


@pytest.mark.parametrize("option", JOB_OPTIONS.values(), ids=list(JOB_OPTIONS))
def test_every_row_lands_on_a_field_and_its_default_is_that_of_the_field(option: Any) -> None:
    defaults = {field.name: field for field in fields(CLASSES[option.part])}
    assert option.field in defaults
    if option.default:
        value = option.read(option.default)
        assert value == defaults[option.field].default


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("name", "nightly", "nightly"),
        ("name", "Nächtlich <b>", "Nächtlich <b>"),
        ("remove-on", "410,500-503", StatusSet(((410, 410), (500, 503)))),
        ("remove-on", "never", StatusSet()),
        ("attempts", "5", 5),
        ("attempts", 5, 5),
        ("backoff", "30s", Backoff(30.0, 30.0, jitter=False)),
        ("timeout", "1h30m", 5400.0),
        ("timeout", 90.5, 90.5),
        ("tz", "Europe/Paris", "Europe/Paris"),
        ("times", "1", 1),
        ("until", "2026-12-24", date(2026, 12, 24)),
        ("until", "2026-12-24T17:30", datetime(2026, 12, 24, 17, 30)),
        ("catchup", "ALL", Catchup.ALL),
        ("catchup-window", "0", 0.0),
        ("overlap", "queue", Overlap.QUEUE),
        ("priority", "-5", -5),
        ("jitter", "10m", 600.0),
        ("key", "customer 7", "customer 7"),
        ("duplicate", "Debounce", Duplicate.DEBOUNCE),
        ("group", "mail", "mail"),
        ("concurrency", 3, 3),
        ("concurrency", "none", 0),
        ("rate", "10/1m", Rate(10, 60.0)),
        ("rate", "5/second", Rate(5, 1.0)),
        ("rate", " 1 / 1h30m ", Rate(1, 5400.0)),
        ("rate", "none", Rate(0, 0.0)),
        ("sink", "stdout:", ("stdout:",)),
        ("sink", "off https://h.example/x#on=failure", ("off", "https://h.example/x#on=failure")),
        ("sink", ["stdout:", "mailto:a@x,b@y"], ("stdout:", "mailto:a@x,b@y")),
        ("sink", [], ()),
    ],
)
def test_values(name: str, given: object, expected: object) -> None:
    assert read_options({name: given}) == {name: expected}


def test_an_option_that_is_none_is_not_given() -> None:
    assert read_options({"name": None, "attempts": 2}) == {"attempts": 2}


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("name", "", "name: '' is not a name"),
        ("name", " x", "name: ' x' is not a name"),
        ("name", "a\nb", "name: 'a\\nb' is not a name"),
        ("name", "a\x1b[31m", "is not a name"),
        ("name", "x" * 201, "is not a name"),
        ("remove-on", "5xx", "remove-on: '5xx' is not a list of statuses"),
        ("attempts", "0", "attempts: '0' is not a whole number from 1 to 1000"),
        ("attempts", "1_0", "is not a whole number"),
        ("attempts", "٣", "is not a whole number"),
        ("attempts", 2.5, "is not a whole number"),
        ("attempts", True, "attempts: 'True' is not a text; expected N"),
        ("attempts", ["1"], "is not a text"),
        ("backoff", "fast", "backoff: 'fast' is not a duration"),
        ("timeout", "0", "timeout: '0' is no time at all"),
        ("timeout", "-5s", "is not a duration"),
        ("tz", "Europe/Pariss", "did you mean Europe/Paris?"),
        ("tz", "../../etc/passwd", "is not a time zone"),
        ("tz", "a\0b", "is not a time zone"),
        ("times", "0", "is not a whole number from 1"),
        ("until", "tomorrow", "until: 'tomorrow' is not a date or time like"),
        ("until", "2026-02-30", "is not a date or time"),
        ("until", "2026-12-24x10:00", "is not a date or time"),
        ("until", "٢٠٢٦-12-24", "is not a date or time"),
        ("catchup", "some", "catchup: 'some' is none of latest, all, none"),
        ("overlap", "", "overlap: '' is none of skip, allow, queue"),
        ("priority", "high", "is not a whole number from -32768 to 32767"),
        ("jitter", "soon", "is not a duration"),
        ("duplicate", "last", "duplicate: 'last' is none of first, replace, reject, debounce"),
        ("group", "", "group: '' is not a name"),
        ("concurrency", "0", "'0' is not a whole number from 1 to 1000000, or none"),
        ("rate", "10", "rate: '10' is not a rate; expected a number of runs in a time"),
        ("rate", "0/1m", "is not a rate"),
        ("rate", "1/0s", "is not a rate"),
        (
            "rate",
            "10/soon",
            "rate: '10/soon' is not a rate; expected a number of runs in a time, such as",
        ),
        ("sink", "example.org", "sink: 'example.org' is not a sink"),
        ("sink", " ", "sink: a sink is missing"),
        ("sink", "file:/tmp/\x07", "unprintable"),
        ("sink", [7], "sink: '7' is not a text; expected URL"),
        ("attemps", "3", "there is no job option 'attemps'; did you mean attempts?"),
        ("zzz", "3", "there is no job option 'zzz'; expected one of name, remove-on"),
    ],
)
def test_what_is_refused_and_the_sentence(name: str, given: object, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        read_options({name: given})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_options_that_name_one_job_cannot_be_shared() -> None:
    assert [one.name for one in JOB_OPTIONS.values() if not one.shared] == [
        "name",
        "key",
        "duplicate",
    ]


def test_the_variable_of_an_option() -> None:
    assert JOB_OPTIONS["catchup-window"].variable == "JOBQUEUE_CATCHUP_WINDOW"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-12-24T17:30", "2026-12-24T16:30:00+00:00"),
        ("2026-12-24 17:30Z", "2026-12-24T17:30:00+00:00"),
        ("2026-12-24T17:30+05:30", "2026-12-24T12:00:00+00:00"),
        ("2026-12-24", "2026-12-24T22:59:59.999999+00:00"),
        ("2026-10-25", "2026-10-25T22:59:59.999999+00:00"),  # a day of 25 hours
        ("2026-10-25T02:30", "2026-10-25T00:30:00+00:00"),  # comes twice: the first
    ],
)
def test_until_is_read_on_the_wall_clock_of_the_job_and_includes_a_whole_day(
    text: str, instant: str
) -> None:
    schedule = defined(tz="Europe/Paris", until=text).schedule
    assert schedule.until == datetime.fromisoformat(instant).timestamp()


def test_a_moment_beyond_the_calendar_is_refused() -> None:
    assert moment_instant(parse_moment("2026-12-24"), "UTC") == 1798070400.0
    with pytest.raises(BadValue, match="the year 9999 is out of range; expected 2 to 9998"):
        defined(until="9999-12-31")


def test_a_definition_takes_every_option_to_its_place() -> None:
    made = defined(
        name="n", remove_on="410", attempts="7", backoff="none", timeout="1m", tz="Asia/Tokyo",
        sink="stdout:", times="3", catchup="none", catchup_window="1h", overlap="allow",
        priority="4", jitter="5s", key="k", duplicate="replace", group="g", concurrency="2",
        rate="10/1m",
    )  # fmt: skip
    assert made == Definition(
        identity="n",
        name="n",
        request=Request(),
        schedule=Schedule(
            syntax=Syntax.CRON, text="@daily", zone="Asia/Tokyo", times=3, jitter=5.0
        ),
        policy=Policy(
            attempts=7,
            backoff=Backoff(0.0, 0.0, jitter=False),
            timeout=60.0,
            remove_on=StatusSet(((410, 410),)),
            catchup=Catchup.NONE,
            catchup_window=3600.0,
            overlap=Overlap.ALLOW,
            priority=4,
            key="k",
            duplicate=Duplicate.REPLACE,
            group="g",
            concurrency=2,
            rate=Rate(10, 60.0),
        ),
        sinks=("stdout:",),
        origin="crontab",
    )


@pytest.mark.parametrize(
    ("options", "group"),
    [
        ({}, None),
        ({"name": "n"}, None),
        ({"key": "k"}, "k"),
        ({"key": "k", "group": "g", "name": "n"}, "g"),
        ({"name": "n", "rate": "1/1s"}, "n"),
        ({"name": "n", "concurrency": "none"}, "n"),
        ({"name": "n", "key": "k", "concurrency": "1"}, "k"),
    ],
)
def test_whose_limits_a_job_shares(options: dict[str, str], group: str | None) -> None:
    policy = defined(**options).policy
    check_policy(policy)
    assert policy.group == group


def test_a_duplicate_of_no_key_is_refused() -> None:
    with pytest.raises(BadValue, match="duplicate: it says what becomes of a key that is held"):
        check_policy(defined(duplicate="reject").policy)


@pytest.mark.parametrize("limit", [{"concurrency": "1"}, {"rate": "1/1s"}])
def test_limits_of_nobody_are_refused(limit: dict[str, str]) -> None:
    said = f"{next(iter(limit))}: it is the limit of a group; give a group, a key or a name"
    with pytest.raises(BadValue, match=said):
        check_policy(defined(**limit).policy)


def test_a_definition_without_a_name_has_the_identity_given() -> None:
    made = defined()
    assert (made.identity, made.name, made.policy) == ("line", None, Policy())


def test_a_later_layer_wins_and_adds_to_the_sinks() -> None:
    merged = overlay(
        {"attempts": 3, "tz": "UTC", "sink": ("stdout:",)},
        {"attempts": 1},
        {"sink": ("file:/x", "stdout:")},
    )
    assert merged == {"attempts": 1, "tz": "UTC", "sink": ("stdout:", "file:/x", "stdout:")}
    assert overlay({"tz": "UTC"}) == {"tz": "UTC"}


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ((), ()),
        (("a:", "b:", "a:"), ("a:", "b:")),
        (("a:", "off"), ()),
        (("a:", "off", "b:"), ("b:",)),
    ],
)
def test_off_forgets_the_sinks_before_it(given: tuple[str, ...], left: tuple[str, ...]) -> None:
    assert effective_sinks(given) == left
