"""The import rule of the architecture holds, and what would break it is found."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.import_rule import PACKAGE, SOURCE, violations


def test_the_rule_holds() -> None:
    assert violations(SOURCE) == []


def test_plugins_are_labels_in_folders_that_are_no_packages() -> None:
    plugins = SOURCE.parent / "twisted" / "plugins"
    assert not list(plugins.parent.rglob("__init__.py"))
    for path in plugins.glob("*.py"):
        kinds = {type(node) for node in ast.parse(path.read_text("utf-8")).body}
        assert kinds <= {ast.Expr, ast.ImportFrom, ast.Assign}, f"{path.name} holds code"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small package that keeps the rule."""
    files = {
        "__init__.py": "",
        "tap.py": "from twisted.internet import reactor\nfrom jqengine.engine import make",
        "engine.py": "from jqengine.store.sql import Store\nfrom jqengine.dispatch import loop",
        "dispatch/__init__.py": "",
        "dispatch/loop.py": "from jqengine.dispatch.window import W\nfrom jqengine.job import Job",
        "dispatch/window.py": "import time\nfrom datetime import datetime\nx = time.monotonic()",
        "store/__init__.py": "",
        "store/sql.py": "from jqengine.request import make\nimport jqengine.errors",
        "request/__init__.py": "make = 1",
        "job.py": "from jqengine.errors import Oops",
        "errors.py": "def f(clock): return clock.now()",
        "clock.py": "import time\nnow = time.time",
    }
    source = tmp_path / PACKAGE
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    return source


def test_a_package_that_keeps_the_rule_passes(tree: Path) -> None:
    assert violations(tree) == []


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("job.py", "import jqengine.request", "vocabulary imports request, which is not to its"),
        ("request/x.py", "from jqengine.store import sql", "request imports store, which is not"),
        (
            "store/x.py",
            "from jqengine.sinks.x import y",
            "store imports sinks, which is not to its",
        ),
        (
            "triggers/x.py",
            "from jqengine.dispatch.loop import y",
            "triggers imports dispatch, which",
        ),
        ("dispatch/x.py", "from jqengine.store.sql import y", "meets through interfaces alone"),
        ("admin/x.py", "import jqengine.app", "admin imports app, which it meets through"),
        ("remote/x.py", "from ..sinks import y", "remote imports sinks, which it meets through"),
        (
            "engine.py",
            "from jqengine.tap import y",
            "engine imports tap, which is not to its right",
        ),
        ("cli.py", "from jqengine.tap import y", "cli imports tap, which is not to its right"),
        ("engine.py", "import jqengine", "imports the package root"),
        ("engine.py", "from jqengine import store", None),
        ("engine.py", "from jqengine import VERSION", "imports the package root"),
        ("job.py", "from . import VERSION", "imports the package root"),
        ("engine.py", "def f():\n import jqengine.job", "imports jqengine.job within a function"),
        (
            "engine.py",
            "class A:\n async def f(s):\n  from jqengine.job import J",
            "within a function",
        ),
        ("engine.py", "if TYPE_CHECKING:\n from jqengine.tap import y", "not to its right"),
        ("engine.py", "from twisted.internet import reactor", "the global reactor"),
        ("engine.py", "import twisted.internet.reactor as r", "the global reactor"),
        (
            "engine.py",
            "from twisted import internet\ninternet.reactor.stop()",
            "the global reactor",
        ),
        ("engine.py", "def f():\n from twisted.internet.reactor import stop", "the global reactor"),
        ("engine.py", "import time\ntime.time()", "reads the wall clock"),
        ("engine.py", "import time as t\nf = t.time_ns", "reads the wall clock"),
        ("engine.py", "from time import time", "reads the wall clock"),
        ("engine.py", "import datetime\ndatetime.datetime.now(None)", "reads the wall clock"),
        ("engine.py", "from datetime import datetime as d\nd.utcnow()", "reads the wall clock"),
        ("engine.py", "from datetime import date\ndate.today()", "reads the wall clock"),
        ("helpers/x.py", "", "is in no room that the rule knows"),
        ("helpers.py", "from jqengine.request import make", "vocabulary imports request, which"),
        ("errors.py", "if TYPE_CHECKING:\n from jqengine.job import Job", None),
        (
            "__init__.py",
            "from jqengine.errors import Oops",
            "root imports vocabulary, which is not",
        ),
        ("store/a.py", "import jqengine.store.b", None),
        (
            "errors.py",
            "from jqengine.job import Job",
            "a circle: jqengine.job > jqengine.errors > jqengine.job",
        ),
    ],
)
def test_what_breaks_the_rule_is_found(
    name: str, text: str, expected: str | None, tree: Path
) -> None:
    (tree / name).parent.mkdir(exist_ok=True)
    (tree / name).write_text(text)
    found = violations(tree)
    if expected is None:
        assert found == []
    else:
        assert any(expected in one for one in found), found
