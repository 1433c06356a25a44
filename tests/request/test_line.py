"""The request line: what each word means, and what is wrong with a bad one."""

from __future__ import annotations

import shlex
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jqengine.errors import BadRequest
from jqengine.job import Request
from jqengine.request.line import RequestLine, parse_request_line

FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
TEXT = (("Content-Type", "text/plain; charset=utf-8"),)
FILES = {"body.json": b'{"a": 1}', "empty": b"", "with space": b"\x00\xff"}


def read(name: str) -> bytes:
    if name not in FILES:
        raise FileNotFoundError(2, "No such file or directory", name)
    return FILES[name]


def parsed(line: str) -> RequestLine:
    return parse_request_line(line, read)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/", Request()),
        ("/queue/poll", Request(target="/queue/poll")),
        ("GET /x", Request(target="/x")),
        ("PROPFIND /x", Request(method="PROPFIND", target="/x")),
        ("VERSION-CONTROL /x", Request(method="VERSION-CONTROL", target="/x")),
        # The query: GET, HEAD and DELETE.
        ("/x a=1", Request(target="/x?a=1")),
        ("HEAD /x a=1", Request(method="HEAD", target="/x?a=1")),
        ("DELETE /x a=1", Request(method="DELETE", target="/x?a=1")),
        ("/x?q=0 a=1", Request(target="/x?q=0&a=1")),
        ("/x? a=1", Request(target="/x?a=1")),
        ("/x?q& a=1", Request(target="/x?q&a=1")),
        ("/x a=1 a=2 a=", Request(target="/x?a=1&a=2&a=")),
        ("/x a=b=c url=http://h/?q#f", Request(target="/x?a=b%3Dc&url=http%3A%2F%2Fh%2F%3Fq%23f")),
        ("/x 'a b=c d' é=ü&", Request(target="/x?a+b=c+d&%C3%A9=%C3%BC%26")),
        ("/x date=%Y-%m-%d", Request(target="/x?date=%25Y-%25m-%25d")),
        ("/x '#a=b' c=d", Request(target="/x?%23a=b&c=d")),
        # The form: every other method.
        ("POST /x", Request(method="POST", target="/x")),
        ("POST /x a=1 b=", Request(method="POST", target="/x", body=b"a=1&b=", headers=FORM)),
        ("PUT /x?q a=é", Request(method="PUT", target="/x?q", body=b"a=%C3%A9", headers=FORM)),
        # The path.
        ("'/a b'", Request(target="/a%20b")),
        ("/é/☃?n=ü", Request(target="/%C3%A9/%E2%98%83?n=%C3%BC")),
        ("/a%20b%2f", Request(target="/a%20b%2f")),
        ("/100%/%zz/%4", Request(target="/100%25/%25zz/%254")),
        ("'/<\"|>[]{}^`'", Request(target="/%3C%22%7C%3E%5B%5D%7B%7D%5E%60")),
        ("/a/../b/./c:@!$'&'\"'\"()*+,;=~-._", Request(target="/a/../b/./c:@!$&'()*+,;=~-._")),
        # Headers.
        ("/x Accept:text/html", Request(target="/x", headers=(("Accept", "text/html"),))),
        ("/x 'A: b  c '", Request(target="/x", headers=(("A", "b  c"),))),
        ("/x A:", Request(target="/x", headers=(("A", ""),))),
        ("/x A:b=c:d", Request(target="/x", headers=(("A", "b=c:d"),))),
        ("/x A:1 A:2", Request(target="/x", headers=(("A", "1"), ("A", "2")))),
        ("/x A:é 'B:a\tb'", Request(target="/x", headers=(("A", "é"), ("B", "a\tb")))),
        ("/x Host:a.example", Request(target="/x", headers=(("Host", "a.example"),))),
        # Bodies.
        ("POST /x --raw=", Request(method="POST", target="/x", headers=TEXT)),
        ("PUT /x --raw=é", Request(method="PUT", target="/x", body=b"\xc3\xa9", headers=TEXT)),
        ("/x a=1 --raw=b", Request(target="/x?a=1", body=b"b", headers=TEXT)),
        (
            "POST /x @body.json Content-Type:application/json",
            Request(method="POST", target="/x", body=b'{"a": 1}',
                    headers=(("Content-Type", "application/json"),)),
        ),
        (
            "PUT /x '@with space'",
            Request(method="PUT", target="/x", body=b"\x00\xff",
                    headers=(("Content-Type", "application/octet-stream"),)),
        ),
        (
            "POST /x 'Content-Type: application/x-www-form-urlencoded;charset=utf-8' a=1",
            Request(method="POST", target="/x", body=b"a=1",
                    headers=(("Content-Type", "application/x-www-form-urlencoded;charset=utf-8"),)),
        ),
    ],
)  # fmt: skip
def test_what_a_line_means(line: str, expected: Request) -> None:
    assert parsed(line).request == expected


def test_words_after_the_path_stand_in_any_order() -> None:
    one = parsed("POST /x a=1 A:b --attempts=5 b=2 --name=n")
    other = parsed("POST /x --name=n --attempts=5 A:b a=1 b=2")
    assert (one.request, one.options) == (other.request, other.options)
    assert one.options == {"attempts": 5, "name": "n"}


