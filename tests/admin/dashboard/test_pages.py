"""Every page, and what its forms do."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from tests.admin.dashboard.site import TOKEN, Site

PAGES = ("/", "/jobs", "/needs-you", "/continuations", "/sinks", "/nodes", "/groups", "/jobs/new")


@ensureDeferred
async def test_an_empty_engine_has_a_sentence_on_every_page(site: Site) -> None:
    said = {
        "/": "All well: nothing is due",
        "/jobs": "No jobs yet. The first one is a line in a crontab or this form.",
        "/needs-you": "Nothing needs you",
        "/continuations": "No continuation is saved.",
        "/sinks": "No result is on its way to a sink",
        "/nodes": "No node has signed in yet.",
        "/groups": "No job has a group.",
        "/jobs/new": "For example: next friday 5pm",
    }
    for path in PAGES:
        answer = await site.get(path)
        assert answer.status == 200, path
        assert said[path] in answer.page.text


@ensureDeferred
async def test_what_is_not_there(site: Site) -> None:
    for path in ("/nowhere", "/jobs/nightly", "/runs/x", "/jobs/x/edit", "/static/x", "/runs/"):
        assert (await site.get(path)).status == 404, path
    answer = await site.post("/")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")
    assert (await site.get("/jobs/x/pause")).headers["Allow"] == "POST"


@ensureDeferred
async def test_static_files_are_kept_for_ever_under_their_version(site: Site) -> None:
    page = (await site.get("/")).page
    links = [
        one.attributes.get("href") or one.attributes.get("src") or ""
        for one in page.elements
        if one.name in ("link", "script")
    ]
    assert len(links) == 3
    for link in links:
        answer = await site.get(link)
        assert answer.status == 200
        assert "immutable" in answer.headers["Cache-Control"]


def test_what_a_browser_loads_is_small(site: Site) -> None:
    files = site.dashboard._desk.templates.static
    assert sum(len(file.body) for file in files.values()) < 20_000
    assert not any(
        b"http://" in file.body.replace(b"http://www.w3.org", b"") for file in files.values()
    )


@ensureDeferred
async def test_the_list_of_jobs(site: Site) -> None:
    await site.call(
        site.queue.schedule, "/reports/nightly", cron="0 3 * * 1-5", name="nightly", user="alice"
    )
    await site.call(site.queue.schedule, "/once", after="2h")
    text = (await site.get("/jobs")).page.text
    assert "nightly weekdays at 03:00" in text
    assert "alice GET /reports/nightly" in text
    assert "one-time job" in text
    assert "in 2 h" in text


@ensureDeferred
async def test_jobs_that_are_looked_for(site: Site) -> None:
    for name, user in (("nightly", "alice"), ("weekly", "bob")):
        await site.call(site.queue.schedule, f"/{name}", every="1h", name=name, user=user)
    text = (await site.get("/jobs?q=user%3Aalice+/night")).page.text
    assert "nightly" in text
    assert "weekly" not in text
    assert "No job is like that" in (await site.get("/jobs?q=user%3Acarol")).page.text
    answer = await site.get("/jobs?q=stat%3Aremoved")
    assert answer.status == 400
    assert "stat: is nothing one can look for" in answer.page.text


@ensureDeferred
async def test_pages_of_the_list(site: Site) -> None:
    for number in range(30):
        await site.call(site.queue.schedule, f"/{number}", every="1h", name=f"job-{number}")
    first = (await site.get("/jobs?q=order%3Adue")).page
    (following,) = [one.attributes["href"] for one in first.elements
                    if one.attributes.get("rel") == "next"]  # fmt: skip
    second = (await site.get(following or "")).page
    rows = [
        sum((one.attributes.get("id") or "").startswith("job-") for one in page.elements)
        for page in (first, second)
    ]
    assert rows == [25, 5]
    assert "First page" in second.text


async def a_failed_run(site: Site, **fields: Any) -> Any:
    job = await site.call(
        site.queue.schedule, "/report", **{"method": "POST", "body": "fmt=pdf", **fields}
    )
    site.office.run_next(500, b"KeyError", headers=(("Content-Type", "text/plain"),))
    (run,) = await site.call(site.queue.runs, job.id)
    return run


@ensureDeferred
async def test_a_run(site: Site) -> None:
    run = await a_failed_run(site, headers={"Authorization": "Bearer secret", "X-A": "b"})
    page = (await site.get(f"/runs/{run.id}")).page
    assert "500 Why after 1.0 s" in page.text
    assert "POST /report" in page.text
    assert "fmt=pdf" in page.text
    assert "KeyError" in page.text
    assert "curl --include" in page.text
    assert "Bearer secret" not in page.text
    assert "[redacted " in page.text


@ensureDeferred
async def test_a_run_is_retried_with_another_request(site: Site) -> None:
    run = await a_failed_run(site, headers={"Authorization": "Bearer secret"})
    page = (await site.get(f"/runs/{run.id}/retry")).page
    assert f"/runs/{run.id}/retry-changed" in page.forms()
    fields = await shown_fields(site, f"/runs/{run.id}/retry")
    assert fields["request"] == "POST /report"
    answer = await site.post(f"/runs/{run.id}/retry-changed", {**fields, "body": "fmt=txt"})
    assert answer.status == 303, answer.page.text
    again = await site.call(site.queue.run, answer.location[6:32])
    assert await site.call(site.queue.request_body, again.run.id) == b"fmt=txt"
    sent = site.office.run_next(200)
    assert ("Authorization", "Bearer secret") in sent.request.headers
    assert sent.request.body == b"fmt=txt"


@ensureDeferred
async def test_a_run_is_retried_as_it_was(site: Site) -> None:
    run = await a_failed_run(site)
    answer = await site.post(f"/runs/{run.id}/retry")
    assert answer.location == f"/runs/{run.id}?did=retried"
    assert "It is tried again." in (await site.get(answer.location)).page.text
    assert site.office.run_next(200).id == run.id
    assert "200 Why after 1.0 s, second attempt" in (await site.get(f"/runs/{run.id}")).page.text


async def shown_fields(site: Site, path: str) -> dict[str, str]:
    """What a browser would send back of the large form of a page."""
    answer = await site.get(path)
    assert answer.status == 200, answer.page.text
    return fields_of(answer.body.decode())


def fields_of(page: str) -> dict[str, str]:
    import html
    import re

    form = page.partition('class="fields"')[2]
    found = {}
    for tag in re.findall(r"<input [^>]*>", form):
        given = {
            name: html.unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)
        }
        if "name" in given:
            found[given["name"]] = given.get("value", "")
    for name, text in re.findall(
        r'<textarea [^>]*name="(\w+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL
    ):
        found[name] = html.unescape(text)
    chosen = re.search(r'<option value="(\w+)" selected', form)
    return {**found, "syntax": chosen[1]} if chosen else found


@ensureDeferred
async def test_a_new_job(site: Site) -> None:
    fields = await shown_fields(site, "/jobs/new")
    assert fields["csrf"] == TOKEN
    fields |= {
        "request": "POST /reports/nightly fmt=pdf Accept:application/pdf",
        "syntax": "when", "time": "next friday 5pm", "user": "alice", "attempts": "5",
    }  # fmt: skip
    answer = await site.post("/jobs/new", fields)
    assert answer.status == 303, answer.page.text
    page = (await site.get(answer.location)).page
    assert "The job is in the queue." in page.text
    assert "Fri 4 Dec 2026 17:00:00 +00:00" in page.text
    assert "Accept: application/pdf" in page.text
    assert "as alice" in page.text


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"time": "next fryday"}, "fryday"),
        ({"time": ""}, "the time is missing"),
        ({"request": ""}, "the request is missing"),
        ({"request": "POST /x @/etc/passwd"}, "a form cannot read files"),
        ({"request": "/x --attempts=5"}, "--attempts has a field of its own below"),
        ({"request": "POST /x a=b", "body": "c"}, "the request line has a body already"),
        ({"attempts": "many"}, "Attempts: expected a whole number, not 'many'"),
        ({"attempts": "0"}, "attempts"),
        ({"headers": "X-Via-JobQueue: no"}, "X-Via-JobQueue"),
        ({"headers": "nonsense"}, "nonsense"),
        ({"sinks": "gopher://x"}, "gopher"),
        ({"tz": "Europe/Atlantis"}, "Atlantis"),
    ],
)
@ensureDeferred
async def test_what_cannot_be_scheduled_is_said_and_kept(
    site: Site, changed: dict[str, str], complaint: str
) -> None:
    fields = await shown_fields(site, "/jobs/new")
    fields |= {"request": "/x", "syntax": "when", "time": "tomorrow", **changed}
    answer = await site.post("/jobs/new", fields)
    assert answer.status == 400
    assert complaint in answer.page.text
    again = fields_of(answer.body.decode())
    assert {name: again[name] for name in changed} == changed
    assert await site.call(site.queue.jobs) == []


@ensureDeferred
async def test_what_a_time_means(site: Site) -> None:
    text = (await site.get("/instants?syntax=when&time=next+friday+5pm")).page.text
    assert "Fri 4 Dec 2026 17:00:00 +00:00" in text
    assert "fryday" in (await site.get("/instants?syntax=when&time=next+fryday")).page.text
    fields = {"syntax": "every", "time": "90s", "request": "", "preview": "1"}
    assert "in 1 min 30 s" in (await site.post("/jobs/new", fields)).page.text


@ensureDeferred
async def test_a_job_is_paused_resumed_run_and_cancelled(site: Site) -> None:
    job = await site.call(site.queue.schedule, "/x", every="1h", name="nightly")
    here = f"/jobs/{job.id}"
    answer = await site.post(f"{here}/pause", {"reason": "until the audit"})
    assert "The job is paused." in (await site.get(answer.location)).page.text
    page = (await site.get(here)).page
    assert "paused: until the audit" in page.text
    assert f"{here}/resume" in page.forms()
    assert f"{here}/pause" not in page.forms()
    await site.post(f"{here}/resume")
    assert "scheduled" in (await site.get(here)).page.text
    answer = await site.post(f"{here}/run")
    assert answer.location.startswith("/runs/")
    site.office.run_next(200)
    await site.post(f"{here}/cancel")
    page = (await site.get(here)).page
    assert "cancelled" in page.text
    assert "200" in page.text
    assert [one for one in page.forms() if one.startswith(here)] == []
    assert (await site.post(f"{here}/pause")).status == 409


@ensureDeferred
async def test_a_job_is_found_by_its_name_too(site: Site) -> None:
    await site.call(site.queue.schedule, "/x", every="1h", name="nightly")
    assert (await site.get("/jobs/nightly")).status == 200


@ensureDeferred
async def test_several_jobs_at_once(site: Site) -> None:
    jobs = [
        await site.call(site.queue.schedule, "/x", every="1h", name=name) for name in ("a", "b")
    ]
    await site.call(site.queue.pause, jobs[1].id)
    chosen = [("job", job.id) for job in jobs] + [("job", "0" * 26)]
    answer = await site.post("/jobs", [("do", "pause"), ("q", "name:a*"), *chosen])
    text = (await site.get(answer.location)).page.text
    assert "2 jobs are paused. Of the others one was refused" in text
    assert "q=name%3Aa%2A" in answer.location
    assert (await site.post("/jobs", [("do", "pause")])).status == 400
    assert (await site.post("/jobs", [("do", "explode"), *chosen])).status == 400


@ensureDeferred
async def test_an_edit_shows_its_effect_before_it_is_saved(site: Site) -> None:
    job = await site.call(site.queue.schedule, "/x", cron="0 3 * * *", name="nightly", attempts=3)
    here = f"/jobs/{job.id}/edit"
    fields = await shown_fields(site, here)
    assert (fields["syntax"], fields["time"], fields["attempts"]) == ("cron", "0 3 * * *", "3")
    fields |= {"time": "0 4 * * *", "attempts": "7", "request": "GET /y"}
    text = (await site.post(here, {**fields, "check": "1"})).page.text
    assert "The schedule changes from “daily at 03:00” to “daily at 04:00”." in text
    assert "The next due time moves from Wed 25 Nov 2026 03:00:00 +00:00 to Tue 24" in text
    assert "The request changes from “GET /x” to “GET /y”." in text
    assert "Attempts becomes 7, was 3." in text
    assert (await site.call(site.queue.job, job.id)).view.target == "/x"
    answer = await site.post(here, {**fields, "save": "1"})
    assert answer.status == 303, answer.page.text
    view = (await site.call(site.queue.job, job.id)).view
    assert (view.target, view.schedule["text"], view.policy["attempts"]) == ("/y", "0 4 * * *", 7)


@ensureDeferred
async def test_an_edit_that_says_nothing_changes_nothing(site: Site) -> None:
    job = await site.call(
        site.queue.schedule, "/x?a=b", method="PUT", body="x\r\ny", every="90s", name="n",
        headers={"Cookie": "s=1"}, user="alice", key="k", until="2027-01-01", times=7,
    )  # fmt: skip
    before = (await site.call(site.queue.job, job.id)).view
    here = f"/jobs/{job.id}/edit"
    fields = await shown_fields(site, here)
    assert "Nothing." in (await site.post(here, {**fields, "check": "1"})).page.text
    assert (await site.post(here, {**fields, "save": "1"})).status == 303
    assert (await site.call(site.queue.job, job.id)).view == before


@ensureDeferred
async def test_who_changed_it_meanwhile_is_not_overwritten(site: Site) -> None:
    job = await site.call(site.queue.schedule, "/x", every="1h", name="n")
    here = f"/jobs/{job.id}/edit"
    fields = await shown_fields(site, here)
    await site.call(site.queue.edit, job.id, attempts=9)
    answer = await site.post(here, {**fields, "attempts": "5", "save": "1"})
    assert answer.status in (400, 409)
    assert (await site.call(site.queue.job, job.id)).view.policy["attempts"] == 9


@ensureDeferred
async def test_one_like_another_has_no_secrets(site: Site) -> None:
    run = await a_failed_run(site, headers={"Authorization": "Bearer secret", "X-A": "b"})
    answer = await site.get(f"/jobs/new?run={run.id}")
    fields = fields_of(answer.body.decode())
    assert fields["request"] == "POST /report"
    assert fields["headers"] == "X-A: b"
    assert fields["body"] == "fmt=pdf"
    assert "Secrets of the original are left out" in answer.page.text


@ensureDeferred
async def test_a_removed_job_needs_somebody(site: Site) -> None:
    job = await site.call(site.queue.schedule, "/x", every="1h", name="nightly", remove_on="500")
    await site.call(site.queue.run_now, job.id)
    remove(site)
    page = (await site.get("/")).page
    assert "1 thing needs you" in page.text
    assert "nightly (answered 500, removed)" in page.text
    page = (await site.get("/needs-you")).page
    assert f"/jobs/{job.id}/resume" in page.forms()
    await site.post(f"/jobs/{job.id}/resume")
    assert "Nothing needs you" in (await site.get("/needs-you")).page.text


def remove(site: Site) -> None:
    """End the run that waits with an answer that takes its job out of the queue."""
    from jqengine.job import Outcome, Result, Verdict
    from jqengine.lifecycle import RunState
    from tests.remote.office import OWNER

    now = site.office.wall.now()
    [run] = site.office.store.queue.claim(OWNER, now, 1, 60)
    result = Result(500, "Why", (), b"", False, now, now + 1)
    verdict = Verdict(RunState.FAILED, None, False, "answered 500", "500")
    site.office.store.queue.record(
        [Outcome(run.id, run.job_id, OWNER, run.attempt, result, verdict)]
    )


@ensureDeferred
async def test_who_may_only_look_has_no_buttons_and_can_change_nothing(site: Site) -> None:
    run = await a_failed_run(site)
    job = await site.call(site.queue.schedule, "/x", every="1h", name="n")
    for path in (*PAGES, f"/jobs/{job.id}", f"/runs/{run.id}"):
        if path == "/jobs/new":
            continue
        answer = await site.get(path, role="look")
        assert answer.status == 200
        methods = [
            one.attributes.get("method") for one in answer.page.elements if one.name == "form"
        ]
        assert [one for one in methods if one == "post" and path != "/jobs"] == [], path
        assert "you may look, and change nothing" in answer.page.text
    for path in (f"/jobs/{job.id}/cancel", "/jobs/new", f"/runs/{run.id}/retry", "/jobs"):
        answer = await site.post(path, {"request": "/x", "syntax": "now"}, role="look")
        assert answer.status == 403, path


@ensureDeferred
async def test_every_form_that_changes_something_brings_its_token(site: Site) -> None:
    run = await a_failed_run(site)
    job = await site.call(site.queue.schedule, "/x", every="1h", name="n")
    for path in (*PAGES, f"/jobs/{job.id}", f"/jobs/{job.id}/edit", f"/runs/{run.id}/retry"):
        body = (await site.get(path)).body.decode()
        for form in body.split("<form ")[1:]:
            if 'method="post"' in form.partition(">")[0]:
                first = form.partition("<input ")[2]
                assert first.startswith(f'type="hidden" name="csrf" value="{TOKEN}"'), path


@ensureDeferred
async def test_only_words_of_a_table_come_out_of_an_address(site: Site) -> None:
    text = (await site.get("/jobs?did=<b>harm</b>")).page.text
    assert "harm" not in text
    text = (await site.get("/jobs?did=paused&n=<b>")).page.text
    assert "The job is paused." in text
    assert "7 jobs are paused." in (await site.get("/jobs?did=paused&n=7")).page.text


@ensureDeferred
async def test_head_is_get_without_a_body(site: Site) -> None:
    answer = await site.get("/jobs", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 1000


@ensureDeferred
async def test_a_group_is_paused_and_resumed(site: Site) -> None:
    await site.call(site.queue.schedule, "/x", every="1h", name="n", group="mail", concurrency=2)
    page = (await site.get("/groups")).page
    assert "Pause" in page.text
    assert "/groups/pause" in page.forms()
    answer = await site.post("/groups/pause", {"id": "mail"})
    assert "The group is paused." in (await site.get(answer.location)).page.text
    await site.post("/groups/resume", {"id": "mail"})
    assert "open" in (await site.get("/groups")).page.text
