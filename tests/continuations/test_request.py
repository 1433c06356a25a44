"""A whole request out of one environ and into another."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from io import BytesIO, UnsupportedOperation
from typing import Any

import pytest

from jqengine.continuation import Continued
from jqengine.errors import BadValue, LimitReached, NotPossible
from jqengine.job import Request
from jqengine.request.continuation import (
    LARGEST_BODY,
    LONGEST_STATE,
    captured,
    decoded_path,
    id_in_query,
    is_continuation_id,
    link_to,
    resumed,
    state_text,
)
from jqengine.request.cookies import cookie_in, cookie_set, session_hash
from jqengine.request.environ import JobEnviron
from tests.dispatch.values import a_run

ID = "0123456789abcdef" * 2


def an_environ(**changes: Any) -> dict[str, Any]:
    """A form that somebody sends."""
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/form",
        "QUERY_STRING": "step=1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "4",
        "REMOTE_ADDR": "192.0.2.7",
        "wsgi.input": BytesIO(b"body"),
        "wsgi.url_scheme": "https",
        **changes,
    }


def test_a_request_is_captured_whole() -> None:
    said = captured(
        an_environ(
            HTTP_COOKIE="session=abc",
            HTTP_HOST="shop.example",
            HTTP_X_FORWARDED_FOR="198.51.100.9",
            HTTP_AUTHORIZATION="Basic eDp5",
            REMOTE_USER="ada",
        )
    )
    headers = dict(said.pop("headers"))
    assert said == {
        "method": "POST",
        "target": "/form?step=1",
        "user": "ada",
        "protocol": "HTTP/1.1",
        "body": b"body",
    }
    assert headers == {
        "Content-Type": "text/plain",
        "Cookie": "session=abc",
        "Host": "shop.example",
        "X-Forwarded-For": "198.51.100.9",
        "Authorization": "Basic eDp5",
    }


@pytest.mark.parametrize(
    "name",
    [
        "CONNECTION", "TRANSFER_ENCODING", "TE", "UPGRADE", "EXPECT", "PROXY", "IDEMPOTENCY_KEY",
        "IF_NONE_MATCH", "RANGE", "ACCEPT_ENCODING", "X_VIA_JOBQUEUE", "X_JOBQUEUE_RUN",
        "X_VIA_JOBQUEUE_JOB",
    ],
)  # fmt: skip
def test_what_is_the_connections_the_caches_or_the_engines_is_not(name: str) -> None:
    assert captured(an_environ(**{f"HTTP_{name}": "x"}))["headers"] == (
        ("Content-Type", "text/plain"),
    )


def test_a_header_that_could_not_be_sent_is_left_out() -> None:
    headers = captured(an_environ(HTTP_X_A="fine\x85", HTTP_X_B="é", CONTENT_TYPE=""))["headers"]
    assert headers == (("X-B", "é"),)


@pytest.mark.parametrize(
    ("script", "path", "query", "target"),
    [
        ("", "", "", "/"),
        ("/shop", "", "", "/shop"),
        ("/shop", "/cart", "a=b", "/shop/cart?a=b"),
        ("", "/caf\xc3\xa9 /?#%", "", "/caf%C3%A9%20/%3F%23%25"),
        ("", "//evil.example/x", "", "/%2Fevil.example/x"),
        ("", "/x", f"_k={ID}", "/x"),
        ("", "/x", f"_k={ID}&a=b", "/x?a=b"),
        ("", "/x", f"a=b&_k={ID}", "/x?a=b"),
        ("", "/x", "_k=mine", "/x?_k=mine"),
        ("", "/x", "q=100%&b=%zz&c=%2F", "/x?q=100%25&b=%25zz&c=%2F"),
        ("", "/x", 'a="[|\xe9]"', "/x?a=%22%5B%7C%E9%5D%22"),
    ],
)
def test_the_path_is_that_of_the_whole_site(
    script: str, path: str, query: str, target: str
) -> None:
    environ = an_environ(SCRIPT_NAME=script, PATH_INFO=path, QUERY_STRING=query)
    assert captured(environ)["target"] == target
    run = a_run(request=Request(target=target))
    assert JobEnviron(errors=None)(run)["PATH_INFO"] == (script + path or "/")


def test_the_body_is_read_from_its_beginning_and_left_where_it_was() -> None:
    environ = an_environ()
    assert environ["wsgi.input"].read(2) == b"bo"
    assert captured(environ)["body"] == b"body"
    assert environ["wsgi.input"].read() == b"dy"


class Stream:
    """An input that can be read once."""

    def tell(self) -> int:
        raise UnsupportedOperation("tell")


@pytest.mark.parametrize("source", [Stream(), object()])
def test_where_it_cannot_be_read_again_it_is_asked_for(source: object) -> None:
    environ = an_environ(**{"wsgi.input": source})
    with pytest.raises(NotPossible, match="give it as body="):
        captured(environ)
    assert captured(environ, b"given")["body"] == b"given"
    for length in ("", "0"):
        environ["CONTENT_LENGTH"] = length
        assert captured(environ)["body"] == b""
    environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    with pytest.raises(NotPossible):
        captured(environ)


def test_a_body_has_a_bound() -> None:
    assert len(captured(an_environ(), b"x" * LARGEST_BODY)["body"]) == LARGEST_BODY
    with pytest.raises(LimitReached, match=f"more than the {LARGEST_BODY} bytes"):
        captured(an_environ(**{"wsgi.input": BytesIO(b"x" * (LARGEST_BODY + 1))}))


@pytest.mark.parametrize(
    ("written", "user"), [("J\xc3\xbcrgen", "Jürgen"), ("\xff", "\xff"), ("", None)]
)
def test_a_user_has_a_name_in_utf_8(written: str, user: str | None) -> None:
    assert captured(an_environ(REMOTE_USER=written))["user"] == user


def test_a_request_of_a_job_can_be_saved_too() -> None:
    run = a_run(request=Request(target="/x", user="Jürgen", body=b"b", headers=(("X-A", "1"),)))
    said = captured(JobEnviron(errors=None)(run))
    assert (said["user"], said["body"], said["target"]) == ("Jürgen", b"b", "/x")
    assert [name for name, _ in said["headers"]] == ["X-A", "Traceparent"]


# State.


@pytest.mark.parametrize(
    "state", [None, True, 0, -1.5, "é\u2028", [], {}, {"step": 2, "of": [1, {"a": None}]}, 10**30]
)
def test_state_comes_back_as_it_was(state: Any) -> None:
    assert json.loads(state_text(state)) == state


@pytest.mark.parametrize(
    "state",
    [
        (1, 2), {1: "a"}, {"a": {2}}, b"bytes", datetime(2026, 1, 1), Decimal(1), object(),
        float("nan"), float("inf"), "\ud800", {"a": (1,)},
    ],
)  # fmt: skip
def test_what_would_not_is_refused_in_one_line(state: Any) -> None:
    with pytest.raises(BadValue, match="does not come back from JSON as it is; expected") as caught:
        state_text(state)
    assert "\n" not in str(caught.value)


def test_state_in_a_circle_is_refused() -> None:
    state: list[Any] = []
    state.append(state)
    with pytest.raises(BadValue, match="does not come back"):
        state_text(state)


def test_state_has_a_bound() -> None:
    assert len(state_text("é" * (LONGEST_STATE // 2 - 1)).encode()) == LONGEST_STATE
    with pytest.raises(BadValue, match=f"expected {LONGEST_STATE} at most"):
        state_text("é" * (LONGEST_STATE // 2))


# Links.


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"_k={ID}", ID),
        (f"a=b&_k={ID}&c", ID),
        ("", None),
        ("a=b", None),
        ("_k=", None),
        (f"_k={ID[1:]}", None),
        (f"_k={ID}0", None),
        (f"_k={ID.upper()}", None),
        (f"x_k={ID}", None),
        (f"_k={ID}%20", None),
        (f"_k=x&_k={ID}", ID),
    ],
)
def test_the_id_of_a_link_is_found_in_its_query(query: str, found: str | None) -> None:
    assert id_in_query(query) == found


def test_a_link_has_the_path_and_the_id_alone() -> None:
    assert link_to("/caf%C3%A9", ID) == f"/caf%C3%A9?_k={ID}"
    assert decoded_path("/caf%C3%A9?a=b") == "/caf\xc3\xa9"
    assert is_continuation_id(ID)
    assert not any(map(is_continuation_id, ("", ID[1:], ID.upper(), None, 7, f"{ID}\n")))


SAVED = Request(
    method="POST",
    target="/form?step=1",
    headers=(
        ("Content-Type", "text/plain"),
        ("Cookie", "session=abc"),
        ("Authorization", "Basic eDp5"),
        ("X-Remote-User", "ada"),
        ("Origin", "https://shop.example"),
        ("Host", "shop.example"),
        ("X-Forwarded-For", "198.51.100.9"),
    ),
    body=b"name=Ada",
    user="ada",
)


def test_a_link_brings_the_request_back_but_not_who_asked() -> None:
    link = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/form",
        "QUERY_STRING": f"_k={ID}",
        "CONTENT_TYPE": "",
        "CONTENT_LENGTH": "",
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_COOKIE": "session=abc; own=1",
        "HTTP_HOST": "127.0.0.1:8080",
        "HTTP_REFERER": "https://mail.example/",
        "HTTP_IF_NONE_MATCH": '"x"',
        "HTTP_RANGE": "bytes=0-1",
        "wsgi.input": BytesIO(b""),
    }
    before = dict(link)
    environ = resumed(link, SAVED, Continued(ID, '{"step":2}'))
    assert link == before
    assert environ.pop("wsgi.input").read() == b"name=Ada"
    assert environ.pop("jobqueue.continuation") == {"id": ID, "state": {"step": 2}}
    assert environ == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/form",
        "QUERY_STRING": "step=1",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "8",
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_COOKIE": "session=abc; own=1",
        "HTTP_HOST": "127.0.0.1:8080",
        "HTTP_ORIGIN": "https://shop.example",
    }


def test_a_saved_head_comes_back_as_a_get() -> None:
    environ = resumed({}, Request(method="HEAD"), Continued(ID, "null"))
    assert (environ["REQUEST_METHOD"], environ["CONTENT_TYPE"]) == ("GET", "")


# As a job.


def test_a_job_finds_its_continuation() -> None:
    request = Request(continuation=Continued(ID, '{"step":2}'))
    facts = JobEnviron(errors=None)(a_run(request=request))["jobqueue.continuation"]
    assert facts == {"id": ID, "state": {"step": 2}}
    with pytest.raises(TypeError):
        facts["state"] = 3
    assert "jobqueue.continuation" not in JobEnviron(errors=None)(a_run())


# Cookies.


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (None, None),
        ("", None),
        ("session=abc", "abc"),
        ("a=b; session=abc; c=d", "abc"),
        ("a=b;session=abc", "abc"),
        ('session="a b"', "a b"),
        ("session=a=b==", "a=b=="),
        ("session=", ""),
        ("session=first; session=second", "first"),
        ("xsession=abc; session", None),
        ("Session=abc", None),
    ],
)
def test_the_cookie_of_the_session(header: str | None, value: str | None) -> None:
    assert cookie_in(header, "session") == value


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("session=abc; Path=/; HttpOnly", "abc"),
        ("session=abc", "abc"),
        ("session=abc; Max-Age=10; Expires=Thu, 01 Jan 2099 00:00:00 GMT", "abc"),
        ("other=abc; Path=/", None),
        ("session=; Path=/", None),
        ('session=""; Path=/', None),
        ("session=abc; max-age=0", None),
        ("session=abc; Max-Age=-1", None),
        ("session=gone; Expires=Thu, 01 Jan 1970 00:00:00 GMT", None),
    ],
)
def test_the_cookie_that_a_response_sets(header: str, value: str | None) -> None:
    assert cookie_set(header, "session") == value


def test_a_hash_says_nothing_but_whether_two_are_the_same() -> None:
    assert session_hash("abc") == session_hash("abc") != session_hash("abd")
    assert "abc" not in session_hash("abc")
    assert len(session_hash("\udcff")) == 64
