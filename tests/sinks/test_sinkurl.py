"""One mechanism reads the fragment of every sink URL, and refuses what is odd in it."""

from __future__ import annotations

import pytest

from jqengine.errors import BadValue
from jqengine.options import parse_flag
from jqengine.sinks.catalogue import MOST_KEPT, Catalogue, installed_factories
from jqengine.sinks.offline import check_sink_url
from jqengine.sinkurl import On, parse_sink_url, watches
from tests.sinks.values import some_tools

OWN = {"allow-private": parse_flag}


def test_a_url_is_taken_apart() -> None:
    text = "HTTPS://hooks.example.org/a?b=c#on=failure&allow-private=yes&reveal=Cookie,X-Key"
    url = parse_sink_url(text, OWN)
    assert url.text == text
    assert (url.scheme, url.target) == ("https", "//hooks.example.org/a?b=c")
    assert url.on is On.FAILURE
    assert url.reveal == {"cookie", "x-key"}
    assert dict(url.options) == {"allow-private": True}


def test_without_a_fragment_the_defaults_stand() -> None:
    url = parse_sink_url("stdout:", {})
    assert (url.on, url.reveal, dict(url.options)) == (On.ALWAYS, frozenset(), {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is not a sink; expected a URL"),
        ("stdout", "'stdout' is not a sink"),
        ("9x:y", "'9x:y' is not a sink"),
        (":x", "':x' is not a sink"),
        ("file:a b", "write spaces and the like as %20"),
        ("file:a\nb", "write spaces and the like as %20"),
        ("file:a\0b", "write spaces and the like as %20"),
        ("file:" + "a" * 2000, "longer than the 2000 characters"),
        ("stdout:#on", "#on is not an option of a sink; expected #name=value"),
        ("stdout:#on=success&", "# is not an option"),
        ("stdout:#on=sucess", "#on=: 'sucess' is none of always, success, failure, change"),
        ("stdout:#on=success&on=failure", "#on= stands twice"),
        ("stdout:#alow-private=yes", "stdout: has no option 'alow-private'; did you mean allow-"),
        ("stdout:#colour=red", "has no option 'colour'; there are allow-private, on, reveal"),
        ("stdout:#allow-private=maybe", "#allow-private=: 'maybe' is neither on nor off"),
        ("stdout:#reveal=a,,b", "#reveal=: 'a,,b' is not a list of headers"),
        ("stdout:#on=%0a", "#on= holds an unprintable character"),
    ],
)
def test_what_is_odd_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse_sink_url(text, OWN)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("stdout:#on=failure", "stdout:"),
        ("file:/var/results", "file:/var/results"),
        ("https://hooks.example.org/T00/B00/secret#on=failure", "https://hooks.example.org/..."),
        ("https://hooks.example.org?key=secret", "https://hooks.example.org/..."),
        ("https://hooks.example.org/", "https://hooks.example.org"),
        ("x://me:pw@example.org/a", "x://example.org/..."),
        ("https://hooks.example.org", "https://hooks.example.org"),
    ],
)
def test_logs_show_a_url_without_what_may_be_a_secret(text: str, label: str) -> None:
    assert parse_sink_url(text, OWN).label == label


CATALOGUE = Catalogue(installed_factories(), some_tools())


@pytest.mark.parametrize(
    "url",
    [
        "stdout:",
        "STDOUT:#on=failure",
        "mailto:alice@example.org?subject=x#on=change&diff=yes",
        "publish:/digest.html",
        "file:results",
        "file:///var/results#on=success",
        "https://hooks.example.org/x#on=failure",
        "http://[2606:4700::1]:8080/x",
        "http://10.0.0.1/x#allow-private=yes",
        "https://hooks.example.org/x#secret=env:HOOK_SECRET&authorization=file:/run/token",
    ],
)
def test_every_built_in_sink_is_found_as_a_plugin(url: str) -> None:
    CATALOGUE.check(url)
    check_sink_url(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("stdotu:", "no sink is called stdotu:; did you mean stdout:?"),
        ("xyzzy:", "no sink is called xyzzy:; expected one of file:, http:, https:"),
        ("stdout:x", "expected stdout: and nothing behind it"),
        ("stdout:#allow-private=yes", "stdout: has no option 'allow-private'"),
        ("file:", "names no directory"),
        ("file:/", "names no directory"),
        ("file:a%00b", "names no directory"),
        ("file:%ff", "is not UTF-8"),
        ("file:../x", "climbs with .."),
        ("file:a/%2e%2e/x", "climbs with .."),
        ("file://elsewhere/x", "is a file on elsewhere"),
        ("https:", "lacks a host"),
        ("https:///x", "lacks a host"),
        ("https://user:pw@example.org/", "expected #authorization=env:NAME"),
        ("https://example.org:0/", "has no port 0"),
        ("https://example.org:99999/", "has no port 99999"),
        ("https://exa%6dple.org/", "is not a host"),
        ("https://a..b/", "is not a host"),
        ("https://[::g]/", "is not an IPv6 address"),
        ("https://[fe80::1%25eth0]/", "has a zone, which only this machine"),
        ("https://example.org/#secret=whsec_abc", "a secret is named, not written"),
        ("https://127.0.0.1/", "127.0.0.1 is a private address"),
        ("https://localhost/", "localhost is a private address"),
        ("https://[::1]/", "::1 is a private address"),
    ],
)
def test_a_bad_sink_is_refused_when_its_job_is_accepted(url: str, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        CATALOGUE.check(url)
    with pytest.raises(BadValue) as offline:
        check_sink_url(url)
    assert str(offline.value) == str(caught.value)
    assert said in str(caught.value)
    assert "whsec_abc" not in str(caught.value)
    assert ":pw@" not in str(caught.value)


def test_sinks_are_made_once_and_not_kept_without_end() -> None:
    catalogue = Catalogue(installed_factories(), some_tools())
    first = catalogue.sink("file:a")
    assert catalogue.sink("file:a") is first
    for number in range(MOST_KEPT):
        catalogue.sink(f"file:{number}")
    assert catalogue.sink("file:a") is not first


@pytest.mark.parametrize(
    ("sinks", "expected"),
    [
        ((), False),
        (("stdout:", "file:on=change"), False),
        (("stdout:#on=failure",), False),
        (("stdout:", "mailto:a@b#from=c@d&on=change"), True),
        (("x:#on=change&reveal=Cookie",), True),
        (("x:#reveal=on=change",), False),
    ],
)
def test_who_watches_for_changes(sinks: tuple[str, ...], expected: bool) -> None:
    assert watches(sinks) is expected
