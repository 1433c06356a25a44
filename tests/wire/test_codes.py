"""Codes of errors: every one leads to its exception and back."""

from __future__ import annotations

import inspect

import pytest

from jqengine import errors
from jqengine.wire.codes import ERRORS, code_of, error_of


@pytest.mark.parametrize("code", ERRORS)
def test_a_code_comes_back_with_its_sentence(code: str) -> None:
    error = error_of(code, "the sentence")
    assert type(error) is ERRORS[code][0]
    assert code_of(error) == code
    assert str(error) == "the sentence"


def test_an_unknown_code_is_an_error_of_the_engine() -> None:
    assert type(error_of("NEVER_HEARD_OF", "why")) is errors.EngineError


def test_a_kind_without_a_code_has_that_of_its_base_and_others_have_none() -> None:
    assert code_of(errors.SchemaTooNew("x")) == "STORE_ERROR"
    assert code_of(ValueError("x")) is None


def test_every_error_that_a_client_can_meet_has_a_code() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    local = (errors.ConfigurationError, errors.NotConnected, errors.DeliveryFailed)
    missing = [
        kind.__name__
        for kind in kinds
        if kind is not errors.JobQueueError
        and not issubclass(kind, local)
        and not any(one in kind.__mro__ for one, _ in ERRORS.values())
    ]
    assert missing == []
