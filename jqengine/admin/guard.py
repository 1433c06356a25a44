"""Whether a request to the admin listener may be looked at at all.  Pure.

A browser is the danger: it sends requests for any page that is open in it, with
the passwords that it keeps, and to any address that a name is made to point to.
So a request is refused unless its Host header names this listener (DNS
rebinding), and unless a page of this listener made it (cross-site requests, by
Origin and by Fetch Metadata).  A program that says nothing of where it comes
from is nobody's page and is let in.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import ip_address
from typing import NamedTuple

from jqengine.admin.answer import Answer, text

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = (*sorted(SAFE_METHODS), "DELETE", "PATCH", "POST", "PUT")
"""What may be asked; never ``TRACE``, which would repeat a password to a script."""

FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
_ORIGIN = re.compile(r"(https?)://(.+)")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_OWN_PAGES = ("same-origin", "none")


class Asked(NamedTuple):
    """What a request says of itself, as far as it decides whether to let it in.

    Headers that were not sent are empty.

    :ivar secure: whether it came over TLS.
    :ivar fetch_site: where the page that made the request is from, seen from
        here (``Sec-Fetch-Site``); *fetch_mode* and *fetch_dest* are its kind.
    """

    method: str
    host: str = ""
    secure: bool = False
    origin: str = ""
    fetch_site: str = ""
    fetch_mode: str = ""
    fetch_dest: str = ""
    content_type: str = ""

    @property
    def changes_something(self) -> bool:
        """Whether the method is one that may."""
        return self.method not in SAFE_METHODS

    @property
    def media_type(self) -> str:
        """The type of the body, in lower case and without parameters."""
        return self.content_type.partition(";")[0].strip().lower()


def objection(asked: Asked, hosts: Collection[str], *, any_host: bool = False) -> Answer | None:
    """Why a request is refused whoever makes it, or ``None``.

    :param hosts: lower-case names that the listener answers to besides those of
        this machine.
    :param any_host: whether it answers to every name: where a password is asked
        for, a name that was made to point here gets none from the browser.
    """
    if asked.method not in METHODS:
        refusal = text(405, f"{asked.method[:20]} is not answered here")
        return refusal._replace(headers=(("Allow", ", ".join(METHODS)),))
    if not (any_host or means_this_machine(asked.host) or _name_of(asked.host) in hosts):
        return text(
            421,
            "this listener answers to localhost and to addresses of this machine;"
            " --admin-host names others",
        )
    if not _is_own(asked):
        return text(403, "this request was made by a page of another site")
    if asked.changes_something and not _is_readable(asked):
        return text(415, "expected a body of the type application/json, or a form")
    return None


def means_this_machine(host: str) -> bool:
    """Whether a Host header names this machine by what it is, not by a name of DNS.

    A client on a unix socket may send none.
    """
    if not host:
        return True
    name = _name_of(host)
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost"


def _name_of(host: str) -> str:
    """The name in a Host header, in lower case; empty if it is malformed."""
    match = _HOST.fullmatch(host)
    return match[1].rstrip(".").lower() if match else ""


def _is_own(asked: Asked) -> bool:
    """Whether no page, or one of this listener, made the request."""
    if asked.fetch_site and asked.fetch_site not in _OWN_PAGES and not _is_visit(asked):
        return False
    if not asked.origin:
        return True
    if asked.origin == "null":  # a page that tells nobody where it is from
        return asked.fetch_site == "same-origin"
    return _is_own_origin(asked)


def _is_visit(asked: Asked) -> bool:
    """Whether somebody follows a link to a page, which then stands alone in its window."""
    return (
        asked.method in ("GET", "HEAD")
        and asked.fetch_mode == "navigate"
        and asked.fetch_dest in ("", "document")
        and not asked.origin
    )


def _is_own_origin(asked: Asked) -> bool:
    match = _ORIGIN.fullmatch(asked.origin)
    if match is None:
        return False
    scheme, authority = match.groups()
    if asked.secure and scheme != "https":
        return False
    # Behind a proxy the browser may speak TLS where we do not.
    theirs, ours = _place(authority, scheme), _place(asked.host, scheme)
    return theirs is not None and theirs == ours


def _place(authority: str, scheme: str) -> tuple[str, int] | None:
    match = _HOST.fullmatch(authority)
    if match is None:
        return None
    return _name_of(authority), int(match[2] or _DEFAULT_PORTS[scheme])


def _is_readable(asked: Asked) -> bool:
    """Whether the body, if any, is of a type that cannot be smuggled in as another one."""
    kind = asked.media_type
    is_json = kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )
    return not kind or is_json or kind in FORM_TYPES
