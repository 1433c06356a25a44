"""Secrets are named; the secret itself appears nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from jqengine.errors import BadValue, ConfigurationError
from jqengine.secretref import SecretRef


@pytest.mark.parametrize("text", ["env:HOOK_SECRET", "file:/run/secrets/hook", "file:hook"])
def test_a_reference_reads_back_as_it_was_written(text: str) -> None:
    assert str(SecretRef.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "whsec_c2VjcmV0", "env:", "env:9", "env:A-B", "file:", "file:a\nb", "vault:x"]
)
def test_anything_else_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(BadValue) as caught:
        SecretRef.parse(text)
    assert str(caught.value) == "a secret is named, not written; expected env:NAME or file:PATH"


def test_it_is_read_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("  from a file\n")
    environ = {"HOOK": "from the environment"}
    assert SecretRef.parse("env:HOOK").read(environ, str(tmp_path)) == "from the environment"
    assert SecretRef.parse("file:hook").read({}, str(tmp_path)) == "from a file"
    assert SecretRef.parse(f"file:{tmp_path}/hook").read({}, "/nowhere") == "from a file"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("env:MISSING", "the secret env:MISSING is not set"),
        ("env:EMPTY", "the secret env:EMPTY is not set"),
        ("file:missing", "the secret file:missing cannot be read: No such file or directory"),
        ("file:folder", "the secret file:folder cannot be read: Is a directory"),
        ("file:binary", "the secret file:binary is not text"),
        ("file:blank", "the secret file:blank is not set"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xfd")
    (tmp_path / "blank").write_text("\n")
    with pytest.raises(ConfigurationError) as caught:
        SecretRef.parse(text).read({"EMPTY": ""}, str(tmp_path))
    assert str(caught.value) == said
