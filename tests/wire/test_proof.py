"""The handshake's proofs, and the file of secrets."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest

from jqengine.errors import ConfigurationError
from jqengine.wire.proof import client_proof, engine_proof, read_secrets

CLIENT, ENGINE = b"c" * 32, b"e" * 32
SECRET = b"sixteen letters!"


def test_the_proof_is_what_the_reference_says() -> None:
    message = b"jobqueue-amp-1\0engine\0operate\0" + CLIENT + ENGINE
    expected = hmac.new(SECRET, message, hashlib.sha256).digest()
    assert engine_proof(SECRET, "operate", CLIENT, ENGINE) == expected


def test_every_part_counts() -> None:
    proofs = {
        engine_proof(SECRET, "operate", CLIENT, ENGINE),
        client_proof(SECRET, "operate", CLIENT, ENGINE),
        engine_proof(SECRET, "submit", CLIENT, ENGINE),
        engine_proof(SECRET, "operate", ENGINE, CLIENT),
        engine_proof(b"another secret!!", "operate", CLIENT, ENGINE),
    }
    assert len(proofs) == 5


def _file(tmp_path: Path, text: str, mode: int = 0o600) -> str:
    path = tmp_path / "secrets"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_a_file_of_secrets(tmp_path: Path) -> None:
    text = "# who may what\n\noperate sixteen-letters!\nsubmit  another-sixteen-letters\n"
    assert read_secrets(_file(tmp_path, text)) == {
        "operate": b"sixteen-letters!",
        "submit": b"another-sixteen-letters",
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no secret"),
        ("operate short", "secrets:1: the secret is too short"),
        ("\nadmin sixteen-letters!", "secrets:2: expected submit or operate"),
        ("operate sixteen-letters!\noperate sixteen-letters!", "secrets:2: expected"),
        ("operate two words-of-a-secret", "secrets:1: expected"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(text: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=why):
        read_secrets(_file(tmp_path, text))


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="others can read it; expected mode 600"):
        read_secrets(_file(tmp_path, "operate sixteen-letters!", 0o640))
    with pytest.raises(ConfigurationError, match="No such file"):
        read_secrets(str(tmp_path / "missing"))
