"""Templates and static files, as they come with the package."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup, escape

from jqengine.admin.dashboard import outcomes, words
from jqengine.wire.views import RunView

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = files("jqengine.admin.dashboard")

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


class StaticFile(NamedTuple):
    """A file of ours.

    :ivar version: changes with its contents, so that a browser may keep it for ever.
    """

    content_type: str
    body: bytes
    version: str


class Templates:
    """Makes pages.  Safe to call from any thread.

    :param now: the wall clock; *zone* the one that times are written in.
    """

    def __init__(self, now: Callable[[], float], zone: str) -> None:
        self._now = now
        self.zone = zone

    def now(self) -> datetime:
        """This instant."""
        return datetime.fromtimestamp(self._now(), UTC)

    def page(self, name: str, values: Mapping[str, Any]) -> bytes:
        """The page that the template *name* makes of *values*."""
        text = self._environment.get_template(name).render(now=self.now(), **values)
        return text.encode("utf-8", "backslashreplace")

    @cached_property
    def static(self) -> Mapping[str, StaticFile]:
        """Every static file, by its name."""
        folder = FOLDER / "static"
        return {one.name: _static(one.name, one.read_bytes()) for one in folder.iterdir()}

    def static_path(self, name: str) -> str:
        """Where the static file *name* is served."""
        return f"/static/{name}?v={self.static[name].version}"

    @cached_property
    def _environment(self) -> Environment:
        # Not at the start of every engine: it takes 40 ms, and few look at each.
        from jinja2 import (  # noqa: PLC0415
            Environment,
            PackageLoader,
            StrictUndefined,
            pass_context,
        )

        made = Environment(
            loader=PackageLoader("jqengine.admin.dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        made.globals["static"] = self.static_path
        made.filters.update(
            cut=cut,
            duration=words.duration,
            size=words.size,
            ago=pass_context(lambda context, instant: words.ago(instant, context["now"])),
            time=pass_context(lambda context, instant: self._time(instant, context["now"])),
            exact=lambda instant: words.exact(instant, self.zone),
            took=pass_context(lambda context, run: _took(run, context["now"])),
            outcome=lambda one: outcomes.of_run(one.state),
            job_outcome=lambda one: outcomes.of_job(one.state),
            delivery_outcome=lambda one: outcomes.of_delivery(one.state),
            ordinal=outcomes.ordinal,
            short=outcomes.short,
        )
        return made

    def _time(self, instant: datetime | None, now: datetime) -> Markup:
        if instant is None:
            return Markup("")
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            words.iso(instant), words.exact(instant, self.zone), words.ago(instant, now)
        )


def cut(text: str | None, most: int) -> Markup | str:
    """*text*, and where it is longer than *most* characters its beginning, the whole as a title."""
    text = text or ""
    if len(text) <= most:
        return text
    shown, whole = text[: most - 1].rstrip(), text[:2000]
    return Markup('<span title="{}">{}…</span>').format(whole, shown)


def _took(run: RunView, now: datetime) -> Markup:
    seconds = outcomes.seconds_taken(run, now)
    if seconds is None:
        return Markup("")
    if run.finished is None and run.started is not None:
        since = words.iso(run.started)
        return Markup('<span data-since="{}">{}</span>').format(since, words.duration(seconds))
    return escape(words.duration(seconds))


def _static(name: str, source: bytes) -> StaticFile:
    """A file without its comments and blanks, which only we read."""
    body = re.sub(rb"/\*.*?\*/", b"", source, flags=re.DOTALL)
    body = re.sub(rb"\s*\n\s*", b"\n", body).strip()
    if name.endswith(".css"):
        body = re.sub(rb"\s*([{};:,])\s*", rb"\1", body)
    version = hashlib.sha256(body).hexdigest()[:12]
    return StaticFile(_TYPES[name.rpartition(".")[2]], body, version)
