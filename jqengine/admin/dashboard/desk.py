"""What every page needs: the templates, and the head of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jqengine.admin.dashboard import flash
from jqengine.admin.dashboard.templating import Templates
from jqengine.admin.dashboard.web import Asked, Response
from jqengine.errors import JobQueueError
from jqengine.wire.oversightviews import Overview, SinkView

NAVIGATION = (
    ("/", "Overview"),
    ("/jobs", "Jobs"),
    ("/needs-you", "Needs you"),
    ("/continuations", "Continuations"),
    ("/sinks", "Sinks"),
    ("/nodes", "Nodes"),
    ("/groups", "Groups"),
)

FRESH = 2.0
"""Seconds for which the number of troubles in the head of a page is good."""

_HEADINGS = {"404": "Not found", "503": "The engine does not answer"}


class Desk:
    """Puts pages together.  For any thread.

    :param site: says where the application is served over HTTP, for commands
        that people copy; without a slash at its end.
    """

    def __init__(self, templates: Templates, site: Callable[[], str]) -> None:
        self.templates = templates
        self.site = site
        self._counted = (float("-inf"), 0)

    def page(
        self, asked: Asked, template: str, *, status: str = "200 OK", **values: Any
    ) -> Response:
        """A page with its head.

        :param values: those of the template; ``problem`` is a sentence above all.
        """
        now = self.templates.now()
        zone = self.templates.zone
        shown = {
            "asked": asked,
            "here": asked.path,
            "navigation": NAVIGATION,
            "flash": flash.sentence(asked.query),
            "problem": None,
            "operates": asked.operates,
            "clock": f"{now:%H:%M:%S} UTC" + ("" if zone == "UTC" else f", times in {zone}"),
            **values,
        }
        if "troubles" not in shown:
            shown["troubles"] = self._troubles(asked, now.timestamp())
        return Response(status, self.templates.page(template, shown))

    def problem(self, asked: Asked, status: str, sentence: str) -> Response:
        """A page that says why there is no other."""
        return self.page(
            asked,
            "problem.html",
            status=status,
            heading=_HEADINGS.get(status[:3], "That cannot be done"),
            sentence=sentence[:1].upper() + sentence[1:],
            troubles=0,
        )

    def _troubles(self, asked: Asked, now: float) -> int:
        """How many things wait for a person; counted anew when that is a while ago."""
        at, count = self._counted
        if abs(now - at) < FRESH:
            return count
        try:
            count = needs_of(asked.queue.overview())
        except JobQueueError:
            return 0
        self._counted = (now, count)
        return count


def failing_of(overview: Overview) -> Sequence[SinkView]:
    """The sinks that fail while results wait for them; of what was given up dead letters tell."""
    return [sink for sink in overview.failing if sink.pending or sink.held]


def needs_of(overview: Overview) -> int:
    """How many things an overview says wait for a person."""
    return (
        overview.stats["removed"]
        + overview.dead_count
        + overview.stuck_threads
        + len(failing_of(overview))
        + len(overview.missing_nodes)
    )
