"""The state directory: private, held by one engine, and its name for good."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from jqengine.errors import ConfigurationError, StateDirectoryInUse
from jqengine.statedir import StateDirectory, open_state_directory
from tests.launching import ROOT


def opened(path: Path, seed: int = 1) -> StateDirectory:
    return open_state_directory(str(path), random.Random(seed).getrandbits)


def test_it_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        opened(tmp_path / "new" / "state").close()
    finally:
        os.umask(before)
    assert (tmp_path / "new" / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / "state" / "lock").stat().st_mode & 0o777 == 0o600


def test_the_node_keeps_its_name_and_every_boot_is_new(tmp_path: Path) -> None:
    first = opened(tmp_path, 1)
    first.close()
    second = opened(tmp_path, 2)
    second.close()
    assert first.owner.node == second.owner.node
    assert first.owner.boot != second.owner.boot


def test_nodes_of_one_host_differ(tmp_path: Path) -> None:
    first, second = opened(tmp_path / "a", 1), opened(tmp_path / "b", 2)
    first.close()
    second.close()
    assert first.owner.node != second.owner.node


@pytest.mark.parametrize("damage", ["", "two words", "x" * 200, "\xff"])
def test_a_damaged_name_is_replaced(damage: str, tmp_path: Path) -> None:
    (tmp_path / "node").write_text(damage, "latin-1")
    state = opened(tmp_path)
    state.close()
    assert (tmp_path / "node").read_text() == f"{state.owner.node}\n"


@pytest.mark.parametrize("host", ["", "büro pc", "h" * 300])
def test_any_host_name_makes_a_node_name(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: host)
    first, second = opened(tmp_path, 1), None
    first.close()
    second = opened(tmp_path, 2)
    second.close()
    assert first.owner.node == second.owner.node


def test_two_engines_never_share_one(tmp_path: Path) -> None:
    held = opened(tmp_path)
    with pytest.raises(
        StateDirectoryInUse, match=rf"another engine uses it \(process {os.getpid()}\)"
    ):
        opened(tmp_path)
    held.close()
    opened(tmp_path).close()


def test_the_lock_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    program = (
        "import os, random, sys; from jqengine.statedir import open_state_directory\n"
        "open_state_directory(sys.argv[1], random.getrandbits)\n"
        "os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT)
    assert ended.returncode == -9
    assert (tmp_path / "lock").read_text()
    opened(tmp_path).close()


def test_a_program_that_the_engine_starts_does_not_hold_it(tmp_path: Path) -> None:
    held = opened(tmp_path)
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        held.close()
        opened(tmp_path).close()
    finally:
        child.kill()
        child.wait()


def test_one_that_anyone_may_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.raises(ConfigurationError, match=r"anyone may write to it \(mode 1777\)"):
        opened(tmp_path)


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(ConfigurationError, match=r"state: it is not a directory$"):
        opened(tmp_path / "state")
    with pytest.raises(ConfigurationError, match=r"Not a directory$"):
        opened(tmp_path / "state" / "below")


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(ConfigurationError, match="symbolic links"):
        opened(tmp_path)
    assert not (tmp_path / "precious").exists()


@pytest.mark.parametrize("name", ["", "below"])
def test_one_that_cannot_be_written_is_one_line(name: str, tmp_path: Path) -> None:
    # Root may write anywhere, so that the attempt is made by somebody else.
    program = (
        "import os, random, sys; from jqengine.statedir import open_state_directory\n"
        "from jqengine.errors import ConfigurationError\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "try: open_state_directory(sys.argv[1], random.getrandbits)\n"
        "except ConfigurationError as error: print(error)"
    )
    tmp_path.chmod(0o555)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    path = str(tmp_path / name) if name else str(tmp_path)
    ended = subprocess.run(
        [sys.executable, "-c", program, path], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.stdout == f"state directory {path}: Permission denied\n", ended.stderr
