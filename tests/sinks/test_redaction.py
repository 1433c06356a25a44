"""Secrets show as hashes, equal ones as equal hashes."""

from __future__ import annotations

import pytest

from jqengine.job import Request
from jqengine.redaction import Redactor, is_form
from jqengine.secretnames import stands_for_a_secret
from tests.sinks.values import a_result, a_run

REDACTOR = Redactor(b"a key of this engine")


def test_secret_headers_become_hashes_in_any_spelling() -> None:
    headers = (("AUTHORIZATION", "Bearer abc"), ("set-cookie", "s=1"), ("Accept", "*/*"))
    (first, second, third) = REDACTOR.headers(headers)
    assert first == ("AUTHORIZATION", REDACTOR.hash("Bearer abc"))
    assert second == ("set-cookie", REDACTOR.hash("s=1"))
    assert third == ("Accept", "*/*")
    assert "abc" not in first[1]


def test_equal_secrets_have_equal_hashes_and_another_key_has_others() -> None:
    assert REDACTOR.hash("a") == REDACTOR.hash("a") != REDACTOR.hash("b")
    assert Redactor(b"another key").hash("a") != REDACTOR.hash("a")
    REDACTOR.hash("\udcff")  # a byte that is no character


def test_what_is_asked_for_by_name_is_shown() -> None:
    headers = (("Authorization", "Bearer abc"), ("Cookie", "s=1"))
    shown = REDACTOR.headers(headers, frozenset({"cookie"}))
    assert shown == (("Authorization", REDACTOR.hash("Bearer abc")), ("Cookie", "s=1"))


def test_more_names_can_be_made_secret() -> None:
    redactor = Redactor(b"key", {"X-Customer"})
    headers = (("x-customer", "1"), ("Cookie", "2"), ("X-Other", "3"))
    assert redactor.headers(headers) == (
        ("x-customer", redactor.hash("1")),
        ("Cookie", redactor.hash("2")),
        ("X-Other", "3"),
    )
    assert redactor.target("/a?x_customer=1&y=2") == f"/a?x_customer={redactor.mark('1')}&y=2"


@pytest.mark.parametrize(
    "name",
    ["Authorization", "X-Api-Key", "api_key", "X-Auth-Token", "user[password]", "accessToken",
     "X-Hub-Signature-256", "client_secret", "_k", "SID", "X-Amz-Credential", "csrf_token"],
)  # fmt: skip
def test_names_that_stand_for_secrets(name: str) -> None:
    assert stands_for_a_secret(name)


@pytest.mark.parametrize(
    "name", ["Accept", "Content-Type", "ETag", "Idempotency-Key", "key", "page", "keyword", "k", ""]
)
def test_names_that_do_not(name: str) -> None:
    assert not stands_for_a_secret(name)


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/a", "/a"),
        ("/a?b=c", "/a?b=c"),
        ("/a?token=s3cret&b=c", "/a?token=HASH&b=c"),
        ("/a?b=c;pass%77ord=s3cret", "/a?b=c;pass%77ord=HASH"),
        ("/a?token=", "/a?token="),
        ("/a?token", "/a?token"),
        ("/a?token=s3cret&token=s3cret", "/a?token=HASH&token=HASH"),
        ("/a?x=1?token=s3cret", "/a?x=1?token=HASH"),
        ("https://h/cb?code=s3cret", "https://h/cb?code=HASH"),
        ("/a?b=1;c;d=2&&e=", "/a?b=1;c;d=2&&e="),
    ],
)
def test_secrets_in_a_query(target: str, shown: str) -> None:
    assert REDACTOR.target(target) == shown.replace("HASH", REDACTOR.mark("s3cret"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("stdout:", "stdout:"),
        ("file:results", "file:results"),
        ("mailto:a@example.org?subject=x", "mailto:a@example.org?subject=x"),
        ("https://h.example", "https://h.example"),
        (
            "https://u:s3cret@h.example/s3cret?x#on=failure",
            "https://h.example/HASH#on=failure",
        ),
    ],
)
def test_secrets_in_a_sink(url: str, shown: str) -> None:
    assert REDACTOR.sink(url) == shown.replace("HASH", REDACTOR.mark(url.partition("#")[0]))


def test_secrets_in_a_form_and_in_no_other_body() -> None:
    form = (("content-type", "application/x-www-form-urlencoded; charset=utf-8"),)
    body = b"user=a&password=s3%20cret&n=1"
    shown = f"user=a&password={REDACTOR.mark('s3%20cret')}&n=1".encode()
    assert is_form(form)
    assert not is_form((("Content-Type", "text/plain"),))
    assert not is_form(())
    assert REDACTOR.form(body) == shown
    assert REDACTOR.form(bytes(range(256))) == bytes(range(256))


def test_what_was_shown_can_be_edited_and_its_secrets_come_back() -> None:
    request = Request(
        target="/a?token=one&b=2",
        headers=(
            ("Cookie", "two"),
            ("Referer", "/x?sid=three"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ),
        body=b"password=four",
    )
    secrets = REDACTOR.secrets(request, ["https://h.example/five"])
    assert secrets == {"one", "two", "three", "four", "https://h.example/five"}
    shown = REDACTOR.target(request.target).replace("b=2", "b=3")
    assert REDACTOR.restored(shown, secrets) == "/a?token=one&b=3"
    assert REDACTOR.restored(REDACTOR.hash("two"), secrets) == "two"
    strange = "[redacted 0123456789ab]"
    assert REDACTOR.restored(strange, secrets) == strange


def test_runs_and_results_are_redacted_and_otherwise_untouched() -> None:
    request = Request(method="POST", headers=(("Cookie", "s=1"),), body=b"x", user="alice")
    run = a_run(request=request)
    redacted = REDACTOR.run(run)
    assert redacted.request.headers == (("Cookie", REDACTOR.hash("s=1")),)
    assert (redacted.request.body, redacted.request.user) == (b"x", "alice")
    assert run.request is request
    assert REDACTOR.run(a_run()) == a_run()
    result = a_result(headers=(("Set-Cookie", "s=1"),))
    assert REDACTOR.result(result) == result._replace(
        headers=(("Set-Cookie", REDACTOR.hash("s=1")),)
    )
