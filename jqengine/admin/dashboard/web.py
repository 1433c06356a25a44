"""The little of HTTP that the pages need: a request, a response, a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from jqengine.client import JobQueue
from jqengine.errors import BadValue, LimitReached

HTML = "text/html; charset=utf-8"
LARGEST_FORM = 20 * 1024 * 1024
"""Bytes: the largest body of a request, encoded, and what goes with it."""

_MOST_FIELDS = 2000


class Form:
    """The fields of a form or a query, in order; one may come several times."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = list(pairs)

    def text(self, name: str) -> str:
        """The last value, without blanks around it; empty if there is none."""
        return self.raw(name).strip()

    def raw(self, name: str) -> str:
        """The last value as it is; empty if there is none."""
        return next((value for key, value in reversed(self._pairs) if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every value."""
        return [value for key, value in self._pairs if key == name]

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self._pairs)


NO_FORM = Form(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of a browser.

    :ivar queue: the engine, as far as whoever asks may reach.
    :ivar variables: the variable parts of its path.
    :ivar token: what a form of this browser must bring along.
    :ivar operates: whether it may change anything.
    """

    method: str
    path: str
    queue: JobQueue
    query: Form = NO_FORM
    form: Form = NO_FORM
    token: str = ""
    operates: bool = True
    variables: Sequence[str] = field(default=())


class Response(NamedTuple):
    """What is sent back.

    :ivar headers: beside the content type and the length.
    """

    status: str
    body: bytes
    content_type: str = HTML
    headers: tuple[tuple[str, str], ...] = ()


def redirect(path: str, **query: str | int) -> Response:
    """To *path*, which is ours and already encoded; after a form was accepted."""
    tail = f"?{urlencode(query)}" if query else ""
    return Response("303 See Other", b"", headers=(("Location", f"{path}{tail}"),))


def query_of(environ: Mapping[str, Any]) -> Form:
    """The fields of a query; what is not UTF-8 in it becomes replacement characters."""
    text = environ.get("QUERY_STRING", "")
    return _form(text)


def form_of(environ: Mapping[str, Any]) -> Form:
    """The fields of a posted form.

    :raises LimitReached: it is too large.
    :raises BadValue: it is no form.
    """
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if kind not in ("", "application/x-www-form-urlencoded"):
        raise BadValue(f"expected a form, got {kind[:60]}")
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > LARGEST_FORM:
        raise LimitReached(f"the form is too large; at most {LARGEST_FORM:,} bytes are taken")
    return _form(environ["wsgi.input"].read(length).decode("latin-1"))


def _form(text: str) -> Form:
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise BadValue(f"the form has more than {_MOST_FIELDS:,} fields") from None
    return Form(pairs)