def test_options_are_parsed_and_their_values_found() -> None:
    line = "/x --sink=stdout: '--name=the job' --sink=off --sink=file:/x"
    found = parsed(line)
    assert found.options == {"sink": ("stdout:", "off", "file:/x"), "name": "the job"}
    assert {name: line[at:][:3] for name, at in found.positions.items()} == {
        "sink": "std", "name": "the",
    }  # fmt: skip


def test_the_user_is_the_callers() -> None:
    assert parse_request_line("/x", read, "alice").request.user == "alice"


NAMES = st.text(st.characters(exclude_characters="=:", exclude_categories=["Cs"]), min_size=1)
VALUES = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(NAMES.filter(lambda name: name[0] not in "@-"), VALUES)))
def test_fields_come_back_from_query_and_form_as_they_were(fields: list[tuple[str, str]]) -> None:
    words = " ".join(shlex.quote(f"{name}={value}") for name, value in fields)
    query = parsed(f"/x {words}").request.target.partition("?")[2]
    form = parsed(f"POST /x {words}").request.body.decode("ascii")
    assert parse_qsl(query, keep_blank_values=True) == fields
    assert form == query


@pytest.mark.parametrize(
    ("line", "position", "said"),
    [
        ("", 0, "the request is missing; expected [METHOD] URI"),
        ("GET", 0, "a path beginning with / must follow GET"),
        ("get /x", 0, "a method is written in capitals: GET"),
        ("x.html", 0, "expected a path beginning with /, not 'x.html'"),
        ("index foo=1", 0, "expected a path beginning with /, not 'index'"),
        ("POST x", 5, "expected a path beginning with /, not 'x'"),
        ("https://h.example/a?b", 0, "give the path alone, '/a?b'"),
        ("GET http://h.example", 4, "give the path alone, '/'"),
        ("CONNECT /x", 0, "CONNECT asks for a host"),
        ("//h.example/x", 0, "a path begins with one /"),
        ("/x#top", 2, "a fragment (#...) is never sent"),
        ("/x # nightly", 3, "a comment stands on a line of its own"),
        ("/x #a=b c=d", 3, "a comment stands on a line of its own"),
        ("/x POST", 3, "the method POST belongs before the path"),
        ("/x y", 3, "expected name=value, Header:value, @file or --option=value, not 'y'"),
        ("/x =1", 3, "a name is missing before the ="),
        ("/x :1", 3, "'' cannot be the name of a header"),
        ("/x 'a b:1'", 3, "'a b' cannot be the name of a header"),
        ("/x é:1", 3, "'é' cannot be the name of a header"),
        ("/x A:☃", 5, "U+2603 cannot stand in a header"),
        ("/x 'A: a\x7f'", 8, "U+007F cannot stand in a header"),
        ("/x 'A:a\nB:c'", 7, "U+000A cannot stand in a header"),
        ("/x 'A:\x85'", 6, "U+0085 cannot stand in a header"),
        ("/x X-Via-JobQueue:no", 3, "X-Via-JobQueue is a header that only the engine sets"),
        ("/x x_via-jobqueue_job:1", 3, "only the engine sets"),
        ("/x X-JobQueue-Run:1", 3, "only the engine sets"),
        ("/x idempotency-key:1", 3, "idempotency-key cannot be given: the engine sets it"),
        ("/x Content-Length:3", 3, "the engine computes it"),
        ("/x transfer-encoding:chunked", 3, "the body of a job is sent whole"),
        ("/x Proxy:h", 3, "it would reach the application as HTTP_PROXY"),
        ("/x Host:a host:b", 10, "host is given twice"),
        ("/x Content-Type:a/b Content_Type:c/d", 20, "Content_Type is given twice"),
        ("POST /x Content-Type:a/json b=1", 8, "name=value words make a body of the type"),
        ("POST /x a=1 --raw=b", 12, "a POST with name=value words has a form body already"),
        ("POST /x @empty a=1", 8, "a POST with name=value words has a form body already"),
        ("POST /x @empty --raw=b", 15, "a request has one body, and it was given before"),
        ("POST /x @", 8, "the name of a file must follow the @"),
        ("POST /x @missing", 8, "cannot read the body from 'missing': No such file or directory"),
        ("/x --raw", 3, "--raw needs a value: --raw=TEXT"),
        ("/x --attempts 5", 3, "--attempts needs a value: --attempts=N"),
        ("/x --atempts=5", 3, "there is no option --atempts; did you mean attempts?"),
        ("/x --", 3, "there is no option --"),
        ("/x --attempts=0", 14, "--attempts: '0' is not a whole number from 1 to 1000"),
        ("/x --name=a --name=a", 12, "--name is given twice"),
        ("/x '@a=1'", 3, "cannot read the body from 'a=1'"),  # quotes hide nothing
        ("/x 'a", 3, "the quote ' is not closed"),
    ],
)  # fmt: skip
def test_what_is_refused_and_where(line: str, position: int, said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parsed(line)
    assert said in str(caught.value)
    assert caught.value.position == position
    assert "\n" not in str(caught.value)
