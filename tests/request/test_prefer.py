"""The header ``Prefer``, as RFC 7240 writes it."""

from __future__ import annotations

import pytest

from jqengine.request.prefer import prefers_async, without_async


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["respond-async"], True),
        (["Respond-Async"], True),
        (["respond-async, wait=10"], True),
        (["handling=lenient,respond-async"], True),
        (['return="a, b"; foo="\\"x", respond-async'], True),
        (["wait=10", "respond-async"], True),
        (["respond-async; foo=bar"], True),
        (["respond-async=1"], True),
        ([], False),
        ([""], False),
        (["respond-asynchronously"], False),
        (["not-respond-async"], False),
        (['foo="respond-async"'], False),
        (['foo="a, respond-async, b"'], False),
        (["handling; respond-async"], False),
        (["(((, respond-async"], False),
        (["\x00" * 1000], False),
    ],
)
def test_a_client_prefers_it_or_does_not(values: list[str], wanted: bool) -> None:
    assert prefers_async(values) is wanted


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("respond-async", ""),
        ("respond-async, wait=10", ""),
        (
            "handling=lenient, respond-async; x=1, return=minimal",
            "handling=lenient, return=minimal",
        ),
        ('return="a, b" , wait=1', 'return="a, b"'),
    ],
)
def test_the_application_is_left_with_the_rest(value: str, left: str) -> None:
    assert without_async(value) == left


def test_a_long_header_takes_no_long_time() -> None:
    assert not prefers_async(["a;" * 8000 + '"'])
    assert prefers_async([", ".join(["a"] * 4000 + ["respond-async"])])
