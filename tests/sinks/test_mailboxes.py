"""Addresses and ``mailto:`` URLs; nothing in them can become a header."""

from __future__ import annotations

import pytest

from jqengine.errors import BadValue
from jqengine.sinks.mailboxes import parse_address, parse_mailto, plain
from tests.sinks.values import ATTACKS


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("alice@example.org", "alice@example.org"),
        (" alice@example.org ", "alice@example.org"),
        ("Alice Liddell <alice@example.org>", "Alice Liddell <alice@example.org>"),
        ('"Liddell, Alice" <alice@example.org>', '"Liddell, Alice" <alice@example.org>'),
        ("Jörg Ünal <j@example.org>", "Jörg Ünal <j@example.org>"),
        ("j@bücher.example", "j@xn--bcher-kva.example"),
        ("o'brien+jobs=x@example.org", "o'brien+jobs=x@example.org"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_an_address(text: str, shown: str) -> None:
    assert str(parse_address(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "", "alice", "@example.org", "alice@", "a b@example.org", "alice@exa mple.org",
        "alice@@example.org", "alice@example.org, bob@example.org", "alice@example..org",
        "alice@-example.org", ".alice@example.org", "al..ice@example.org", '"a b"@example.org',
        "alice@[127.0.0.1]", "jörg@example.org", "alice@example.org>", "<alice@example.org",
        "A <B <alice@example.org>>", "alice@example.org\r\nBcc: bob@example.org",
        "a" * 65 + "@example.org", "A\r\nB <alice@example.org>", "alice@exa\0mple.org",
        "alice(comment)@example.org", "alice@ex_ample.org",
    ],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(BadValue):
        parse_address(text)


def test_a_mailto_with_everything() -> None:
    recipients = parse_mailto(
        "a@x.org,J%C3%B6rg%20%3Cj@x.org%3E?to=c@x.org&cc=d@x.org&bcc=e@x.org,a@x.org"
        "&subject=Nightly%20report%3A%20%C3%BCbersicht"
    )
    assert [str(one) for one in recipients.to] == ["a@x.org", "Jörg <j@x.org>", "c@x.org"]
    assert [str(one) for one in recipients.cc] == ["d@x.org"]
    assert recipients.envelope == ("a@x.org", "j@x.org", "c@x.org", "d@x.org", "e@x.org")
    assert recipients.subject == "Nightly report: übersicht"


def test_a_plain_user_is_one_of_the_mail_server() -> None:
    assert parse_mailto("root,a@x.org").envelope == ("root@localhost", "a@x.org")


def test_a_comma_within_a_name_is_written_encoded() -> None:
    (only,) = parse_mailto("%22Liddell%2C%20Alice%22%20%3Calice@x.org%3E").to
    assert only.display_name == "Liddell, Alice"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("", "writes to 1 to 50 addresses"),
        ("?subject=x", "writes to 1 to 50 addresses"),
        (",".join(f"a{number}@x.org" for number in range(51)), "1 to 50 addresses"),
        ("a@x.org,", "'' is not a mail address"),
        ("a@x.org?body=hello", "mailto: has no field 'body'; there are to, cc, bcc, subject"),
        ("a@x.org?subjetc=x", "did you mean subject?"),
        ("a@x.org?From=b@x.org", "mailto: has no field 'From'"),
        ("a@x.org?subject", "mailto: has no field 'subject'"),
        ("a@x.org?subject=a&subject=b", "two subjects"),
        ("a@x.org?subject=a%0D%0ABcc:%20b@x.org", "holds an unprintable character"),
        ("a%0Ab@x.org", "holds an unprintable character"),
        ("a@x.org?subject=%FF", "is not UTF-8"),
    ],
)
def test_a_bad_mailto_says_what_is_wrong(target: str, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse_mailto(target)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ATTACKS)
def test_plain_text_is_one_line_without_encoded_words(text: str) -> None:
    assert plain(text).isprintable()
    assert "=?" not in plain(text)
