"""``publish:`` paths and what is done with a result."""

from __future__ import annotations

from typing import Any

import pytest

from jqengine.errors import BadValue, DeliveryFailed
from jqengine.sinks.publish import PublishSink, parse_path
from jqengine.sinkurl import parse_sink_url
from tests.sinks.values import ATTACKS, RememberedPublications, a_parcel, a_result, some_tools


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/", "/"),
        ("/digest.html", "/digest.html"),
        ("/a/b/", "/a/b/"),
        ("/r%C3%A9sum%C3%A9%20.txt", "/résumé .txt"),
        ("/...", "/..."),
    ],
)
def test_a_path(target: str, path: str) -> None:
    assert parse_path(target) == path


@pytest.mark.parametrize(
    "target",
    [
        "", "digest.html", "//host/x", "/a//b", "/a/../b", "/..", "/a/.", "/%2e%2e/b", "/a%2Fb",
        "/a%5Cb", "/a\\b", "/a?b=c", "/%ff", "/a%00b", "/a%0d%0ab",
    ],
)  # fmt: skip
def test_what_is_no_plain_path(target: str) -> None:
    with pytest.raises(BadValue):
        parse_path(target)


@pytest.mark.parametrize("text", ATTACKS)
def test_no_attack_is_a_path(text: str) -> None:
    with pytest.raises(BadValue):
        parse_path(text)


def publish(result: Any) -> RememberedPublications:
    publications = RememberedPublications()
    url = parse_sink_url("publish:/x", PublishSink.options)
    sink = PublishSink(url, some_tools(publications=publications))
    failures: list[Any] = []
    sink.deliver(a_parcel(result)).addErrback(failures.append)
    if failures:
        failures[0].raiseException()
    return publications


def test_a_good_result_is_published() -> None:
    assert publish(a_result()).published == {"/x": a_parcel()}


@pytest.mark.parametrize("status", [0, 302, 304, 404, 500])
def test_any_other_changes_nothing(status: int) -> None:
    assert publish(a_result(status=status)).published == {}


def test_half_a_body_is_not_published() -> None:
    with pytest.raises(DeliveryFailed, match="cut off after 6 bytes") as caught:
        publish(a_result(truncated=True))
    assert caught.value.permanent


def test_failures_alone_cannot_be_published() -> None:
    with pytest.raises(BadValue, match="serves good results"):
        PublishSink(parse_sink_url("publish:/x#on=failure", {}), some_tools())
