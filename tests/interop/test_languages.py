"""Clients in Node and in Perl, written from the protocol's description alone."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.interop.conftest import amp_addresses
from tests.system.engine_process import engine

HERE = Path(__file__).parent
SECRET = "a-secret-of-some-length"

CLIENTS = [
    pytest.param(
        name,
        file,
        marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed"),
    )
    for name, file in (("node", "client.js"), ("perl", "client.pl"))
]


def _run(name: str, file: str, *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [name, str(HERE / file), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    found: dict[str, object] = json.loads(done.stdout)
    return found


def _check(found: dict[str, object]) -> None:
    assert found["status"] == 200
    assert found["text"] == "alice says hello to name=Zo%C3%AB"
    assert found["echoed"] == found["sent"]
    assert found["failure"] == {
        "code": "BAD_SCHEDULE",
        "sentence": "at 'teatimes': 's' is not understood",
    }
    assert found["many"] == ["id", "BAD_REQUEST"]


@pytest.mark.parametrize(("name", "file"), CLIENTS)
def test_over_the_socket_and_over_tcp_with_a_secret(name: str, file: str, folder: Path) -> None:
    secrets = folder / "secrets"
    secrets.write_text(f"submit {SECRET}\n")
    secrets.chmod(0o600)
    with engine(
        folder,
        *("--app", "echoing", "--sink", "off", "--amp", "unix:amp.sock"),
        *("--amp", "tcp:0:interface=127.0.0.1", "--amp-secret-file", "secrets"),
    ) as one:
        own, tcp = amp_addresses(one)
        _check(_run(name, file, own))
        _check(_run(name, file, tcp, "submit", SECRET))
