"""The key that the processes of one state directory share."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from jqengine.errors import ConfigurationError
from jqengine.statekey import LENGTH, NAME, shared_key, subkey


def test_it_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    first = shared_key(str(tmp_path), os.urandom)
    assert len(first) == LENGTH
    assert shared_key(str(tmp_path), os.urandom) == first
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == [NAME]


def test_all_who_make_it_at_once_get_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_have_looked = threading.Barrier(2)
    found: list[bytes] = []

    def random_bytes(length: int) -> bytes:
        both_have_looked.wait(10)
        return os.urandom(length)

    monkeypatch.setattr(os, "getpid", threading.get_ident)  # as two processes have two
    threads = [
        threading.Thread(target=lambda: found.append(shared_key(str(tmp_path), random_bytes)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert [one.name for one in tmp_path.iterdir()] == [NAME]


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"short")
    with pytest.raises(ConfigurationError, match="key is not a key; remove it"):
        shared_key(str(tmp_path), os.urandom)
    with pytest.raises(ConfigurationError, match="No such file"):
        shared_key(str(tmp_path / "nowhere"), os.urandom)


def test_keys_for_two_purposes_differ() -> None:
    assert subkey(b"key", "forms") != subkey(b"key", "redaction") != subkey(b"yek", "redaction")
