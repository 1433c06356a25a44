"""Text that somebody else wrote, as it can be shown on a terminal.  Pure.

Some characters are commands: they move the cursor, change what was printed
before, fill the clipboard, or let text run from right to left.
"""

from __future__ import annotations

import re

_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")
_COMMANDS_IN_JSON = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")


def harmless_text(text: str) -> str:
    """*text* without commands; its lines and tabs stay."""
    return _COMMANDS.sub("\N{REPLACEMENT CHARACTER}", text)


def harmless_json(document: str) -> str:
    """A JSON document with those commands escaped that JSON does not ask to escape."""
    if document.isascii() and "\x7f" not in document:
        return document
    return _COMMANDS_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", document)
