"""Values that are made quickly are still what dataclasses makes."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError, dataclass, replace

import pytest

from jqengine.job import Definition, Job, Request
from jqengine.quick import quickly_made


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    first: int
    second: str = "two"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    first: int
    second: str = "two"


@pytest.mark.parametrize("made", [{"first": 1}, {"first": 1, "second": "x"}])
def test_the_same_is_made_of_the_same(made: dict[str, int]) -> None:
    slow, quick = Slow(**made), Quick(**made)
    assert repr(quick) == repr(slow).replace("Slow", "Quick")
    assert quick == Quick(**made)
    assert hash(quick) == hash(slow)
    assert replace(quick, second="y") == Quick(first=1, second="y")
    with pytest.raises(FrozenInstanceError):
        quick.first = 2


@pytest.mark.parametrize("wrong", [{}, {"first": 1, "third": 3}])
def test_what_is_missing_or_unknown_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(TypeError, match=r"Quick\.__init__"):
        Quick(**wrong)
    with pytest.raises(TypeError, match="positional"):
        Quick(1)


@pytest.mark.parametrize("value", [Request, Definition, Job])
def test_signatures_name_every_field(value: type) -> None:
    assert list(inspect.signature(value).parameters) == list(value.__dataclass_fields__)
