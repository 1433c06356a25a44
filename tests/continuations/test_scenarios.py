"""What continuations are for, played with a Flask application and browsers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask, Response, abort, redirect, request, session

from jqengine.client import JobQueue
from jqengine.eager import Eager, eager

queue = JobQueue()


def make_app() -> Flask:
    app = Flask(__name__)
    app.testing = True
    app.secret_key = "only for the test"
    app.add_url_rule("/trip/<int:page>", view_func=trip, methods=["GET", "POST"])
    app.add_url_rule("/trip/book", view_func=book, methods=["GET", "POST"])
    app.add_url_rule("/notes", view_func=notes, methods=["POST"])
    app.add_url_rule("/login", view_func=login, methods=["GET", "POST"])
    app.add_url_rule("/logout", view_func=logout, methods=["POST"])
    app.add_url_rule("/counter", view_func=counter)
    app.add_url_rule("/remind", view_func=remind)
    return app


def continued() -> dict[str, Any] | None:
    """The continuation that this request is, if it is one."""
    found: dict[str, Any] | None = request.environ.get("jobqueue.continuation")
    return found


# A form on several pages, the last of which is booked an hour later.


def trip(page: int) -> str:
    """A page of the form; what was said before is in the session."""
    session["trip"] = {**session.get("trip", {}), **request.form}
    if page < 3:
        return f"page {page + 1}"
    k = queue.continuation(request, path="/trip/book", state={"page": page})
    queue.schedule(continuation=k, at="now + 1 hour", name="booking")
    return "will be booked in an hour"


def book() -> str:
    """The last page again: by now a job."""
    state = (continued() or {})["state"]
    assert request.environ["jobqueue.job"]["name"] == "booking"
    return f"{session['trip']} {dict(request.form)} page {state['page']}"


# A login in between.


def notes() -> Any:
    """Keep a note of the user, who has to log in first."""
    if "user" not in session:
        # The first that is kept of this client: with it a session begins, to
        # which the link will belong.
        session["wanted"] = queue.continuation(request).url
        return redirect("/login")
    return f"{session['user']} notes {request.form['note']!r}, {request.files['file'].read()!r}"


def login() -> Any:
    """Log in, then go where the user wanted to."""
    wanted = session.pop("wanted", "/")
    session.clear()
    session["user"] = request.form["name"]
    return redirect(wanted)


def logout() -> str:
    """Forget the user."""
    session.clear()
    return "bye"


# Two counters in one session.


def counter() -> str:
    """A number, with links to the next and the one before; nothing of it is in the session."""
    session.setdefault("id", uuid4().hex)
    number = (continued() or {"state": 0})["state"]
    up = queue.continuation(request, state=number + 1)
    down = queue.continuation(request, state=number - 1)
    return f"{number} <{up.url}> <{down.url}>"


# From a session id alone.


def remind() -> Response | str:
    """What a person is reminded of, by a job that some other program makes."""
    if "user" not in session:
        abort(401)
    return f"{session['user']}, remember {continued()['state']}"  # type: ignore[index]


@pytest.fixture
def app() -> Flask:
    return make_app()


@pytest.fixture
def engine(app: Flask) -> Iterator[Eager]:
    with eager(app, now="2026-11-24T03:00:00Z", session_cookie="session") as engine:
        yield engine


def links(page: str) -> list[str]:
    return re.findall(r"<(.+?)>", page)


def test_a_form_of_several_pages_goes_on_as_a_job_an_hour_later(app: Flask, engine: Eager) -> None:
    browser = app.test_client()
    browser.post("/trip/1", data={"to": "Bergen"})
    browser.post("/trip/2", data={"by": "train"})
    assert browser.post("/trip/3", data={"seat": "window"}).text == "will be booked in an hour"
    # The browser goes on, and changes its session.
    browser.post("/trip/1", data={"to": "Oslo"})
    assert engine.advance("59 minutes") == []
    [ran] = engine.advance("1 minute")
    assert ran.text == "{'by': 'train', 'to': 'Bergen'} {'seat': 'window'} page 3"
    assert (ran.method, ran.target) == ("POST", "/trip/book")
    assert engine.queue.continuations() == []


def test_a_login_comes_between(app: Flask, engine: Eager) -> None:
    """The session cookie is another one after it, and for the first request there was none."""
    browser = app.test_client()
    data = {"note": "buy milk", "file": (BytesIO(b"a picture"), "milk.png")}
    answer = browser.post("/notes", data=data)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")
    answer = browser.post("/login", data={"name": "ada"})
    [k] = engine.queue.continuations()
    assert answer.headers["Location"] == k.url
    assert browser.get(k.url).text == "ada notes 'buy milk', b'a picture'"
    assert browser.get(k.url).status_code == 410
    assert engine.queue.continuations() == []


def test_two_counters_do_not_get_in_each_others_way(app: Flask, engine: Eager) -> None:
    browser = app.test_client()
    one, other = (browser.get("/counter").text for _ in range(2))
    for _ in range(3):
        one = browser.get(links(one)[0]).text
        other = browser.get(links(other)[1]).text
    assert (one.split()[0], other.split()[0]) == ("3", "-3")
    # An old page goes on from where it was.
    old = one
    one = browser.get(links(one)[0]).text
    assert browser.get(links(old)[1]).text.split()[0] == "2"
    assert browser.get(links(one)[0]).text.split()[0] == "5"


def test_a_session_id_is_enough(app: Flask, engine: Eager) -> None:
    browser = app.test_client()
    browser.post("/login", data={"name": "ada"})
    session_id = browser.get_cookie("session").value  # type: ignore[union-attr]
    k = engine.queue.continuation(session_id=session_id, path="/remind", state="the milk")
    engine.queue.schedule(continuation=k.id, when="tomorrow at 8am")
    [ran] = engine.advance("2 days")
    assert ran.text == "ada, remember the milk"
    again = engine.queue.continuation(session_id=session_id, path="/remind", state="the eggs")
    assert browser.get(again.url).text == "ada, remember the eggs"


# What is refused.


@pytest.fixture
def link(app: Flask, engine: Eager) -> tuple[Any, str]:
    """A browser with a session, and a link of it."""
    browser = app.test_client()
    return browser, links(browser.get("/counter").text)[0]


def test_a_guessed_link_is_refused(link: tuple[Any, str]) -> None:
    browser, url = link
    assert browser.get(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 410
    assert browser.get(url).status_code == 200


def test_an_expired_link_is_refused(link: tuple[Any, str], engine: Eager) -> None:
    browser, url = link
    engine.advance("6 days 23 hours")
    assert browser.get(url).status_code == 200
    fresh = links(browser.get("/counter").text)[0]
    engine.advance("7 days")
    assert browser.get(fresh).status_code == 410


def test_a_link_is_refused_the_second_time(link: tuple[Any, str]) -> None:
    browser, url = link
    assert [browser.get(url).status_code for _ in range(2)] == [200, 410]


def test_a_link_is_refused_to_another_session(app: Flask, link: tuple[Any, str]) -> None:
    browser, url = link
    other = app.test_client()
    assert other.get(url).status_code == 410
    other.get("/counter")
    assert other.get(url).status_code == 410
    assert browser.get(url).status_code == 200


def test_a_link_is_refused_after_the_session_has_ended(
    link: tuple[Any, str], engine: Eager
) -> None:
    browser, url = link
    browser.post("/logout")
    assert browser.get(url).status_code == 410
    browser.post("/login", data={"name": "eve"})
    assert browser.get(url).status_code == 410


def test_a_used_one_makes_no_job_and_a_scheduled_one_no_link(
    link: tuple[Any, str], engine: Eager
) -> None:
    browser, url = link
    k = url.partition("_k=")[2]
    job = engine.queue.schedule(continuation=k, after="1h")
    assert browser.get(url).status_code == 410
    job.cancel()
    assert browser.get(url).status_code == 410
