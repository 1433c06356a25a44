"""A job that watches for changes asks whether there is one."""

from __future__ import annotations

import pytest

from jqengine.delivery import Validators
from jqengine.job import Request
from tests.request.test_environ import environ_of

DATE = "Fri, 15 Jan 2027 08:00:00 GMT"
BOTH = {"HTTP_IF_NONE_MATCH": '"a"', "HTTP_IF_MODIFIED_SINCE": DATE}


@pytest.mark.parametrize(
    ("request_", "validators", "expected"),
    [
        (Request(), None, {}),
        (Request(), Validators(None, None), {}),
        (Request(), Validators('"a"', None), {"HTTP_IF_NONE_MATCH": '"a"'}),
        (Request(), Validators(None, DATE), {"HTTP_IF_MODIFIED_SINCE": DATE}),
        (Request(method="HEAD"), Validators('"a"', DATE), BOTH),
        (Request(method="POST"), Validators('"a"', DATE), {}),
        (
            Request(headers=(("If-None-Match", '"own"'),)),
            Validators('"a"', DATE),
            {"HTTP_IF_NONE_MATCH": '"own"'},
        ),
        (Request(headers=(("If-Match", "*"),)), Validators('"a"', DATE), {"HTTP_IF_MATCH": "*"}),
    ],
)
def test_the_conditions_of_a_request(
    request_: Request, validators: Validators | None, expected: dict[str, str]
) -> None:
    environ = environ_of(request_, validators=validators)
    assert {key: environ[key] for key in environ if key.startswith("HTTP_IF_")} == expected
