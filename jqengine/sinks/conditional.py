"""Conditional and range requests, as RFC 9110 (sections 13 and 14) has them.  Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from jqengine.request.httpdate import http_date

_ETAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ETAGS = re.compile(rf"\s*{_ETAG}\s*(?:,\s*{_ETAG}\s*)*,?\s*")
_ONE_ETAG = re.compile(_ETAG)
_RANGE = re.compile(r"bytes\s*=\s*(?P<first>[0-9]{0,18})\s*-\s*(?P<last>[0-9]{0,18})\s*")


class Representation(NamedTuple):
    """What a resource holds at present.

    :ivar etag: with its quotes, and ``W/`` before them if it is weak.
    :ivar modified: whole seconds since the epoch.
    :ivar size: bytes of its body.
    """

    etag: str
    modified: int
    size: int


class Reply(NamedTuple):
    """How to answer: the status and the part of the body to send.

    :ivar status: 200, 206, 304, 412 or 416.
    :ivar start: of the part.
    :ivar end: of the part, excluded.
    """

    status: int
    start: int = 0
    end: int = 0


HeaderReader = Callable[[str], str | None]
"""Gives the value of a request header, repeats joined with a comma."""


def reply_to(method: str, header: HeaderReader, current: Representation) -> Reply:
    """The answer to a request for *current*, its preconditions in the order of
    section 13.2.2.

    :param method: GET or HEAD.
    """
    if not _still_meant(header, current):
        return Reply(412)
    if _already_known(header, current):
        return Reply(304)
    whole = Reply(200, 0, current.size)
    wanted = header("Range") if method == "GET" else None
    if wanted is None or not _range_applies(header("If-Range"), current):
        return whole
    return _part(wanted, current.size) or whole


def is_etag(text: str) -> bool:
    """Whether *text* is one entity tag and nothing else."""
    return _ONE_ETAG.fullmatch(text) is not None


def _still_meant(header: HeaderReader, current: Representation) -> bool:
    if_match = header("If-Match")
    if if_match is not None:
        return _names(if_match, current.etag, weak=False)
    limit = _date(header("If-Unmodified-Since"))
    return limit is None or current.modified <= limit


def _already_known(header: HeaderReader, current: Representation) -> bool:
    if_none_match = header("If-None-Match")
    if if_none_match is not None:
        return _names(if_none_match, current.etag, weak=True)
    since = _date(header("If-Modified-Since"))
    return since is not None and current.modified <= since


def _date(text: str | None) -> int | None:
    return None if text is None else http_date(text)


def _names(text: str, etag: str, *, weak: bool) -> bool:
    """Whether a list of entity tags, or ``*``, holds *etag* (section 8.8.3.2)."""
    if text.strip() == "*":
        return True
    if not _ETAGS.fullmatch(text):
        return False
    listed = _ONE_ETAG.findall(text)
    if weak:
        return etag.removeprefix("W/") in [one.removeprefix("W/") for one in listed]
    return not etag.startswith("W/") and etag in listed


def _range_applies(if_range: str | None, current: Representation) -> bool:
    if if_range is None:
        return True
    if is_etag(if_range.strip()):
        return _names(if_range, current.etag, weak=False)
    return http_date(if_range) == current.modified


def _part(text: str, size: int) -> Reply | None:
    """The one part that *text* asks for; several, or nonsense, are as good as none."""
    match = _RANGE.fullmatch(text)
    if match is None or not (match["first"] or match["last"]):
        return None
    if not match["first"]:
        start, end = max(size - int(match["last"]), 0), size
    else:
        start, end = int(match["first"]), size
        if match["last"]:
            if int(match["last"]) < start:
                return None
            end = min(int(match["last"]) + 1, size)
    return Reply(206, start, end) if start < end else Reply(416)
