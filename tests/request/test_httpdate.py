"""Dates and waits in headers mean the same on a machine of any zone."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from jqengine.request.httpdate import http_date
from jqengine.request.retryafter import retry_after


@pytest.fixture(params=["UTC", "America/New_York"])
def _local_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_local_zone")
@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("Fri, 15 Jan 2027 08:00:00 GMT", 1_800_000_000),
        ("Friday, 15-Jan-27 08:00:00 GMT", 1_800_000_000),
        ("Fri Jan 15 08:00:00 2027", 1_800_000_000),
        (" Fri, 15 Jan 2027 09:00:00 +0100 ", 1_800_000_000),
        ("", None),
        ("soon", None),
        ("Fri, 99 Jan 2027 08:00:00 GMT", None),
        ("Fri, 15 Jan 99999 08:00:00 GMT", None),
    ],
)
def test_dates_in_each_of_their_forms(text: str, instant: int | None) -> None:
    assert http_date(text) == instant


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("9" * 30, 999_999_999.0),
        ("Fri, 15 Jan 2027 08:00:00 GMT", 10.0),
        ("Fri Jan 15 07:59:00 2027", -50.0),
        ("-5", None),
        ("1.5", None),
        ("\u0661", None),
        ("soon", None),
    ],
)
def test_what_retry_after_asks_for(text: str, seconds: float | None) -> None:
    assert retry_after(text, 1_800_000_000 - 10.0) == seconds
