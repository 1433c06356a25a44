"""Texts that would do harm, as names, users, headers, bodies and reasons: inert on every page."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from jqengine.errors import JobQueueError
from tests.admin.dashboard.site import Reader, Site
from tests.admin.hostile import ALL, MARKUP

_PARTS = """
a b body br button caption circle code dd details dialog div dl dt figcaption figure footer form
h1 h2 head header html input kbd label li line link main meta nav ol option p path pre rect
script section select span summary svg table tbody td text textarea th thead time title tr ul
"""
ELEMENTS = frozenset(_PARTS.split())
BATCHES = 4
ADDRESSES = ("href", "src", "action", "data-output")


def check_inert(page: Reader, path: str) -> None:
    """Nothing on the page is there that no template has put there."""
    assert {one.name for one in page.elements} <= ELEMENTS, path
    scripts = [one for one in page.elements if one.name == "script"]
    assert [(one.attributes["src"] or "").partition("?")[0] for one in scripts] == [
        "/static/dashboard.js"
    ]
    for one in page.elements:
        for name, value in one.attributes.items():
            assert not name.startswith("on"), (path, one)
            assert name not in ("style", "srcdoc", "formaction"), (path, one)
            if name in ADDRESSES:
                assert (value or "").startswith(("/", "#")), (path, one)
                assert not (value or "").startswith("//"), (path, one)
        if one.name == "meta":
            assert "http-equiv" not in one.attributes, (path, one)


async def hostile_job(site: Site, text: str, number: int) -> Any:
    """A job with the text wherever a job may have it."""
    everywhere = {
        "name": text[:100], "user": text, "headers": {"X-Text": text}, "key": text[:90],
        "group": text[:90],
    }  # fmt: skip
    accepted: dict[str, Any] = {}
    for name, value in everywhere.items():
        with suppress(JobQueueError):
            said = {name: value} if name == "name" else {name: value, "name": f"trial {number}"}
            await site.call(site.queue.schedule, "/trial", every="1h", **said)
            accepted[name] = value
    fields = {"name": f"job {number}", **accepted}
    return await site.call(
        site.queue.schedule, "/x", every="1h", method="POST", body=text.encode(), **fields
    )


@pytest.mark.parametrize("batch", range(BATCHES))
@ensureDeferred
async def test_jobs_and_their_runs_on_every_page(site: Site, batch: int) -> None:
    paths = ["/", "/jobs", "/needs-you", "/continuations", "/sinks", "/nodes", "/groups"]
    for number, text in enumerate(ALL[batch::BATCHES]):
        job = await hostile_job(site, text, number)
        run = await site.call(site.queue.run_now, job.id)
        headers = (("Content-Type", "text/plain"), ("X-Text", text))
        assert site.office.run_next(500, text.encode(), reason=text, headers=headers).id == run.id
        await site.call(site.queue.pause, job.id, reason=text[:200])
        here = f"/runs/{run.id}"
        paths += [f"/jobs/{job.id}", f"/jobs/{job.id}/edit", here, f"{here}/retry"]
        paths.append(f"/jobs/new?run={run.id}")
        if text in MARKUP:
            assert " ".join(text.split()) in (await site.get(here)).page.text
    for path in paths:
        answer = await site.get(path)
        assert answer.status == 200, (path, answer.page.text)
        check_inert(answer.page, path)


@pytest.mark.parametrize("text", ALL)
@ensureDeferred
async def test_what_is_typed_into_forms_and_addresses(site: Site, text: str) -> None:
    from urllib.parse import quote

    for path in (
        f"/jobs?q={quote(text)}",
        f"/instants?syntax=when&time={quote(text)}&tz={quote(text)}",
        f"/jobs/{quote(text, safe='')}",
        f"/jobs?did={quote(text)}&n={quote(text)}&after={quote(text)}",
    ):
        answer = await site.get(path)
        assert answer.status in (200, 400, 404), path
        page = answer.page
        if path.startswith("/instants"):
            assert {one.name for one in page.elements} <= ELEMENTS
        else:
            check_inert(page, path)
    fields = dict.fromkeys(
        ("request", "time", "tz", "headers", "body", "name", "user", "sinks", "until"), text
    )
    answer = await site.post("/jobs/new", {**fields, "syntax": "when"})
    assert answer.status == 400
    check_inert(answer.page, "/jobs/new")
