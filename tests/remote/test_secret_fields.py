"""A form is shown with hashes for its secrets, and edited without losing them."""

from __future__ import annotations

import pytest

from jqengine.job import Request
from jqengine.redaction import Redactor
from jqengine.remote.editing import changed_request

REDACTOR = Redactor(b"key")
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
REQUEST = Request(method="POST", headers=(*FORM, ("Cookie", "c")), body=b"user=a&password=p%20w")
MARK = REDACTOR.mark("p%20w")


@pytest.mark.parametrize(
    ("said", "body"),
    [
        ({"body": f"user=b&password={MARK}"}, b"user=b&password=p%20w"),
        ({"data": {"user": "b", "password": MARK}}, b"user=b&password=p%20w"),
        ({"body": "user=b&password=new"}, b"user=b&password=new"),
        ({"body": f"user={REDACTOR.mark('c')}"}, f"user={REDACTOR.mark('c')}".encode()),
        ({"method": "PUT"}, REQUEST.body),
    ],
)
def test_what_was_hidden_comes_back(said: dict[str, object], body: bytes) -> None:
    assert changed_request(REQUEST, said, REDACTOR).body == body


def test_in_what_is_no_form_nothing_was_hidden() -> None:
    plain = Request(method="POST", headers=(("Content-Type", "text/plain"),), body=REQUEST.body)
    assert changed_request(plain, {"body": MARK}, REDACTOR).body == MARK.encode()
