"""``jobqueue when``: one text, and a stream of them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jqengine.commandline.stream import LONGEST_LINE, answered
from jqengine.commandline.when import Resolver
from jqengine.job import Syntax
from tests.cli.conftest import Run
from tests.cli.test_cli import COMMAND


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["next friday 5pm"], ["2026-12-04T17:00:00+01:00"]),
        (["tomorrow", "at", "8am"], ["2026-11-25T08:00:00+01:00"]),
        (["--at", "4pm + 3 days"], ["2026-11-27T16:00:00+01:00"]),
        (["--at", "0900 UTC"], ["2026-11-25T10:00:00+01:00"]),
        (["--every", "90s"], ["2026-11-24T11:08:30+01:00"]),
        (["--every", "1500ms"], ["2026-11-24T11:07:01.500000+01:00"]),
        (["--cron", "@daily"], ["2026-11-25T00:00:00+01:00"]),
        (["--cron", "*/20 * * * *", "--tz", "UTC", "--count", "3"],
         ["2026-11-24T10:20:00+00:00", "2026-11-24T10:40:00+00:00", "2026-11-24T11:00:00+00:00"]),
        (["--every", "1h", "--count", "2"],
         ["2026-11-24T12:07:00+01:00", "2026-11-24T13:07:00+01:00"]),
        (["every weekday at 9", "--count", "2"],
         ["2026-11-25T09:00:00+01:00", "2026-11-26T09:00:00+01:00"]),
        (["--at", "noon", "--count", "5"], ["2026-11-24T12:00:00+01:00"]),
        (["--at", "noon", "--now", "2027-03-01"], ["2027-03-01T12:00:00+01:00"]),
        (["--at", "noon", "--now", "2027-07-01T13:00"], ["2027-07-02T12:00:00+02:00"]),
        (["--at", "noon", "--now", "2027-07-01T13:00Z", "--tz", "America/New_York"],
         ["2027-07-01T12:00:00-04:00"]),
        (["--at", "noon", "--now", "1795514820.5"], ["2026-11-24T12:00:00+01:00"]),
        (["--cron", "30 2 * * *", "--now", "2027-03-28"], ["2027-03-28T03:00:00+02:00"]),
    ],
)  # fmt: skip
def test_a_text(run: Run, arguments: list[str], expected: list[str]) -> None:
    outcome = run("when", *arguments)
    assert (outcome.status, outcome.lines, outcome.err) == (0, expected, "")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["tomorrow asdf"], 1, "asdf"),
        (["yesterday"], 1, "that was"),
        (["--at", "4pm + 3 dayz"], 1, "is not understood"),
        (["--cron", "61 * * * *"], 1, "minute: '61' is out of range"),
        (["--every", "soon"], 1, "'soon' is not a duration"),
        ([""], 1, ""),
        (["noon", "--tz", "Mars"], 1, "'Mars' is not a time zone"),
        (["noon", "--now", "later"], 1, "'later' is not a date or time like"),
        (["noon", "--now", "9999-12-31"], 1, "the year 9999 is out of range"),
        (["noon", "--now", "999999999999"], 1, "is out of range; expected the years 2 to 9998"),
        (["-", "--count", "2"], 2, "--count cannot go with -"),
    ],
)
def test_what_is_refused_is_one_line(
    run: Run, arguments: list[str], status: int, said: str
) -> None:
    outcome = run("when", *arguments)
    assert (outcome.status, outcome.out) == (status, "")
    assert outcome.err.startswith("error: ")
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


RESOLVER = Resolver(Syntax.AT, "2026-11-24T10:07", "UTC")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"noon", b"noon\t2026-11-24T12:00:00+00:00\n"),
        (b"noon\r", b"noon\t2026-11-24T12:00:00+00:00\n"),
        (b" noon ", b" noon \t2026-11-24T12:00:00+00:00\n"),
        (b"noon\t2026-12-01T13:00", b"noon\t2026-12-02T12:00:00+00:00\n"),
        (b"noon\t1795514820\tEurope/Paris", b"noon\t2026-11-24T12:00:00+01:00\n"),
        (b"noon\t\tEurope/Paris\r", b"noon\t2026-11-24T12:00:00+01:00\n"),
        (b"noon\t2026-11-24T12:30\tEurope/Paris", b"noon\t2026-11-25T12:00:00+01:00\n"),
        (b"noon\t\t", b"noon\t2026-11-24T12:00:00+00:00\n"),
        (b"noon\tlater", b"noon\terror: 'later' is not a date or time like 2026-12-24"),
        (b"noon\t\tMars", b"noon\terror: 'Mars' is not a time zone"),
        (b"a\tb\tc\td", b"a\terror: expected TEXT, NOW and ZONE between tabs, not more\n"),
        (b"\xffnoon", b"\xffnoon\terror: byte FF is not UTF-8\n"),
        (b"", b"\terror: "),
        (b"no\0on", b"no\0on\terror: "),
        (b" " * LONGEST_LINE, b" " * LONGEST_LINE + b"\terror: "),
        (b"x" * (LONGEST_LINE + 1), b"x" * 1000 + b"...\terror: the line is longer than 65536"),
    ],
)
def test_a_line_of_a_stream(line: bytes, answer: bytes) -> None:
    assert RESOLVER.answer(line).startswith(answer)
    assert RESOLVER.answer(line).endswith(b"\n")


@given(st.sampled_from([Syntax.AT, Syntax.CRON, Syntax.EVERY, Syntax.WHEN]), st.binary(max_size=60))
def test_whatever_the_bytes_the_answer_is_one_line_with_an_instant_or_a_reason(
    syntax: Syntax, line: bytes
) -> None:
    line = line.replace(b"\n", b"")
    answer = Resolver(syntax, "2026-11-24T10:07", "UTC").answer(line)
    text, tab, rest = answer.rpartition(b"\t")
    assert (text, tab) == (line.removesuffix(b"\r").partition(b"\t")[0], b"\t")
    assert rest.count(b"\n") == 1
    assert rest.startswith(b"error: ") or rest[:4].isdigit()
    assert b"fault of this program" not in rest


def test_a_fault_of_ours_is_an_answer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> float:
        raise ZeroDivisionError("a\tb\nc")

    monkeypatch.setattr("jqengine.commandline.when.Triggers.first", broken)
    answer = Resolver(Syntax.AT, "0", "UTC").answer(b"noon")
    assert answer.startswith(b"noon\terror: a fault of this program: ZeroDivisionError(")
    assert answer.count(b"\n") == 1
    assert answer.count(b"\t") == 1


def loud(line: bytes) -> bytes:
    return line.upper() + b"\n"


@given(st.lists(st.binary(min_size=1, max_size=9), max_size=20))
def test_however_the_input_is_cut_every_line_is_answered_in_order(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    lines = whole.split(b"\n")
    expected = lines[:-1] + ([lines[-1]] if lines[-1] else [])
    assert b"".join(answered(iter(chunks), loud)) == b"".join(loud(line) for line in expected)


def test_the_answers_of_a_chunk_do_not_wait_for_the_next() -> None:
    given_so_far: list[bytes] = []

    def chunks() -> Iterator[bytes]:
        for chunk in (b"a\nb\nc", b"d\n"):
            given_so_far.append(chunk)
            yield chunk

    answers = answered(chunks(), loud)
    assert (next(answers), given_so_far) == (b"A\nB\n", [b"a\nb\nc"])
    assert (next(answers), list(answers)) == (b"CD\n", [])


def test_a_line_without_end_is_kept_only_as_far_as_it_is_looked_at() -> None:
    seen: list[int] = []

    def answer(line: bytes) -> bytes:
        seen.append(len(line))
        return b""

    list(answered(iter([b"x" * 50_000] * 100 + [b"\nok\n", b"y" * 70_000]), answer))
    assert seen == [LONGEST_LINE + 1, 2, LONGEST_LINE + 1]


def test_a_conversation_through_a_pipe() -> None:
    command = [*COMMAND, "when", "--at", "-", "--now", "2026-11-24T10:07", "--tz", "UTC"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        for text, answer in ((b"noon", b"2026-11-24T12"), (b"x", b"error"), (b"teatime", b"2026")):
            process.stdin.write(text + b"\n")
            process.stdin.flush()
            assert process.stdout.readline().startswith(text + b"\t" + answer)
        process.stdin.write(b"midnight")
        process.stdin.close()
        assert process.stdout.read() == b"midnight\t2026-11-25T00:00:00+00:00\n"
    assert process.returncode == 0
