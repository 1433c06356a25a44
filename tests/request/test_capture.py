"""Whatever an application does, one result comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from jqengine.job import Result
from jqengine.request.capture import call_application, describe_exception


def capture(application: Any, **options: Any) -> Result:
    ticks = iter([10.0, 12.5])
    return call_application(
        application, {}, **{"now": lambda: next(ticks), "body_limit": 100, **options}
    )


def test_a_response_is_kept_with_its_times() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("201 Made", [("X-A", "1"), ("Content-Type", "text/plain")])
        return [b"one ", b"", b"two"]

    result = capture(application)
    assert result == Result(
        201, "Made", (("X-A", "1"), ("Content-Type", "text/plain")), b"one two", False, 10.0, 12.5
    )
    assert result.header("content-TYPE") == "text/plain"
    assert result.header("missing") is None


def test_write_and_iterable_come_in_order() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [])
        write(b"first ")
        return [b"second"]

    assert capture(application).body == b"first second"


def test_start_response_may_come_with_the_first_chunk() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"late"

    assert capture(application).body == b"late"


def test_the_body_is_bounded_but_read_to_its_end() -> None:
    read: list[int] = []

    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        for number in range(30):
            read.append(number)
            yield b"0123456789"

    result = capture(application, body_limit=25)
    assert (result.body, result.truncated) == (b"0123456789012345678901234", True)
    assert len(read) == 30


class Closing:
    """An iterable that remembers being closed."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = chunks
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        yield from self.chunks

    def close(self) -> None:
        self.closed += 1


def failing_chunks(error: BaseException) -> Iterator[bytes]:
    yield b"part"
    raise error


@pytest.mark.parametrize("chunks", [lambda: [b"x"], lambda: failing_chunks(OSError("lost"))])
def test_close_is_called_once(chunks: Callable[[], Iterable[bytes]]) -> None:
    body = Closing(chunks())

    def application(environ: dict[str, Any], start_response: Any) -> Closing:
        start_response("200 OK", [])
        return body

    capture(application)
    assert body.closed == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("bad\n  thing"), "ValueError: bad thing"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (RecursionError(), "RecursionError"),
    ],
)
def test_any_exception_is_no_response(error: BaseException, reason: str) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise error

    result = capture(application)
    assert (result.status, result.reason, result.body) == (0, reason, b"")


def test_a_body_that_breaks_off_is_no_response_and_says_how_much_came() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        return failing_chunks(OSError("lost"))

    result = capture(application)
    assert result.status == 0
    assert result.reason == "OSError: lost (broke off after 4 bytes)"
    assert result.body == b"part"


def test_an_error_page_may_replace_a_response_that_has_not_begun() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        try:
            raise ValueError
        except ValueError as error:
            start_response("500 Oops", [], (type(error), error, error.__traceback__))
        return [b"sorry"]

    assert capture(application)[:2] == (500, "Oops")


def test_an_error_page_comes_too_late_once_the_body_has_begun() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"x"
        try:
            raise ValueError("too late")
        except ValueError as error:
            start_response("500 Oops", [], (type(error), error, error.__traceback__))

    assert capture(application)[:2] == (0, "ValueError: too late (broke off after 1 bytes)")


@pytest.mark.parametrize("status", ["OK", "20 short", "2000 long", "abc Name", ""])
def test_a_malformed_status_is_refused(status: str) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, [])
        return []

    result = capture(application)
    assert result.status == 0
    assert "is not a status" in result.reason


def test_forgetting_start_response_or_calling_it_twice_is_said() -> None:
    def silent(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        return []

    def early(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        return [b"x"]

    def twice(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        start_response("200 OK", [])
        return []

    assert capture(silent).reason == "the application did not call start_response"
    assert "before start_response" in capture(early).reason
    assert "twice" in capture(twice).reason


def test_an_endless_body_is_given_up_once_nobody_wants_it() -> None:
    asked: list[int] = []

    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        while True:
            yield b"more"

    def wanted() -> bool:
        asked.append(1)
        return len(asked) < 4

    assert capture(application, wanted=wanted).reason.startswith("TimeoutError: given up")


def test_a_clock_that_steps_back_gives_no_negative_duration() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return []

    ticks = iter([10.0, 5.0])
    result = call_application(application, {}, now=lambda: next(ticks), body_limit=1)
    assert (result.started, result.finished) == (10.0, 10.0)


def test_a_huge_exception_text_stays_one_short_line() -> None:
    assert len(describe_exception(ValueError("x" * 5000))) == 300
