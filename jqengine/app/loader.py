"""Find the WSGI application that ``--app`` names."""

from __future__ import annotations

import importlib
import os
import re
import sys
import sysconfig
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import extract_tb
from types import CodeType, ModuleType
from typing import cast
from wsgiref.types import WSGIApplication

from jqengine.errors import ApplicationNotLoaded
from jqengine.request.capture import describe_exception

USUAL_NAMES = ("application", "app")
"""What the application is called when only its module is named."""

_REFERENCE = re.compile(
    r"(?P<module>\w+(?:\.\w+)*)(?::(?P<name>\w+(?:\.\w+)*)(?P<call>\(\))?)?",
    re.ASCII,
)
_FORMS = "expected pkg.module, pkg.module:name, pkg.module:factory() or the path of a .wsgi file"
_INSTALLED = tuple({sysconfig.get_path(kind) + os.sep for kind in ("purelib", "platlib")})
_STANDARD = tuple({sysconfig.get_path(kind) + os.sep for kind in ("stdlib", "platstdlib")})


def load_application(text: str) -> WSGIApplication:
    """The application that *text* names.

    The forms are ``pkg.module`` (its ``application`` or ``app``),
    ``pkg.module:name``, ``pkg.module:factory()``, or the path of a ``.wsgi``
    or ``.py`` file.  A text such as ``mysite.wsgi`` is the file of that name
    if there is one, else the module.

    The working directory becomes importable, and for a file its own directory
    too.  User code runs, on the calling thread.

    :raises ApplicationNotLoaded: in every other case, with one line that says
        what is wrong and, if user code is to blame, in which file and line.
    """
    _make_importable(Path.cwd())
    if _is_file(text):
        return _usual_application(_load_file(text), text)
    match = _REFERENCE.fullmatch(text)
    if not match:
        raise ApplicationNotLoaded(f"{text!r} does not name an application; {_FORMS}")
    module = _load_module(match["module"], text)
    if match["name"] is None:
        return _usual_application(module, text)
    found = _attribute(module, match["name"], text)
    if match["call"]:
        found = _call_factory(found, text)
    return _checked(found, text)


def _is_file(text: str) -> bool:
    if os.sep in text or text.endswith(".py"):
        return True
    return text.endswith(".wsgi") and (Path(text).is_file() or not _REFERENCE.fullmatch(text))


def _make_importable(directory: Path) -> None:
    path = str(directory)
    if sys.path[:1] != [path]:
        sys.path.insert(0, path)


def _load_module(name: str, text: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and _is_part_of(name, error.name):
            raise ApplicationNotLoaded(_no_module(text, error.name)) from error
        raise _blame(text, "importing it failed", error) from error


def _is_part_of(module: str, missing: str | None) -> bool:
    """Whether *missing* is *module* itself or a package around it."""
    return missing is not None and f"{module}.".startswith(f"{missing}.")


def _no_module(text: str, missing: str | None) -> str:
    none = "there is neither such a file nor a" if text.endswith(".wsgi") else "there is no"
    return f"{text}: {none} module {missing!r} (the working directory is {Path.cwd()})"


class _UncachedLoader(SourceFileLoader):
    """Reads the source each time: ``x.wsgi`` and ``x.py`` would share one cache file."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _load_file(text: str) -> ModuleType:
    path = Path(text).absolute()
    if not path.is_file():
        raise ApplicationNotLoaded(f"{text}: there is no such file")
    _make_importable(path.parent)
    name = _module_name(path)
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, "__file__", None) == str(path):
        return loaded
    spec = spec_from_file_location(name, path, loader=_UncachedLoader(name, str(path)))
    if spec is None or spec.loader is None:
        raise ApplicationNotLoaded(f"{text}: this is not a Python file")
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        if isinstance(error, OSError) and error.filename == str(path):
            raise ApplicationNotLoaded(f"{text}: {error.strerror}") from error
        raise _blame(text, "running it failed", error) from error
    return module


def _module_name(path: Path) -> str:
    """What the file at *path* is called among the modules.

    A ``.py`` file is the module that others import by its name, unless that
    name is taken.  A ``.wsgi`` file is not: ``myapp.wsgi`` usually begins with
    ``from myapp import ...``.
    """
    taken = sys.modules.get(path.stem)
    free = taken is None or getattr(taken, "__file__", None) == str(path)
    if path.suffix == ".py" and path.stem.isidentifier() and free:
        return path.stem
    return f"_wsgi_{path.stem}"


def _usual_application(module: ModuleType, text: str) -> WSGIApplication:
    for name in USUAL_NAMES:
        if hasattr(module, name):
            return _checked(getattr(module, name), f"{text}: {name}")
    hint = next(
        (f"; to call {name}, say {module.__name__}:{name}()"
         for name in ("create_app", "make_app", "get_application")
         if callable(getattr(module, name, None)) and not module.__name__.startswith("_wsgi_")),
        "",
    )  # fmt: skip
    raise ApplicationNotLoaded(f"{text}: it has neither `application` nor `app`{hint}")


def _attribute(module: ModuleType, dotted: str, text: str) -> object:
    found: object = module
    for name in dotted.split("."):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            owner = f"module {module.__name__}" if found is module else type(found).__name__
            raise ApplicationNotLoaded(f"{text}: {owner} has no {name!r}") from error
        except Exception as error:
            raise _blame(text, f"reading {name!r} failed", error) from error
    return found


def _call_factory(factory: object, text: str) -> object:
    if not callable(factory):
        raise ApplicationNotLoaded(f"{text}: the factory is {_a(factory)}, which cannot be called")
    try:
        return factory()
    except (Exception, SystemExit) as error:
        raise _blame(text, "the factory failed", error) from error


def _checked(found: object, text: str) -> WSGIApplication:
    if not callable(found):
        raise ApplicationNotLoaded(f"{text}: {_a(found)} is not a WSGI application")
    return cast("WSGIApplication", found)


def _a(value: object) -> str:
    return "None" if value is None else f"an object of type {type(value).__name__}"


def _blame(text: str, what: str, error: BaseException) -> ApplicationNotLoaded:
    place = _place(error)
    where = f" at {place}" if place else ""
    return ApplicationNotLoaded(f"{text}: {what}{where}: {describe_exception(_plain(error))}")


def _plain(error: BaseException) -> BaseException:
    # str() of a SyntaxError repeats the file and line that we say ourselves.
    return type(error)(error.msg) if isinstance(error, SyntaxError) else error


def _place(error: BaseException) -> str | None:
    """The file and line of user code that *error* comes from."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    files = [(frame.filename, frame.lineno) for frame in extract_tb(error.__traceback__)]
    installed = [one for one in files if one[0].startswith(_INSTALLED)]
    own = [one for one in files if not one[0].startswith((*_INSTALLED, *_STANDARD, "<", __file__))]
    for name, line in (own or installed)[-1:]:
        return f"{name}:{line}"
    return None
