"""Hosts and paths of webhooks, in whatever spelling."""

from __future__ import annotations

import pytest

from jqengine.sinks.weburl import parse_web_url


@pytest.mark.parametrize(
    ("scheme", "target", "url"),
    [
        ("https", "//example.org", "https://example.org/"),
        ("https", "//EXAMPLE.org:443/a?b=c", "https://example.org/a?b=c"),
        ("http", "//example.org:443/", "http://example.org:443/"),
        ("https", "//example.org?q=1", "https://example.org/?q=1"),
        ("https", "//example.org/a%20b/é?q=ü", "https://example.org/a%20b/%C3%A9?q=%C3%BC"),
        (
            "https",
            '//example.org/a\\b"<>^`{|}',
            "https://example.org/a%5Cb%22%3C%3E%5E%60%7B%7C%7D",
        ),
        ("https", "//bücher.example/", "https://xn--bcher-kva.example/"),
        ("https", "//faß.example/", "https://xn--fa-hia.example/"),
        ("https", "//\uff11\uff12\uff17.0.0.\uff11/", "https://127.0.0.1/"),
        ("http", "//[2001:DB8::1]:8080/x", "http://[2001:db8::1]:8080/x"),
        ("http", "//[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
        ("http", "//my_service.internal./", "http://my_service.internal./"),
    ],
)
def test_a_url_in_its_plain_form(scheme: str, target: str, url: str) -> None:
    assert str(parse_web_url(scheme, target)) == url
