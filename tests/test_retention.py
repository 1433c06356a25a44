"""How long results are kept, as users say it."""

from __future__ import annotations

import pytest

from jqengine.errors import BadValue
from jqengine.retention import Retention


@pytest.mark.parametrize(
    ("text", "retention"),
    [
        ("30d,100000,2GiB", Retention(30 * 86400.0, 100_000, 2 * 1024**3)),
        ("2GiB, 30d", Retention(30 * 86400.0, None, 2 * 1024**3)),
        ("500", Retention(count=500)),
        ("0", Retention(count=0)),
        ("12h", Retention(age=12 * 3600.0)),
        ("15m", Retention(age=900.0)),
        ("15 MB", Retention(size=15_000_000)),
        ("forever", Retention()),
        (" Forever ", Retention()),
    ],
)
def test_limits(text: str, retention: Retention) -> None:
    assert Retention.parse(text) == retention


@pytest.mark.parametrize("text", ["", "always", "30d,", "-5", "30d;5", "5 apples", "1.2.3GiB"])
def test_what_is_not_understood(text: str) -> None:
    with pytest.raises(BadValue, match="is not how long to keep results"):
        Retention.parse(text)


def test_two_limits_of_one_kind() -> None:
    with pytest.raises(BadValue, match="two limits of one kind"):
        Retention.parse("30d,12h")
