"""HTTP as the API speaks it, whatever is asked for."""

from __future__ import annotations

import json

import pytest

from jqengine.admin.api.asking import LARGEST_BODY

from .conftest import Site


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"target": "/x",}', "line 1, column 17"),
        (b'{"target": "/x"', "line 1, column 16"),
        (b'{"target": "/x", "target": "/y"}', "'target' is given twice"),
        (b'{"target": NaN}', "NaN is not JSON"),
        (b'{"target": "\\ud800"}', "not text in UTF-8"),
        (b"\xff\xfe", "not text in UTF-8"),
        (b"[" * 100_000, "not JSON that is taken here"),
        (b'{"target": 1e999}', "not JSON that is taken here"),
    ],
)
def test_what_is_no_json_is_told_its_place(site: Site, body: bytes, words: str) -> None:
    refused = site.post("/jobs", body)
    assert (refused.status, words in refused.json["detail"]) == (400, True), refused.json


def test_bodies_that_are_not_taken(site: Site) -> None:
    assert site.post("/jobs").status == 400
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        refused = site.post("/jobs", {"target": "/x"}, content_type=kind)
        assert (refused.status, refused.headers["Accept"]) == (415, "application/json")
    assert site.post("/jobs", {"target": "/x"}, content_type="application/x+json").status == 201
    assert site.post("/pause", {"a": 1}).status == 400
    assert site.get("/stats").status == 200


def test_a_body_that_is_too_large_is_not_read(site: Site) -> None:
    class Endless:
        def read(self, size: int) -> bytes:
            raise AssertionError("it was read")

    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/v1/jobs",
        "CONTENT_LENGTH": str(LARGEST_BODY + 1),
        "CONTENT_TYPE": "application/json",
        "wsgi.input": Endless(),
    }
    started: list[str] = []
    body = b"".join(site.api(environ, lambda status, headers: started.append(status)))  # type: ignore[arg-type,return-value]
    assert started == ["413 Request Entity Too Large"]
    assert json.loads(body)["status"] == 413


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/jobs", "GET, HEAD, POST"),
        ("DELETE", "/stats", "GET, HEAD"),
        ("GET", "/reload", "POST"),
        ("PATCH", "/jobs/x/pause", "POST"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("OPTIONS", "/jobs/x", "DELETE, GET, HEAD, PATCH"),
        ("GET", "/jobs/change/pause", "POST"),
    ],
)
def test_a_method_that_does_nothing(site: Site, method: str, path: str, allowed: str) -> None:
    refused = site.ask(method, path)
    assert (refused.status, refused.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("path", ["", "/", "/jobs/", "/job", "/jobs/a/b", "/jobs/\x80", "/x/y/z"])
def test_where_nothing_is(site: Site, path: str) -> None:
    assert site.get(path).status == 404


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limt=3", "did you mean limit?"),
        ("limit=3&limit=4", "given twice"),
        ("limit=0", "limit: expected 1 to 1000"),
        ("limit=x", "limit: expected a whole number"),
        ("once=1", "once: expected true or false"),
        ("order=oldest", "order: expected one of newest, due"),
        ("state=lost", "state: 'lost' is none of"),
        ("name=%ff", "not UTF-8"),
        ("order=due&after=x", "no page ends at"),
    ],
)
def test_a_bad_parameter_is_named(site: Site, query: str, words: str) -> None:
    refused = site.get(f"/jobs?{query}")
    assert (refused.status, words in refused.json["detail"]) == (400, True), refused.json


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("text/html, application/*;q=0.5", 200),
        ("*/*", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
    ],
)
def test_what_is_accepted(site: Site, accept: str, status: int) -> None:
    assert site.get("/stats", accept=accept).status == status


def test_head_is_get_without_the_body(site: Site) -> None:
    got, head = site.get("/stats"), site.ask("HEAD", "/stats")
    assert (head.status, head.headers, head.body) == (200, got.headers, b"")


def test_who_may_look_changes_nothing(site: Site) -> None:
    asked = site.api._queues.look
    assert site.api._queues.of({"jqengine.role": "look"}) is asked
    assert site.api._queues.of({}) is asked


def test_the_document_names_all_there_is(site: Site) -> None:
    document = site.get("/openapi.json").json
    assert document["openapi"] == "3.1.0"
    described = {
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        if path != "/openapi.json"
    }
    assert described == {(one.method, one.path) for one in site.api.table}
    names = [one.name for one in site.api.table]
    assert len(set(names)) == len(names)
    assert all(one.summary for one in site.api.table)
