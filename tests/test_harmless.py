"""Text of others, on a terminal."""

from __future__ import annotations

import json

import pytest

from jqengine.harmless import harmless_json, harmless_text
from tests.admin.hostile import ALL


@pytest.mark.parametrize("text", ALL)
def test_nothing_of_it_is_a_command(text: str) -> None:
    for shown in (harmless_text(text), harmless_json(json.dumps(text, ensure_ascii=False))):
        assert not any(one in shown for one in "\x1b\x07\x08\r\x7f\x9b\u202e\u2028\ufeff")
    assert json.loads(harmless_json(json.dumps(text, ensure_ascii=False))) == text
    assert harmless_text(text).count("\n") == text.count("\n")


def test_what_is_harmless_stays_as_it_is() -> None:
    text = "žlutý kůň\t☂ <b>\n"
    assert harmless_text(text) == text
    assert harmless_json('"ž☂"') == '"ž☂"'
