"""What a person does with the dashboard, in a real browser."""

from __future__ import annotations

import pytest

from tests.admin.hostile import MARK, MARKUP
from tests.browser.browser import Browser
from tests.browser.story import Story

LOOKS = ((1400, "light"), (390, "dark"))
PAGES = (
    "/", "/jobs", "/needs-you", "/continuations", "/sinks", "/nodes", "/groups", "/jobs/new",
    "job", "run", "edit", "retry", "/nowhere",
)  # fmt: skip


def address(story: Story, page: str) -> str:
    """Where a page is, the latest run and the job of those that have an id."""
    return {
        "job": lambda: story.job_page("poll"),
        "run": lambda: story.run_page("totals"),
        "edit": lambda: f"{story.job_page('orders')}/edit",
        "retry": lambda: f"{story.run_page('totals')}/retry",
    }.get(page, lambda: story.url + page)()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_from_a_time_in_words_to_a_success(
    browser: Browser, story: Story, width: int, scheme: str
) -> None:
    browser.look(width=width, scheme=scheme)
    browser.open(story.url)
    browser.press("New job")

    browser.write("#request", "POST /report fmt=pdf")
    browser.write("#time", "in 1 second asdf")
    browser.sees("asdf", "#means")
    browser.write("#time", "in 2 seconds")
    browser.sees("UTC", "#means")
    browser.find("main summary").click()
    browser.write("#attempts", "1")
    browser.press("Schedule")
    browser.sees("The job is in the queue.", "body")

    browser.find("#runs-of-job a.row").click()
    browser.sees("Running for", "#outcome")
    browser.sees("page 3 of 8", "#output")
    assert "page 8" not in browser.text("#output")

    browser.sees("500 Internal Server Error after", "#outcome")
    browser.sees("No such format: pdf", "#result")
    browser.press("Retry changed")
    browser.write("#body", "fmt=txt")
    browser.press("Retry", "main form")
    browser.sees("200 OK after", "#outcome")
    browser.sees("Written.", "#result")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_a_recurring_job_is_paused_and_resumed(
    browser: Browser, story: Story, width: int, scheme: str
) -> None:
    browser.look(width=width, scheme=scheme)
    browser.open(story.job_page("prices"))
    browser.write("#reason", "until the audit is over")
    browser.press("Pause")
    browser.sees("The job is paused.", "body")
    browser.sees("paused: until the audit is over", "#state")
    browser.press("Resume")
    browser.sees("scheduled", "#state")
    assert story.queue.job(name="prices").state == "scheduled"


def test_a_dead_letter_is_redriven(browser: Browser, story: Story) -> None:
    browser.look(width=1400, scheme="light")
    browser.open(f"{story.url}/needs-you")
    browser.sees("Dead letters")
    story.takes = True
    try:
        browser.press("Redrive", "#dead-rows")
        browser.sees("The result is on its way again.", "body")
        browser.until(lambda: not story.queue.deliveries(state="dead").items)
        browser.until(lambda: story.queue.deliveries(state="delivered").items)
    finally:
        story.takes = False
        story.kill_a_letter("orders")


@pytest.mark.parametrize("page", PAGES)
def test_every_page(browser: Browser, story: Story, page: str) -> None:
    url = address(story, page)
    for width, scheme in LOOKS:
        browser.look(width=width, scheme=scheme)
        browser.open(url)
        assert browser.overflow() <= 0, (width, scheme)
        assert browser.faults() == [], (width, scheme)
    if page == "/nowhere":
        browser.driver.get_log("browser")  # says that the page was not found


def test_numbers_change_in_place_and_new_rows_wait(browser: Browser, story: Story) -> None:
    browser.look(width=1400, scheme="light")
    browser.open(story.job_page("feeds"))
    browser.sees("It has not run yet.")
    story.run("feeds")
    browser.driver.refresh()
    browser.find("#runs-of-job a.row")
    browser.until(lambda: browser.script("return performance.now()") > 500)
    rows = len(browser.all("#runs-of-job tr"))
    story.run("feeds", 2)
    browser.sees("2 new", ".fresh")
    assert len(browser.all("#runs-of-job tr")) == rows
    browser.press("2 new")
    assert len(browser.all("#runs-of-job tr")) == rows + 2
    browser.sees("The last 3 runs", "#history-picture")


def test_keys(browser: Browser, story: Story) -> None:
    browser.look(width=1400, scheme="light")
    browser.open(f"{story.url}/jobs")
    focus = "return document.activeElement.href"
    browser.keys("j")
    first = browser.script(focus)
    browser.keys("j")
    assert browser.script(focus) not in (first, None)
    browser.keys("k")
    assert browser.script(focus) == first
    browser.keys("x")
    browser.sees("With the 1 selected", "#chosen")
    browser.keys("?")
    assert browser.find("#keys").is_displayed()
    browser.press("Close", "#keys")
    browser.keys("/")
    assert browser.script("return document.activeElement.id") == "q"
    browser.keys("name:poll\n")
    browser.sees("Jobs like that")
    browser.keys("n")
    browser.sees("New job", "h1")


def test_a_lost_engine_is_said(browser: Browser, story: Story) -> None:
    browser.look(width=1400, scheme="light")
    browser.open(story.url)
    assert not browser.find("#lost").is_displayed()
    browser.block("*/events")
    try:
        browser.driver.refresh()
        browser.sees("Lost the engine", "#lost")
        browser.sees("what you see is from", "#lost")
    finally:
        browser.block()
    browser.until(lambda: not browser.find("#lost").is_displayed())
    browser.driver.get_log("browser")  # says what was blocked


def test_what_is_hostile_runs_nowhere(browser: Browser, story: Story) -> None:
    browser.look(width=1400, scheme="light")
    ids = [
        story.queue.schedule(
            "/echo", every="365d", name=text[:100], user=text[:100], headers={"X-Text": text}
        ).id
        for text in MARKUP
        if text.isprintable()
    ]
    try:
        for page in ("/jobs", *(f"/jobs/{one}" for one in ids[:3])):
            browser.open(story.url + page)
            assert MARK in browser.text()
            assert browser.script(f"return typeof {MARK}") == "undefined"
    finally:
        for one in ids:
            story.queue.cancel(one)


def test_the_first_paint_is_quick(browser: Browser, story: Story) -> None:
    browser.look(width=1400, scheme="light")
    taken = []
    for _ in range(5):
        browser.open(story.url)
        taken.append(browser.first_paint())
    # The goal of 100 ms is for a quiet machine; here other tests run beside it.
    assert sorted(taken)[2] < 500
