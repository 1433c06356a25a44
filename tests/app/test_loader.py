"""Every form of ``--app``, and one clear line for everything else."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jqengine.app.loader import load_application
from jqengine.errors import ApplicationNotLoaded

APPLICATION = "def {name}(environ, start_response): return [{name!r}]\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory of its own, whose modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    path, modules = list(sys.path), set(sys.modules)
    importlib.invalidate_caches()
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def answer(text: str) -> str:
    return load_application(text)({}, None)[0]  # type: ignore[arg-type,index]


@pytest.mark.parametrize(
    ("files", "text", "expected"),
    [
        ({"one.py": APPLICATION.format(name="application")}, "one", "application"),
        ({"one.py": APPLICATION.format(name="app")}, "one", "app"),
        (
            {"one.py": APPLICATION.format(name="app") + APPLICATION.format(name="application")},
            "one",
            "application",
        ),
        ({"one.py": APPLICATION.format(name="other")}, "one:other", "other"),
        (
            {"pkg/__init__.py": "", "pkg/sub.py": APPLICATION.format(name="app")},
            "pkg.sub",
            "app",
        ),
        (
            {"one.py": "class Holder:\n    def app(environ, start_response): return ['held']"},
            "one:Holder.app",
            "held",
        ),
        (
            {"one.py": "def make():\n    return lambda environ, start_response: ['made']"},
            "one:make()",
            "made",
        ),
        ({"one.py": APPLICATION.format(name="app")}, "one.py", "app"),
        ({"dir/one.wsgi": APPLICATION.format(name="application")}, "dir/one.wsgi", "application"),
        ({"my-app.wsgi": APPLICATION.format(name="application")}, "my-app.wsgi", "application"),
        ({"site/__init__.py": "", "my.wsgi": "from beside import app", "beside.py": "app = print"},
         "my.wsgi", None),
    ],
)  # fmt: skip
def test_every_form_finds_its_application(
    here: Path, files: dict[str, str], text: str, expected: str | None
) -> None:
    for name, content in files.items():
        write(here / name, content)
    assert load_application(text) is print if expected is None else answer(text) == expected


def test_a_wsgi_file_is_itself_and_a_module_of_that_name_is_another(here: Path) -> None:
    write(here / "shop.py", "app = len")
    write(here / "shop.wsgi", "from shop import app as application")
    assert load_application("shop.wsgi") is len


def test_a_text_in_wsgi_is_the_module_when_there_is_no_such_file(here: Path) -> None:
    write(here / "mysite/__init__.py", "")
    write(here / "mysite/wsgi.py", "application = len")
    assert load_application("mysite.wsgi") is len


def test_the_directory_of_a_file_is_importable_and_the_working_one_too(here: Path) -> None:
    write(here / "lib_here.py", "value = 'here'")
    write(here / "sub/lib_there.py", "value = 'there'")
    write(
        here / "sub/one.wsgi",
        "import lib_here, lib_there\n"
        "application = lambda environ, start_response: [lib_here.value + lib_there.value]",
    )
    assert answer("sub/one.wsgi") == "herethere"


def test_a_py_file_is_the_module_that_others_import(here: Path) -> None:
    write(here / "one.py", "state = []\ndef app(environ, start_response): return state")
    application = load_application("one.py")
    assert load_application("one.py") is application
    assert importlib.import_module("one").app is application


def test_a_file_never_takes_the_place_of_a_module_that_is_loaded(here: Path) -> None:
    import json

    write(here / "json.py", "application = len")
    assert load_application("json.py") is len
    assert importlib.import_module("json") is json


def test_a_wsgi_file_leaves_no_cache_and_is_read_afresh(here: Path) -> None:
    write(here / "one.py", "application = len")
    write(here / "one.wsgi", "application = max")
    assert load_application("one.wsgi") is max
    assert not (here / "__pycache__").exists()


BROKEN = {
    "fine.py": "application = len",
    "empty.py": "",
    "empty.wsgi": "",
    "factory.py": "def create_app(): return len",
    "text.py": "application = 'text'",
    "needs.py": "import os\nimport not_installed_anywhere",
    "pkg/__init__.py": "",
    "pkg/needs.py": "from pkg import absent",
    "raises.py": "import os\n\nraise ValueError('no\\n  settings')",
    "raises.wsgi": "def f():\n    1 / 0\nf()",
    "exits.py": "raise SystemExit(3)",
    "deep.py": "import raises",
    "library.py": "import json\njson.loads('{')",
    "syntax.py": "x = 1\ndef broken(:\n",
    "syntax.wsgi": "a b",
    "makes.py": "def fails():\n    raise KeyError('db')\ndef nothing(): pass\ndef takes(a): pass\n"
    "value = 3\nclass Lazy:\n    @property\n    def app(self):\n        raise OSError('slow')\n"
    "lazy = Lazy()",
    "nul.py": "x = '\x00'",
}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("absent", "absent: there is no module 'absent' (the working directory is "),
        ("absent.sub:app", "absent.sub:app: there is no module 'absent' "),
        ("pkg.absent", "pkg.absent: there is no module 'pkg.absent' "),
        ("fine.sub", "fine.sub: there is no module 'fine.sub' "),
        ("absent.wsgi", "absent.wsgi: there is neither such a file nor a module 'absent' "),
        ("dir/absent.wsgi", "dir/absent.wsgi: there is no such file"),
        ("absent.py", "absent.py: there is no such file"),
        ("pkg/", "pkg/: there is no such file"),
        ("fine:absent", "fine:absent: module fine has no 'absent'"),
        ("fine:application.absent", "fine:application.absent: builtin_function_or_method has no"),
        ("empty", "empty: it has neither `application` nor `app`"),
        ("empty.wsgi", "empty.wsgi: it has neither `application` nor `app`"),
        ("factory", "factory: it has neither `application` nor `app`; to call create_app, say "
         "factory:create_app()"),
        ("text", "text: application: an object of type str is not a WSGI application"),
        ("makes:value", "makes:value: an object of type int is not a WSGI application"),
        ("needs", "needs: importing it failed at {here}/needs.py:2: ModuleNotFoundError: No module "
         "named 'not_installed_anywhere'"),
        ("pkg.needs", "pkg.needs: importing it failed at {here}/pkg/needs.py:1: ImportError: "),
        ("raises", "raises: importing it failed at {here}/raises.py:3: ValueError: no settings"),
        ("raises.wsgi", "raises.wsgi: running it failed at {here}/raises.wsgi:2: "
         "ZeroDivisionError: division by zero"),
        ("raises.py", "raises.py: running it failed at {here}/raises.py:3: ValueError: no"),
        ("exits", "exits: importing it failed at {here}/exits.py:1: SystemExit: 3"),
        ("deep", "deep: importing it failed at {here}/raises.py:3: ValueError: no settings"),
        ("library", "library: importing it failed at {here}/library.py:2: JSONDecodeError: "),
        ("syntax", "syntax: importing it failed at {here}/syntax.py:2: SyntaxError: invalid"),
        ("syntax.wsgi", "syntax.wsgi: running it failed at {here}/syntax.wsgi:1: SyntaxError: "),
        ("makes:fails()", "makes:fails(): the factory failed at {here}/makes.py:2: KeyError: 'db'"),
        ("makes:nothing()", "makes:nothing(): None is not a WSGI application"),
        ("makes:takes()", "makes:takes(): the factory failed: TypeError: "),
        ("makes:value()", "makes:value(): the factory is an object of type int, which cannot be "),
        ("makes:lazy.app", "makes:lazy.app: reading 'app' failed at {here}/makes.py:9: OSError: "),
        ("nul", "nul: importing it failed: SyntaxError: "),
        ("", "'' does not name an application; expected pkg.module, pkg.module:name, "),
        (":app", "':app' does not name an application; "),
        ("fine:", "'fine:' does not name an application; "),
        ("fine:make(1)", "'fine:make(1)' does not name an application; "),
        ("fine app", "'fine app' does not name an application; "),
        (".fine", "'.fine' does not name an application; "),
        ("fine..x", "'fine..x' does not name an application; "),
    ],
)  # fmt: skip
def test_every_failure_is_one_clear_line(here: Path, text: str, message: str) -> None:
    for name, content in BROKEN.items():
        write(here / name, content)
    with pytest.raises(ApplicationNotLoaded) as caught:
        load_application(text)
    line = str(caught.value)
    assert line.startswith(message.format(here=here))
    assert "\n" not in line


def test_a_file_that_failed_is_read_again(here: Path) -> None:
    write(here / "one.py", "1 / 0")
    with pytest.raises(ApplicationNotLoaded):
        load_application("one.py")
    write(here / "one.py", "app = len")
    assert load_application("one.py") is len


def test_a_real_interrupt_is_not_swallowed(here: Path) -> None:
    write(here / "one.py", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_application("one")
