"""Secrets show as hashes, equal ones as equal hashes."""

from __future__ import annotations

from jqengine.job import Request
from jqengine.redaction import Redactor
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


def test_which_headers_are_secret_can_be_chosen() -> None:
    redactor = Redactor(b"key", {"x-session"})
    headers = (("X-Session", "1"), ("Cookie", "2"))
    assert redactor.headers(headers) == (("X-Session", redactor.hash("1")), ("Cookie", "2"))


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
