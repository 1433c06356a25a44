"""Requests as text that people copy: as HTTP writes them, as curl takes them.  Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from jqengine.errors import BadRequest

Headers = Iterable[tuple[str, str]]


def as_lines(headers: Headers) -> str:
    """Headers, one a line."""
    return "\n".join(f"{name}: {value}" for name, value in headers)


def read_lines(text: str) -> list[tuple[str, str]]:
    """The headers in *text*, one a line.

    :raises BadRequest: a line is none; what else is wrong with them the engine will say.
    """
    found = []
    for line in text.replace("\r\n", "\n").split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            found.append((name.strip(), value.strip()))
        elif line.strip():
            raise BadRequest(f"{line.strip()[:60]!r} is no header; expected Name: value")
    return found


def as_text(body: bytes) -> str | None:
    """*body* as text, or ``None`` if it is none."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def as_curl(site: str, method: str, target: str, headers: Headers, body: bytes | None) -> str:
    """A command that makes the request, for a shell of POSIX.

    :param body: ``None`` where it cannot be shown; then ``BODY`` is the file to have it.
    """
    words = ["curl", "--include"]
    if method == "HEAD":
        words.append("--head")
    elif method != ("POST" if body else "GET"):
        words += ["--request", method]
    for name, value in headers:
        # With a semicolon curl sends a header without a value.
        words += ["--header", f"{name}: {value}" if value else f"{name};"]
    if body is None:
        words += ["--data-binary", "@BODY"]
    elif body:
        words += ["--data-binary", body.decode("utf-8", "replace")]
    # A body that begins with @ would be the name of a file.
    if body and body.startswith(b"@"):
        words[words.index("--data-binary")] = "--data-raw"
    words.append(site + target)
    return _folded([shlex.quote(word) for word in words])


def _folded(words: list[str]) -> str:
    """One option a line."""
    lines = [words[0]]
    for word in words[1:]:
        begins = word.startswith("--") and word not in ("--include", "--head")
        joint = " \\\n  " if begins or word is words[-1] else " "
        lines.append(joint + word)
    return "".join(lines)
