"""What is refused whoever asks it: other names, other sites, odd methods, odd bodies."""

from __future__ import annotations

import pytest

from jqengine.admin.guard import METHODS, Asked, objection

HERE = "localhost:8081"
PROXY = "jobs.example.org"
OWN = f"http://{HERE}"


def status(asked: Asked, hosts: tuple[str, ...] = (PROXY,), *, any_host: bool = False) -> int:
    """How *asked* is refused; 0 if it is not."""
    refusal = objection(asked, hosts, any_host=any_host)
    return 0 if refusal is None else refusal.status


@pytest.mark.parametrize(
    "host",
    ["", "localhost", "LOCALHOST:8081", "localhost.", "127.0.0.1", "127.1.2.3:1", "[::1]:8081",
     "jobs.example.org", "Jobs.Example.ORG:443", "jobs.example.org."],
)  # fmt: skip
def test_names_that_it_answers_to(host: str) -> None:
    assert status(Asked("GET", host)) == 0


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.nip.io:8081", "localhost.example.org", "localhost:8081:x",
     "user@localhost", "localhost@evil.example", "localhost#", "localhost/", "localhost\\",
     "[::1", "::1", "[::1]x", "0.0.0.0", "[::]", "10.0.0.1", "[2606:4700::1]", "127.1",
     "2130706433", "0x7f000001", "0177.0.0.1", "[::1%25lo]", "localhost,evil.example",
     "localhost\nevil.example", " localhost", "a b", "jobs.example.org.evil.example",
     "xjobs.example.org", "jobs.example.org:", "localhost:99999999"],
)  # fmt: skip
def test_names_that_it_does_not(host: str) -> None:
    assert status(Asked("GET", host)) == 421


def test_where_a_password_is_asked_for_any_name_will_do() -> None:
    assert status(Asked("GET", "other.example"), any_host=True) == 0
    assert status(Asked("GET", "other.example", origin="http://evil.example"), any_host=True) == 403


@pytest.mark.parametrize(
    ("method", "refused"),
    [*((method, 0) for method in METHODS), ("TRACE", 405), ("CONNECT", 405), ("get", 405),
     ("PROPFIND", 405), ("X" * 1000, 405)],
)  # fmt: skip
def test_methods(method: str, refused: int) -> None:
    assert status(Asked(method, HERE)) == refused
    answer = objection(Asked(method, HERE), ())
    assert answer is None or len(answer.body) < 100


OWN_PAGES = [
    Asked("POST", HERE),  # a program
    Asked("POST", HERE, origin=OWN),
    Asked("POST", HERE, origin=OWN, fetch_site="same-origin", fetch_mode="navigate"),
    Asked("POST", HERE, origin="null", fetch_site="same-origin"),  # no-referrer
    Asked("POST", HERE, origin=OWN.upper().replace("HTTP", "http")),
    Asked("GET", HERE, fetch_site="none", fetch_mode="navigate", fetch_dest="document"),
    Asked("GET", HERE, fetch_site="same-origin", fetch_mode="cors", fetch_dest="empty"),
    # A link on another page, which anybody may follow.
    Asked("GET", HERE, fetch_site="cross-site", fetch_mode="navigate", fetch_dest="document"),
    # A proxy that speaks TLS in our place, on its usual port.
    Asked("POST", PROXY, origin=f"https://{PROXY}", fetch_site="same-origin"),
    Asked("POST", f"{PROXY}:443", origin=f"https://{PROXY}"),
    Asked("POST", PROXY, origin=f"http://{PROXY}:80"),
    Asked("POST", "[::1]:8081", origin="http://[::1]:8081"),
]
OTHER_PAGES = [
    Asked("POST", HERE, origin="http://evil.example"),
    Asked("POST", HERE, origin="null"),
    Asked("POST", HERE, origin="null", fetch_site="cross-site"),
    Asked("POST", HERE, origin="http://localhost:3000"),  # another application of this machine
    Asked("POST", HERE, origin="http://localhost:3000", fetch_site="same-site"),
    Asked("POST", HERE, origin="http://127.0.0.1:8081"),
    Asked("POST", HERE, origin="http://localhost"),
    Asked("POST", HERE, origin="http://localhost:8081@evil.example"),
    Asked("POST", HERE, origin="http://localhost:8081.evil.example"),
    Asked("POST", HERE, origin=f"{OWN} http://evil.example"),
    Asked("POST", HERE, origin=f"{OWN}\n{OWN}"),
    Asked("POST", HERE, origin="file://"),
    Asked("POST", HERE, origin="chrome-extension://abc"),
    Asked("POST", HERE, origin=OWN, fetch_site="cross-site"),
    Asked("POST", HERE, fetch_site="cross-site", fetch_mode="navigate", fetch_dest="document"),
    Asked("POST", HERE, fetch_site="weird"),
    Asked("POST", "", origin=OWN),  # no name to compare with
    Asked("POST", HERE, secure=True, origin=OWN),  # the page came without TLS
    # An EventSource, and fetch.
    Asked("GET", HERE, origin="http://evil.example", fetch_mode="cors"),
    Asked("GET", HERE, fetch_site="cross-site", fetch_mode="cors", fetch_dest="empty"),
    # An image, a script, a frame.
    Asked("GET", HERE, fetch_site="cross-site", fetch_mode="no-cors", fetch_dest="image"),
    Asked("GET", HERE, fetch_site="same-site", fetch_mode="no-cors", fetch_dest="script"),
    Asked("GET", HERE, fetch_site="cross-site", fetch_mode="navigate", fetch_dest="iframe"),
    Asked("GET", HERE, fetch_site="cross-site", fetch_mode="navigate", fetch_dest="object"),
    # The question that a browser asks before it sends what a form could not.
    Asked("OPTIONS", HERE, origin="http://evil.example", fetch_mode="cors"),
]


@pytest.mark.parametrize("asked", OWN_PAGES, ids=str)
def test_programs_and_own_pages_are_let_in(asked: Asked) -> None:
    assert status(asked) == 0


@pytest.mark.parametrize("asked", OTHER_PAGES, ids=str)
def test_pages_of_other_sites_are_not(asked: Asked) -> None:
    assert status(asked) == 403
    assert status(asked, any_host=True) == 403


@pytest.mark.parametrize(
    ("content_type", "refused"),
    [
        ("", 0),
        ("application/json", 0),
        ("Application/JSON; charset=utf-8", 0),
        ("application/merge-patch+json", 0),
        ("application/x-www-form-urlencoded", 0),
        ("multipart/form-data; boundary=x", 0),
        ("text/plain", 415),  # what a form of another page can send, with JSON in it
        ("text/plain; application/json", 415),
        ("application/octet-stream", 415),
        ("text/json", 415),
        ("application/json, text/plain", 415),
        ("application/json\ntext/plain", 415),
    ],
)
def test_bodies(content_type: str, refused: int) -> None:
    assert status(Asked("POST", HERE, content_type=content_type)) == refused
    assert status(Asked("GET", HERE, content_type=content_type)) == 0
