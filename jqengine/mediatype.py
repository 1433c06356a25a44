"""What a Content-Type says of a body: how to show it and what to call its file.

Pure.  Nothing of the header itself ever reaches a file name or a mail header;
it only chooses among the constants here.
"""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from typing import NamedTuple

from jqengine.job import Result

_MEDIA_TYPE = re.compile(r"\s*([a-z0-9][a-z0-9!#$&^_.+-]*)/([a-z0-9][a-z0-9!#$&^_.+-]*)\s*(?:;|$)")
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([A-Za-z0-9._:+-]{1,40})\"?\s*(?:;|$)", re.IGNORECASE)

_SUFFIXES = {
    "application/atom+xml": ".atom",
    "application/gzip": ".gz",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/xml": ".xml",
    "application/zip": ".zip",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/webp": ".webp",
    "text/calendar": ".ics",
    "text/css": ".css",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/xml": ".xml",
}
_NOT_CHARSETS = {"idna", "punycode", "undefined", "raw-unicode-escape", "unicode-escape", "utf-7"}
_TEXTUAL = {"application/json", "application/xml", "application/javascript", "application/yaml"}


class MediaType(NamedTuple):
    """A media type, in lower case, and the charset that its header names.

    :ivar charset: a codec Python knows, or ``None`` where none is named.
    """

    main: str
    sub: str
    charset: str | None

    @property
    def name(self) -> str:
        """Both parts, ``text/html``."""
        return f"{self.main}/{self.sub}"

    @property
    def suffix(self) -> str:
        """The end of a file's name, with its dot; ``.bin`` for what is not known."""
        return _SUFFIXES.get(self.name, ".bin")

    @property
    def is_text(self) -> bool:
        """Whether people can read it as it is."""
        structured = self.sub.endswith(("+json", "+xml", "+yaml"))
        return (
            self.main == "text"
            or self.name in _TEXTUAL
            or (structured and self.main == "application")
        )


UNKNOWN = MediaType("application", "octet-stream", None)


def media_type(result: Result) -> MediaType:
    """The media type of a result's body; what cannot be read is unknown."""
    header = result.header("Content-Type") or ""
    match = _MEDIA_TYPE.match(header.lower())
    if match is None:
        return UNKNOWN
    charset = _CHARSET.search(header)
    return MediaType(match[1], match[2], _known_codec(charset[1]) if charset else None)


def body_text(result: Result) -> str | None:
    """The body as text, or ``None`` when it is none.

    It must be of a textual type, and every byte of it must be in its charset:
    the one its header names, else UTF-8.  An encoded body (gzip) is no text.
    """
    kind = media_type(result)
    if not kind.is_text or (result.header("Content-Encoding") or "identity") != "identity":
        return None
    try:
        return _whole_characters(result, kind.charset or "utf-8")
    except UnicodeDecodeError:
        return None


def _whole_characters(result: Result, charset: str) -> str:
    """A body that was cut off may end in the middle of a character."""
    decoder = codecs.getincrementaldecoder(charset)("strict")
    return decoder.decode(result.body, final=not result.truncated)


def _known_codec(name: str) -> str | None:
    """*name* where it is a charset of texts, not one of Python's other codecs."""
    with suppress(UnicodeError):
        try:
            known = codecs.lookup(name).name
            b"a".decode(known)
        except LookupError:  # unknown, or "not a text encoding"
            return None
    return None if known in _NOT_CHARSETS else known
