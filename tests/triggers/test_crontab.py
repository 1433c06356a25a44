"""Crontab files: what a line means, and every error with its place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jqengine.errors import CrontabErrors
from jqengine.job import Definition, Policy, Request, Schedule, Syntax
from jqengine.triggers.crontab import Crontab, CrontabReader
from jqengine.triggers.triggers import Triggers
from jqengine.units import Backoff, StatusSet

NOW = 1795514820.0  # 2026-11-24 10:07 UTC
DEFAULTS: dict[str, object] = {
    "tz": "Europe/Paris",
    "attempts": 4,
    "backoff": Backoff(),
    "sink": ("stdout:",),
}
TRIGGERS = Triggers()


def parsed(*texts: str | bytes, files: dict[str, bytes] | None = None) -> Crontab:
    """The crontabs ``etc/1.tab``, ``etc/2.tab`` and so on of *texts*."""
    known = dict(files or {})
    for number, text in enumerate(texts, 1):
        known[f"etc/{number}.tab"] = text.encode() if isinstance(text, str) else text

    def read(name: str) -> bytes:
        if name not in known:
            raise FileNotFoundError(2, "No such file or directory", name)
        return known[name]

    reader = CrontabReader(defaults=DEFAULTS, read=read, triggers=TRIGGERS, now=NOW)
    return reader.parse([f"etc/{number}.tab" for number in range(1, len(texts) + 1)])


def definition(text: str) -> Definition:
    """That of the last line of *text*."""
    return parsed(text).definitions[-1]


def errors(*texts: str | bytes, **files: bytes) -> list[str]:
    with pytest.raises(CrontabErrors) as caught:
        parsed(*texts, **files)
    return [str(one) for one in caught.value.errors]


DESIGN = """\
CRON_TZ=Europe/Paris
MAILTO=ops@example.org
# m  h dom mon dow  user   request
*/5  * *   *   *    -      /queue/poll
0    3 *   *   1-5  alice  POST /reports/nightly fmt=pdf Accept:application/pdf --name=nightly --attempts=5
@daily              bob    /digest --sink=publish:/digest.html
@reboot             -      /cache/warm
@every 90s          -      /heartbeat
@when "next friday 5pm"   alice  /party
@at "4pm + 3 days"        alice  DELETE /trial/77 --sink=https://hooks.example.org/x#on=failure
"""  # noqa: E501


def test_the_crontab_of_the_design() -> None:
    crontab = parsed(DESIGN)
    facts = [
        (
            line.line, one.schedule.syntax, one.schedule.text, one.request.user,
            f"{one.request.method} {one.request.target}", one.sinks[2:],
        )
        for line, one in zip(crontab.lines, crontab.definitions, strict=True)
    ]  # fmt: skip
    assert facts == [
        (4, "cron", "*/5 * * * *", None, "GET /queue/poll", ()),
        (5, "cron", "0 3 * * 1-5", "alice", "POST /reports/nightly", ()),
        (6, "cron", "@daily", "bob", "GET /digest", ("publish:/digest.html",)),
        (7, "reboot", "", None, "GET /cache/warm", ()),
        (8, "every", "90s", None, "GET /heartbeat", ()),
        (9, "when", "next friday 5pm", "alice", "GET /party", ()),
        (10, "at", "4pm + 3 days", "alice", "DELETE /trial/77",
         ("https://hooks.example.org/x#on=failure",)),
    ]  # fmt: skip
    for one in crontab.definitions:
        assert one.sinks[:2] == ("stdout:", "mailto:ops@example.org")
        assert (one.schedule.zone, one.origin) == ("Europe/Paris", "crontab")
    nightly = crontab.definitions[1]
    assert (nightly.identity, nightly.name, nightly.policy.attempts) == ("nightly", "nightly", 5)
    assert nightly.request.body == b"fmt=pdf"
    assert nightly.request.headers[0] == ("Accept", "application/pdf")
    assert crontab.warnings == ()
    assert {line.never for line in crontab.lines} == {""}


def test_a_line_takes_every_option_and_the_engines_defaults() -> None:
    made = definition("@hourly - /x --times=2 --jitter=1m --remove-on=never --tz=Asia/Tokyo")
    assert made.schedule == Schedule(
        syntax=Syntax.CRON, text="@hourly", zone="Asia/Tokyo", times=2, jitter=60.0
    )
    assert made.policy == Policy(attempts=4, remove_on=StatusSet())


@pytest.mark.parametrize(
    ("variables", "options", "expected"),
    [
        ("JOBQUEUE_ATTEMPTS=2", "", 2),
        ("JOBQUEUE_ATTEMPTS = '2' ", "", 2),
        ('"JOBQUEUE_ATTEMPTS"="2"', "", 2),
        ("JOBQUEUE_ATTEMPTS=2\nJOBQUEUE_ATTEMPTS=7", "", 7),
        ("JOBQUEUE_ATTEMPTS=2\nJOBQUEUE_ATTEMPTS=", "", 4),
        ("JOBQUEUE_ATTEMPTS=2\nJOBQUEUE_ATTEMPTS=''", "", 4),
        ("JOBQUEUE_ATTEMPTS=2", "--attempts=9", 9),
        ("", "", 4),
    ],
)
def test_a_variable_is_a_default_of_the_lines_below(
    variables: str, options: str, expected: int
) -> None:
    text = f"@hourly - /above\n{variables}\n@daily - /below {options}\n"
    above, below = parsed(text).definitions
    assert (above.policy.attempts, below.policy.attempts) == (4, expected)


@pytest.mark.parametrize(
    ("variables", "options", "expected"),
    [
        ("", "", ["stdout:"]),
        ("", "--sink=off", []),
        ("", "--sink=file:/a --sink=file:/b --sink=file:/a", ["stdout:", "file:/a", "file:/b"]),
        ("", "--sink=off --sink=file:/a", ["file:/a"]),
        ("JOBQUEUE_SINK=file:/a", "", ["stdout:", "file:/a"]),
        ("JOBQUEUE_SINK='off file:/a file:/b'", "", ["file:/a", "file:/b"]),
        ("JOBQUEUE_SINK=file:/a\nJOBQUEUE_SINK=file:/b", "", ["stdout:", "file:/b"]),
        ("MAILTO=a@x.example", "", ["stdout:", "mailto:a@x.example"]),
        ("MAILTO=ops", "", ["stdout:", "mailto:ops"]),
        ("MAILTO='a@x , b+c@y'", "", ["stdout:", "mailto:a@x,b+c@y"]),
        ("MAILTO=a?b%&#@x", "", ["stdout:", "mailto:a%3Fb%25%26%23@x"]),
        ("MAILTO=a@x\nMAILTO=", "", ["stdout:"]),
        ('MAILTO=a@x\nMAILTO=""', "", ["stdout:"]),
        ("MAILFROM=cron@x", "", ["stdout:"]),
        ("MAILFROM=cron@x\nMAILTO=a@x", "", ["stdout:", "mailto:a@x#from=cron@x"]),
        ("MAILTO=a@x\nMAILFROM=cron@x\nMAILFROM=", "", ["stdout:", "mailto:a@x"]),
        ("MAILTO=a@x\nJOBQUEUE_SINK=off", "", ["mailto:a@x"]),
        ("MAILTO=a@x", "--sink=off", []),
        ("MAILTO=a@x", "--sink=file:/a", ["stdout:", "mailto:a@x", "file:/a"]),
    ],
)
def test_where_results_go(variables: str, options: str, expected: list[str]) -> None:
    assert list(definition(f"{variables}\n@daily - /x {options}\n").sinks) == expected


@pytest.mark.parametrize(
    ("variable", "field", "expected"),
    [
        ("CRON_TZ=UTC", "zone", "UTC"),
        ("JOBQUEUE_TZ=UTC", "zone", "UTC"),
        ("CRON_TZ=UTC\nJOBQUEUE_TZ=Asia/Tokyo", "zone", "Asia/Tokyo"),
        ("CRON_TZ=UTC\nCRON_TZ=", "zone", "Europe/Paris"),
        ("RANDOM_DELAY=45", "jitter", 2700.0),
        ("RANDOM_DELAY=45\nJOBQUEUE_JITTER=90s", "jitter", 90.0),
        ("RANDOM_DELAY=0", "jitter", 0.0),
        ("RANDOM_DELAY=45\nRANDOM_DELAY=", "jitter", 0.0),
        ("CRON_TZ=UTC\nJOBQUEUE_UNTIL=2027-01-01T00:00", "until", 1798761600.0),
        ("JOBQUEUE_UNTIL=2027-01-01T00:00\nCRON_TZ=UTC", "until", 1798761600.0),
    ],
)
def test_variables_of_the_schedule(variable: str, field: str, expected: object) -> None:
    assert getattr(definition(f"{variable}\n@daily - /x\n").schedule, field) == expected


def test_variables_of_a_command_are_ignored_with_a_warning() -> None:
    crontab = parsed("SHELL=/bin/sh\n  PATH=/bin\nHOME=/\nLOGNAME=x\n@daily - /x\n")
    assert [str(one) for one in crontab.warnings] == [
        "etc/1.tab:1:1: SHELL is ignored: a job is a request, not a command",
        "etc/1.tab:2:3: PATH is ignored: a job is a request, not a command",
        "etc/1.tab:3:1: HOME is ignored: a job is a request, not a command",
        "etc/1.tab:4:1: LOGNAME is ignored: a job is a request, not a command",
    ]
    assert len(crontab.lines) == 1


@pytest.mark.parametrize(
    "text",
    [
        "* * * * * - /x\n",
        "* * * * * - /x",
        "\ufeff* * * * * - /x\n",
        "* * * * * - /x\r\n",
        "\n\n  \t\n# a\n\t# b \x0b \u2028\n*\t*  * *\t* \t-\t /x \t \n#\n",
    ],
)
def test_white_space_comments_and_line_ends(text: str) -> None:
    made = definition(text)
    assert (made.schedule.text, made.request) == ("* * * * *", Request(target="/x"))
    assert made.identity == definition("* * * * * - /x").identity


def test_a_percent_sign_and_a_hash_are_not_special() -> None:
    assert definition("@daily - /x d=50% t=#1").request.target == "/x?d=50%25&t=%231"


def test_the_user() -> None:
    assert definition("@daily - /x").request.user is None
    assert definition("@daily www-data /x").request.user == "www-data"
    assert definition("@daily 'Jean Dupont' /x").request.user == "Jean Dupont"
    assert definition("0 3 * * * 1000 /x").request.user == "1000"
    assert definition("0 3 * * * sun /x").request.user == "sun"
    assert definition("@daily 'post' /x").request.user == "post"


def test_a_body_is_read_beside_its_crontab() -> None:
    made = parsed("@daily - PUT /x @data/b.bin", files={"etc/data/b.bin": b"\x00\xff"})
    assert made.definitions[0].request.body == b"\x00\xff"


# Identity.

LINE = '0 3 * * 1-5  alice  POST /x  "a=b  c"'


def test_the_identity_of_a_line_is_all_of_it_but_its_blanks() -> None:
    identity = definition(LINE).identity
    assert identity is not None
    assert identity.startswith("line:")
    for same in (
        '0\t3 * * 1-5 alice POST /x "a=b  c"',
        f"   {LINE}  ",
        f"JOBQUEUE_ATTEMPTS=9\nCRON_TZ=UTC\nMAILTO=a@x\n{LINE}",
        f"@daily - /other\n\n{LINE}",
    ):
        assert definition(same).identity == identity
    for other in (
        '0 3 * * 1-5 alice POST /x "a=b c"',
        "0 3 * * 1-5 alice POST /x 'a=b  c'",
        f"{LINE} --attempts=4",
        '0 3 * * 1-5 bob POST /x "a=b  c"',
    ):
        assert definition(other).identity != identity


def test_the_identity_of_a_named_line_is_its_name() -> None:
    assert definition("@daily - /x --name=n").identity == "n"


def test_two_lines_of_one_identity_are_an_error_that_names_both() -> None:
    assert errors(
        "@daily - /x\n@daily - /y --name=n\n@daily  -  /x\n", "@hourly - /z --name=n\n@daily - /x"
    ) == [
        "etc/1.tab:3:1: line 1 is the same; give one of the two a --name",
        "etc/2.tab:1:1: the name 'n' is taken by etc/1.tab:2",
        "etc/2.tab:2:1: etc/1.tab:1 is the same; give one of the two a --name",
    ]


# Errors.

FIVE = "a crontab line has five time fields, then the user or -, then the request; "
SIXTH = (
    " would be a sixth time field: the user is missing, or there is a field for seconds,"
    " which @every 30s replaces"
)


@pytest.mark.parametrize(
    ("line", "column", "said"),
    [
        # Too many and too few fields.
        ("0 */5 * * * * - /x", 13, f"{FIVE}'*'{SIXTH}"),
        ("0 0 3 * * 1-5 alice POST /x", 11, f"{FIVE}'1-5'{SIXTH}"),
        ("0 0 3 * * MON-FRI alice /x", 11, f"{FIVE}'MON-FRI'{SIXTH}"),
        ("0 0 3 * * MON alice /x", 11, f"{FIVE}'MON'{SIXTH}"),
        ("0 0 12 * * ? - /x", 12, f"{FIVE}'?'{SIXTH}"),
        ("* * * * * */2,3 /x", 11, f"{FIVE}'*/2,3'{SIXTH}"),
        ("*/5 * * * alice /x", 11, f"{FIVE}here are 4 time fields"),
        ("*/5 * * * - /x", 11, f"{FIVE}here are 4 time fields"),
        ("5 - /x", 3, f"{FIVE}here are 1 time field"),
        ("- /x", 1, f"{FIVE}here are no time fields"),
        ("/x", 1, f"{FIVE}here are no time fields"),
        ('"0 3 * * *" - /x', 1, "time fields stand without quotes and backslashes"),
        ("0 3 * '* *' * - /x", 7, "time fields stand without quotes and backslashes"),
        ("* *", 3, f"{FIVE}here are 2 time fields"),
        # The user and the request.
        ("*/5 * * * * /x", 13, "the user is missing before '/x'; write - for nobody"),
        ("*/5 * * * * POST /x", 13, "the user is missing before 'POST'; write - for nobody"),
        ("*/5 * * * * get /x", 13, "the user is missing before 'get'; write - for nobody"),
        ("@daily /x", 8, "the user is missing before '/x'; write - for nobody"),
        ("* * * * *", 10, "the user or - and the request are missing"),
        ("@reboot", 8, "the user or - and the request are missing"),
        ("* * * * * bob", 14, "the request is missing; expected [METHOD] URI"),
        ("@daily bob http://x/y", 12, "a job asks this engine's own application"),
        ("@daily - /x # nightly", 13, "a comment stands on a line of its own"),
        ("@daily - /x --atempts=3", 13, "there is no option --atempts; did you mean attempts?"),
        ("@daily - /x --attempts=0", 24, "--attempts: '0' is not a whole number"),
        ("@daily - /x --until=9999-12-31", 21, "the year 9999 is out of range"),
        ("@daily - /x --tz=Europe/Pari", 18, "--tz: 'Europe/Pari' is not a time zone"),
        ("@daily - PUT /x @b", 17, "cannot read the body from 'b': No such file or directory"),
        ("@daily - 'x", 10, "the quote ' is not closed"),
        # The time.
        ("61 * * * * - /x", 1, "minute: '61' is out of range; expected 0 to 59"),
        ("*  *\t1,32 * * - /x", 8, "day of month: '32' is out of range"),
        ("0 0 30 2 * - /x", 5, "day of month: '30' is never"),
        ("0 22-2 * * * - /x", 3, "hour: '22-2' runs backward"),
        ("  @dayly - /x", 3, "there is no '@dayly'; did you mean @daily?"),
        ("@ - /x", 1, "there is no '@'; expected one of @reboot, @every"),
        ("@every - /x", 1, "a time must follow @every, as in @every 90s"),
        ("@at /x", 1, "a time must follow @at, as in @at"),
        ("@every x - /x", 8, "'x' is not a duration"),
        ('@every  "0.1s" - /x', 10, "is too short an interval"),
        ("@every 10 minutes - /x", 8, 'a time of several words needs quotes: @every "10 minutes"'),
        ("@when next friday 5pm a /x", 7, 'needs quotes: @when "next friday 5pm"'),
        ('@at "noon tomorow" - /x', 11, "tomorow"),
        # Variables.
        ("MAILT0=x", 1, "there is no variable 'MAILT0'; did you mean MAILTO?"),
        ("TZ=UTC", 1, "there is no variable 'TZ'; did you mean CRON_TZ?"),
        ("FROBNICATE=1", 1, "there is no variable 'FROBNICATE'; expected CRON_TZ, MAILTO"),
        ("JOBQUEUE_ATEMPTS=1", 1, "did you mean JOBQUEUE_ATTEMPTS?"),
        ("JOBQUEUE_ATTEMPTS=x", 19, "JOBQUEUE_ATTEMPTS: 'x' is not a whole number"),
        ("JOBQUEUE_NAME=x", 1, "a name is one job's own; write --name=NAME on its line"),
        ("CRON_TZ = 'Mars'", 12, "CRON_TZ: 'Mars' is not a time zone"),
        ("RANDOM_DELAY=5m", 14, "RANDOM_DELAY: '5m' is not a whole number of minutes"),
        ("MAILTO=a b", 8, "MAILTO: 'a b' is not a mail address"),
        ("MAILTO=a@x,", 8, "MAILTO: '' is not a mail address"),
        ("MAILFROM=a@x,b@y", 10, "MAILFROM: 'a@x,b@y' is not a mail address"),
        ('MAILTO="a@x', 8, 'the value must end with the " that it begins with'),
        ('MAILTO="a@x" # ops', 8, 'the value must end with the " that it begins with'),
        ("export A=1", 1, "expected five time fields, @every or another @word, or NAME=value"),
        # The text itself.
        ("* * * * * -\u00a0/x", 12, "U+00A0 is not a blank"),
        ("@daily - /x\x0b", 12, "U+000B is a control character"),
        ("@daily - /x\r\r", 12, "U+000D is a control character"),
        ("@daily - /x\x85", 12, "U+0085 is a control character"),
    ],
)
def test_an_error_says_what_and_where(line: str, column: int, said: str) -> None:
    (found,) = errors(f"# comment\n{line}\n@hourly - /good\n")
    place, _, message = found.partition(": ")
    assert place == f"etc/1.tab:2:{column}"
    assert said in message
    assert "\n" not in found


def test_every_error_of_every_line_and_file_is_reported_in_order() -> None:
    assert errors(
        "61 * * * * - /x a --foo=1\n@daily - /ok\n\nX=1\n* * * * 9 - get /x", b"@daily\xff - /x\n"
    ) == [
        "etc/1.tab:1:1: minute: '61' is out of range; expected 0 to 59",
        "etc/1.tab:1:17: expected name=value, Header:value, @file or --option=value, not 'a'",
        "etc/1.tab:1:19: there is no option --foo; expected one of a job's options",
        "etc/1.tab:4:1: there is no variable 'X';"
        " expected CRON_TZ, MAILTO, MAILFROM, RANDOM_DELAY or JOBQUEUE_ and an option",
        "etc/1.tab:5:9: day of week: '9' is out of range; expected 0 to 7 or sun to sat",
        "etc/1.tab:5:13: a method is written in capitals: GET",
        "etc/2.tab:1:7: byte FF is not UTF-8, which a crontab is written in",
    ]


def test_the_column_counts_characters_not_bytes() -> None:
    assert errors("@daily é /x y") == [
        "etc/1.tab:1:13: expected name=value, Header:value, @file or --option=value, not 'y'"
    ]
    assert errors("@daily é ".encode() + b"\xe9") == [
        "etc/1.tab:1:10: byte E9 is not UTF-8, which a crontab is written in"
    ]


def test_what_is_wrong_with_a_whole_file() -> None:
    reader = CrontabReader(
        defaults=DEFAULTS,
        read=lambda name: {"a": b"\x7fELF\0\xff", "b": b""}.get(name) or open_nothing(name),
        triggers=TRIGGERS,
        now=NOW,
    )
    with pytest.raises(CrontabErrors) as caught:
        reader.parse(["a", "none", "a"])
    assert [str(one) for one in caught.value.errors] == [
        "a: is not a text in UTF-8",
        "a: is given twice",
        "none: cannot be read: No such file or directory",
    ]


def open_nothing(name: str) -> bytes:
    raise FileNotFoundError(2, "No such file or directory", name)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('@at "10:00 Nov 20 2026" - /x', "that was"),
        ("@daily - /x --until=2026-11-24T12:00", "no due time is left for it"),
    ],
)
def test_a_time_that_is_past_is_no_error_and_is_known(line: str, why: str) -> None:
    crontab = parsed(f"{line}\n@reboot - /y --until=2020-01-01\n")
    assert why in crontab.lines[0].never
    assert crontab.lines[1].never == ""


@given(st.binary(max_size=200))
def test_whatever_the_bytes_there_is_a_crontab_or_errors_with_places(data: bytes) -> None:
    try:
        parsed(data)
    except CrontabErrors as error:
        lines = data.count(b"\n") + 1
        for one in error.errors:
            assert 0 <= one.line <= lines
            assert "\n" not in str(one)


WORDS = ["@every", "90s", "*", "-", "/x", "a=b", "A:b", "--name=n", "'", '"', "\\", "=", "#", "@at"]


@example(["*", "*", "*", "'", "'", "*", "-", "/x"])
@given(st.lists(st.sampled_from([*WORDS, " ", "\t", "\n", "é", "\u00a0"]), max_size=20))
def test_whatever_the_words_every_column_is_on_its_line(words: list[Any]) -> None:
    text = " ".join(words)
    try:
        parsed(text)
    except CrontabErrors as error:
        for one in error.errors:
            assert 1 <= one.column <= len(text.split("\n")[one.line - 1]) + 1
