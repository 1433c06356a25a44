"""Wheel, sdist and editable install: each makes ``twistd`` know us and ``jobqueue`` work.

Each goes into a fresh environment that sees the libraries of this one, but not what is
installed here of ourselves, so that nothing but our own files is fetched or built.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from jqengine.config import resolve
from jqengine.version import VERSION

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).parent.parent
LEFT_OUT = (
    ".*", "__pycache__", "*.egg-info", "build", "dist", "_build", "dropin.cache", "bench-results",
)  # fmt: skip


def run(*command: str | Path, cwd: Path) -> str:
    ended = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout, where a build may leave what it likes."""
    copy = tmp_path_factory.mktemp("source") / "jqengine"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return copy


@pytest.fixture(scope="module")
def built(source: Path) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    run(sys.executable, "-m", "build", "--no-isolation", cwd=source)
    return source / "dist"


def modules_of(root: Path) -> set[str]:
    """Every file of the packages beneath *root*, as a distribution names it."""
    return {
        str(path.relative_to(root))
        for package in ("jqengine", "twisted")
        for path in (root / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_has_every_file_of_the_packages_and_nothing_else(
    source: Path, built: Path
) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = archive.read(f"jqengine-{VERSION}.dist-info/METADATA").decode()
    assert names == modules_of(source)
    assert "jqengine/py.typed" in names
    assert not any(name.endswith("__init__.py") for name in names if name.startswith("twisted/"))
    assert "License-Expression: MIT" in metadata


def test_the_sdist_has_what_a_packager_needs(source: Path, built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert modules_of(source) <= names
    assert {
        "LICENSE",
        "NEWS.rst",
        "README.rst",
        "doc/conf.py",
        "doc/examples/demo/demo.wsgi",
        "pyproject.toml",
        "setup.py",
        "tests/test_packaging.py",
        "tox.ini",
    } <= names
    assert not [name for name in names if re.search(r"\.pyc$|dropin\.cache|_build/", name)]


@pytest.mark.parametrize("kind", ["wheel", "sdist", "editable"])
def test_an_install_is_found_by_twistd(
    kind: str, source: Path, built: Path, tmp_path: Path
) -> None:
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    what = {"wheel": [wheel], "sdist": [sdist], "editable": ["--editable", source]}[kind]
    python = fresh_environment(tmp_path / "venv")
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet"),
        *("--no-index", "--no-deps", "--no-build-isolation", *what),
        cwd=tmp_path,
    )
    twistd = "from twisted.scripts.twistd import run; run()"
    assert re.search(r"^ +jobqueue  ", run(python, "-c", twistd, "--help", cwd=tmp_path), re.M)
    assert "--crontab=FILE" in run(python, "-c", twistd, "jobqueue", "--help", cwd=tmp_path)
    assert VERSION in run(python.parent / "jobqueue", "--version", cwd=tmp_path)
    ours = "import jqengine, twisted.plugins.jqengine_plugin as p; print(jqengine, p)"
    home = source if kind == "editable" else tmp_path / "venv"
    found = re.findall(r"from '(.+?)'", run(python, "-c", ours, cwd=tmp_path))
    assert len(found) == 2
    assert all(Path(path).is_relative_to(home) for path in found), found


def fresh_environment(where: Path) -> Path:
    """The Python of a new virtual environment that sees the libraries of this one."""
    run(sys.executable, "-m", "venv", "--without-pip", where, cwd=where.parent)
    python = where / "bin" / "python"
    (site,) = (where / "lib").glob("python*/site-packages")
    # The .pth files in a folder that is added so are not read, and an editable
    # install of ourselves in this environment is one.
    (site / "libraries.pth").write_text(
        "".join(f"{sysconfig.get_path(kind)}\n" for kind in ("purelib", "platlib"))
    )
    return python


DOCKERFILE = ROOT / "contrib" / "docker" / "Dockerfile"
APPLICATION = "def application(environ, start_response):\n    start_response('200 OK', [])\n"


def instructions() -> dict[str, str]:
    """The instructions of the last stage of the image, the last of each kind."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(), flags=re.M).replace("\\\n", " ")
    last_stage = text[text.rindex("\nFROM ") + 1 :]
    return dict(line.split(" ", 1) for line in last_stage.splitlines() if line.strip())


def test_the_image_says_what_the_engine_means() -> None:
    said = instructions()
    environ = dict(word.split("=", 1) for word in said["ENV"].split())
    settings = resolve(
        {}, {**environ, "JOBQUEUE_APP": "x"}, None, directory="/", system_zone=lambda: "UTC"
    )
    assert settings.state_dir == said["VOLUME"]
    assert settings.admin == "tcp:8081:interface=127.0.0.1"
    assert int(said["USER"].partition(":")[0]) > 0, "a number can be seen not to be root"
    assert said["STOPSIGNAL"] == "SIGTERM"


def test_the_steps_of_the_image_make_an_engine_that_writes_to_its_state_alone(
    built: Path, tmp_path: Path
) -> None:
    (wheel,) = built.glob("*.whl")
    python = fresh_environment(tmp_path / "venv")
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet"),
        *("--no-index", "--no-deps", wheel),
        cwd=tmp_path,
    )
    twistd = (python, "-c", "from twisted.scripts.twistd import run; run()")
    run(*twistd, "--help", cwd=tmp_path)
    (cache,) = (tmp_path / "venv").rglob("dropin.cache")
    made = cache.read_bytes()
    for path in (tmp_path / "venv").rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    (tmp_path / "app.wsgi").write_text(APPLICATION + "    return []\n")
    log = tmp_path / "log"
    entry = json.loads(instructions()["ENTRYPOINT"])
    with log.open("w") as file:
        engine = subprocess.Popen(
            [*twistd, *entry[1:], "--app", "app.wsgi", "--http", "tcp:0", "--state-dir", "state"],
            cwd=tmp_path,
            env={"PATH": "/usr/bin", "JOBQUEUE_ADMIN": "tcp:0:interface=127.0.0.1"},
            stderr=file,
        )
    try:
        admin = until_it_says(r"Results are shown at http://127\.0\.0\.1:(\d+)", log, engine)
        until_it_says("The engine is up", log, engine)
        healthy = json.loads(instructions()["HEALTHCHECK"].partition(" CMD ")[2])
        healthy[2] = healthy[2].replace(":8081/", f":{admin}/")
        run(*healthy, cwd=tmp_path)
        assert cache.read_bytes() == made
    finally:
        engine.send_signal(signal.SIGTERM)
        engine.wait(30)
    assert "The engine has stopped" in log.read_text()


def until_it_says(what: str, log: Path, engine: subprocess.Popen[bytes]) -> str:
    """The first group of *what*, or all of it, once it is in *log*."""
    for _ in range(600):
        if match := re.search(what, log.read_text()):
            return match[match.lastindex or 0]
        assert engine.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(log.read_text())
