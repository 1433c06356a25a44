"""Conditional and range requests, row by row of RFC 9110."""

from __future__ import annotations

import pytest

from jqengine.sinks.conditional import Reply, Representation, is_etag, reply_to

DATE = "Fri, 15 Jan 2027 08:00:00 GMT"
EARLIER = "Fri, 15 Jan 2027 07:59:59 GMT"
LATER = "Fri, 15 Jan 2027 08:00:01 GMT"
PAGE = Representation('"a"', 1_800_000_000, 1000)
WEAK = PAGE._replace(etag='W/"a"')

WHOLE = Reply(200, 0, 1000)
KNOWN = Reply(304)
CHANGED = Reply(412)


def reply(page: Representation, method: str = "GET", **headers: str) -> Reply:
    given = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return reply_to(method, lambda name: given.get(name.lower()), page)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("page", "headers", "expected"),
    [
        (PAGE, {}, WHOLE),
        (PAGE, {"If_None_Match": '"a"'}, KNOWN),
        (PAGE, {"If_None_Match": 'W/"a"'}, KNOWN),
        (WEAK, {"If_None_Match": '"a"'}, KNOWN),
        (PAGE, {"If_None_Match": '"b", W/"a" , "c"'}, KNOWN),
        (PAGE, {"If_None_Match": '"a",'}, KNOWN),
        (PAGE, {"If_None_Match": "*"}, KNOWN),
        (PAGE, {"If_None_Match": '"b"'}, WHOLE),
        (PAGE, {"If_None_Match": '"x, "a"'}, WHOLE),
        (PAGE, {"If_None_Match": "a"}, WHOLE),
        (PAGE, {"If_Modified_Since": DATE}, KNOWN),
        (PAGE, {"If_Modified_Since": LATER}, KNOWN),
        (PAGE, {"If_Modified_Since": EARLIER}, WHOLE),
        (PAGE, {"If_Modified_Since": "yesterday"}, WHOLE),
        (PAGE, {"If_None_Match": '"b"', "If_Modified_Since": LATER}, WHOLE),
        (PAGE, {"If_None_Match": '"a"', "If_Modified_Since": EARLIER}, KNOWN),
        (PAGE, {"If_Match": '"a"'}, WHOLE),
        (PAGE, {"If_Match": "*"}, WHOLE),
        (PAGE, {"If_Match": '"b"'}, CHANGED),
        (PAGE, {"If_Match": 'W/"a"'}, CHANGED),
        (WEAK, {"If_Match": 'W/"a"'}, CHANGED),
        (PAGE, {"If_Unmodified_Since": DATE}, WHOLE),
        (PAGE, {"If_Unmodified_Since": EARLIER}, CHANGED),
        (PAGE, {"If_Match": '"a"', "If_Unmodified_Since": EARLIER}, WHOLE),
        (PAGE, {"If_Match": '"b"', "If_None_Match": '"a"'}, CHANGED),
        (PAGE, {"If_Match": '"a"', "If_None_Match": '"a"'}, KNOWN),
    ],
)
def test_preconditions(
    method: str, page: Representation, headers: dict[str, str], expected: Reply
) -> None:
    assert reply(page, method, **headers) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bytes=0-0", Reply(206, 0, 1)),
        ("bytes=0-999", Reply(206, 0, 1000)),
        ("bytes=0-5000", Reply(206, 0, 1000)),
        ("bytes=500-", Reply(206, 500, 1000)),
        ("bytes=-1", Reply(206, 999, 1000)),
        ("bytes=-5000", Reply(206, 0, 1000)),
        ("bytes = 1 - 2 ", Reply(206, 1, 3)),
        ("bytes=1000-", Reply(416)),
        ("bytes=-0", Reply(416)),
        ("bytes=5-4", WHOLE),
        ("bytes=-", WHOLE),
        ("bytes=", WHOLE),
        ("bytes=a-b", WHOLE),
        ("bytes=0-1,5-6", WHOLE),
        ("items=0-1", WHOLE),
        ("bytes=" + "9" * 40 + "-", WHOLE),
    ],
)
def test_ranges(text: str, expected: Reply) -> None:
    assert reply(PAGE, Range=text) == expected
    assert reply(PAGE, "HEAD", Range=text) == WHOLE


def test_a_range_of_nothing_cannot_be_had() -> None:
    assert reply(PAGE._replace(size=0), Range="bytes=0-") == Reply(416)


@pytest.mark.parametrize(
    ("page", "if_range", "applies"),
    [
        (PAGE, '"a"', True),
        (PAGE, '"b"', False),
        (WEAK, 'W/"a"', False),
        (PAGE, 'W/"a"', False),
        (PAGE, DATE, True),
        (PAGE, LATER, False),
        (PAGE, EARLIER, False),
        (PAGE, "nonsense", False),
    ],
)
def test_a_range_may_have_a_condition(page: Representation, if_range: str, applies: bool) -> None:
    found = reply(page, Range="bytes=0-0", If_Range=if_range)
    assert found == (Reply(206, 0, 1) if applies else WHOLE)


def test_what_an_entity_tag_is() -> None:
    assert is_etag('"a"')
    assert is_etag('W/""')
    assert not is_etag("a")
    assert not is_etag('"a" "b"')
    assert not is_etag('"a"\r\n')
