"""A job's results as an Atom feed (RFC 4287)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from jqengine.admin.answer import NOT_FOUND, Answer
from jqengine.admin.runs import Runs
from jqengine.queries import RunReport
from jqengine.request.environ import rfc3339

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write."""


class Feed:
    """Makes feeds.

    :param runs: knows the runs of jobs.
    """

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def feed(self, variables: Sequence[str], site: str) -> Answer:
        """``/jobs/NAME/feed.atom``: the latest results, the newest first."""
        (name,) = variables
        reports = [one for one in await self._runs.reports(name) if one.finished is not None]
        if not reports:
            return NOT_FOUND
        return Answer(200, "application/atom+xml", atom(name, reports, site).encode("utf-8"))


def atom(name: str, reports: Sequence[RunReport], site: str) -> str:
    """The feed of a job.

    :param reports: of runs that have ended; at least one.
    :param site: where this listener is, for absolute links.
    """
    job_id = reports[0].run.job_id
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<id>urn:x-jobqueue:job:{_text(job_id)}</id>",
        f"<title>{_text(name)}</title>",
        f"<updated>{_instant(reports[0])}</updated>",
        "<author><name>jqengine</name></author>",
        *(line for report in reports for line in _entry(report, site)),
        "</feed>",
    ]
    return "\n".join(lines) + "\n"


def _entry(report: RunReport, site: str) -> list[str]:
    run_id = report.run.id
    said = " ".join(str(one) for one in (report.status, report.reason) if one not in (None, ""))
    title = f"{report.run.label}: {said or report.run.state}"
    return [
        "<entry>",
        f"<id>urn:x-jobqueue:run:{_text(run_id)}</id>",
        f"<title>{_text(title)}</title>",
        f"<updated>{_instant(report)}</updated>",
        f'<link rel="alternate" href={quoteattr(f"{site}/runs/{run_id}/response")}/>',
        f"<summary>due {rfc3339(report.run.due)}</summary>",
        "</entry>",
    ]


def _instant(report: RunReport) -> str:
    assert report.finished is not None
    return rfc3339(report.finished)


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))
