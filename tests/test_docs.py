"""Documentation is part of the code: whoever may call something can read what it does."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType

import pytest
from zope.interface import implementedBy
from zope.interface.interface import InterfaceClass

import jqengine
from jqengine import interfaces
from jqengine.options import OPTIONS

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    one.name for one in pkgutil.walk_packages(jqengine.__path__, "jqengine.")
    if "migrations" not in one.name
)  # fmt: skip


def undocumented(module: ModuleType) -> Iterator[str]:
    """Every public name that *module* itself defines and says nothing about."""
    if not module.__doc__:
        yield module.__name__
    for name, value in vars(module).items():
        ours = getattr(value, "__module__", None) == module.__name__ and not name.startswith("_")
        if ours and isinstance(value, InterfaceClass):
            yield from (f"{name}.{one}" for one in value.names() if not value[one].__doc__)
        if ours and isinstance(value, type | FunctionType | InterfaceClass) and not value.__doc__:
            yield name
        if ours and isinstance(value, type):
            yield from (f"{name}.{one}" for one in undocumented_methods(value))


def undocumented_methods(owner: type) -> Iterator[str]:
    """Public methods without a docstring of their own, of a base or of an interface."""
    told = {name for interface in interfaces_of(owner) for name in interface.names()}
    for name, value in vars(owner).items():
        function = getattr(value, "__func__", getattr(value, "fget", value))
        if name.startswith("_") or name in told or not isinstance(function, FunctionType):
            continue
        if not inspect.getdoc(getattr(owner, name)) and not is_base_method(owner, name):
            yield name


def interfaces_of(owner: type) -> Iterator[InterfaceClass]:
    """What *owner* provides, and what its docstring names: a part of a store is no store."""
    yield from implementedBy(owner).flattened()
    for word in re.findall(r"\bI[A-Z]\w+", owner.__doc__ or ""):
        named = getattr(interfaces, word, None)
        if isinstance(named, InterfaceClass):
            yield named


def is_base_method(owner: type, name: str) -> bool:
    """Whether a base that is not ours says what the method is for."""
    return any(
        name in vars(base) and not base.__module__.startswith("jqengine")
        for base in owner.__mro__[1:]
    )


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_has_a_docstring(name: str) -> None:
    assert list(undocumented(import_module(name))) == []


def test_what_has_no_docstring_is_found() -> None:
    module = ModuleType("bare")
    source = (
        "from zope.interface import Interface, implementer\n"
        "class IThing(Interface):\n"
        "    'A thing.'\n"
        "    def told(): 'Said here.'\n"
        "    def untold(): ...\n"
        "@implementer(IThing)\n"
        "class Thing:\n"
        "    'A thing.'\n"
        "    def told(self): ...\n"
        "    def silent(self): ...\n"
        "    @property\n"
        "    def mute(self): ...\n"
        "    def _private(self): ...\n"
        "    def __len__(self): ...\n"
        "class Part:\n"
        "    'A part of an :class:`IStore`.'\n"
        "    def claim(self): ...\n"
        "    def silent(self): ...\n"
        "class Bare: ...\n"
        "def function(): ...\n"
        "def _private(): ...\n"
    )
    exec(source, vars(module))
    assert list(undocumented(module)) == [
        "bare", "IThing.untold", "Thing.silent", "Thing.mute", "Part.silent", "Bare", "function",
    ]  # fmt: skip


def test_the_readme_is_short_and_names_files_that_are_there() -> None:
    text = (ROOT / "README.rst").read_text()
    assert len(text.splitlines()) < 80
    for path in set(re.findall(r"\b(?:doc|\.ci)/[\w./-]+", text)) - {"doc/_build"}:
        assert (ROOT / path).exists(), path


def test_the_readme_has_two_commands_of_one_line_each() -> None:
    text = (ROOT / "README.rst").read_text()
    commands = re.findall(r"^    (sh \.ci/venv.*)$", text, re.M)
    assert len(commands) == 2
    assert " jobqueue --app " in commands[0]
    assert commands[1].endswith("pytest -q")


@pytest.mark.parametrize("page", sorted((ROOT / "doc").rglob("*.rst")), ids=lambda page: page.name)
def test_pages_name_options_that_exist(page: Path) -> None:
    variables = {option.variable for option in OPTIONS}
    for line in page.read_text().splitlines():
        if "twistd" in line and " jobqueue " in line:
            ours = line.partition(" jobqueue ")[2]
            names = set(re.findall(r"--([a-z][a-z-]+)", ours))
            assert names <= {option.name for option in OPTIONS}, line
        for variable in re.findall(r"Environment=(JOBQUEUE_[A-Z_]+)", line):
            assert variable in variables
