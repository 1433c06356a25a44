"""A line split into words as a shell splits it, each knowing where it stood.

Quoting is that of Python's ``shlex`` (and of sh, but for ``$`` and
backquotes, which mean themselves): ``'...'`` keeps everything, in ``"..."`` a
backslash goes before ``"`` and ``\\``, outside of both it goes before anything.
Nothing else is special: no comments, no ``%``, no globs.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from jqengine.errors import BadRequest

_PIECE = re.compile(
    r"""
    (?P<plain>[^\s'"\\]+)
    | '(?P<single>[^']*)'
    | "(?P<double>(?:[^"\\]|\\.)*)"
    | \\(?P<escaped>.)
    | (?P<gap>[ \t\r\n]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED_IN_DOUBLE = re.compile(r'\\(["\\])')


class Piece(NamedTuple):
    """A part of a word under one kind of quoting.

    :ivar text: what it stands for.
    :ivar start: offset in the line of its first character, within the quotes.
    """

    text: str
    start: int


class Word(NamedTuple):
    """One word of a line.

    :ivar text: what it stands for, without quotes and backslashes.
    :ivar raw: as it is written.
    :ivar start: offset of its first character, a quote included.
    :ivar pieces: the parts that make it up.
    """

    text: str
    raw: str
    start: int
    pieces: tuple[Piece, ...]

    @property
    def is_quoted(self) -> bool:
        """Whether any of it stands in quotes or behind a backslash."""
        return self.text != self.raw

    def offset(self, index: int) -> int:
        """Where in the line character *index* of the text stands, or nearly.

        Behind an escape within double quotes it can be off by the backslashes.
        """
        for piece in self.pieces:
            if index < len(piece.text):
                return piece.start + index
            index -= len(piece.text)
        return self.start + len(self.raw)


def split_words(line: str) -> list[Word]:
    """The words of *line*.

    :raises BadRequest: a quote is not closed, a backslash ends the line, white
        space other than a blank or a tab stands outside of quotes, or a
        surrogate, which no text can be sent with, stands anywhere.
    """
    surrogate = re.search("[\ud800-\udfff]", line)
    if surrogate:
        raise BadRequest(f"U+{ord(surrogate[0]):04X} is not a character", surrogate.start())
    words: list[Word] = []
    pieces: list[Piece] = []
    start = position = 0
    while position < len(line):
        match = _PIECE.match(line, position)
        if match is None:
            raise _unsplittable(line, position)
        kind = match.lastgroup
        assert kind is not None
        if kind == "gap":
            _close(words, pieces, line[start:position], start)
            start = match.end()
        else:
            pieces.append(Piece(_meaning(kind, match[kind]), match.start(kind)))
        position = match.end()
    _close(words, pieces, line[start:], start)
    return words


def _close(words: list[Word], pieces: list[Piece], raw: str, start: int) -> None:
    if pieces:
        words.append(Word("".join(piece.text for piece in pieces), raw, start, tuple(pieces)))
        pieces.clear()


def _meaning(kind: str, text: str) -> str:
    return _ESCAPED_IN_DOUBLE.sub(r"\1", text) if kind == "double" else text


def _unsplittable(line: str, position: int) -> BadRequest:
    character = line[position]
    if character in "'\"":
        return BadRequest(f"the quote {character} is not closed", position)
    if character == "\\":
        return BadRequest("a backslash at the end of the line has nothing to quote", position)
    return BadRequest(
        f"U+{ord(character):04X} is not a blank; separate words by blanks or tabs,"
        " or put it in quotes",
        position,
    )
