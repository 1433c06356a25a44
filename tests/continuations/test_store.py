"""What every store promises about continuations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import DeferredList

from jqengine.continuation import FORMER_SESSION, MOST_OF_SESSION, Continuation, Continued
from jqengine.errors import BadValue, NoSuchContinuation, NotPossible
from jqengine.job import Job
from tests.continuations.values import DAY, a_continuation, a_job_of
from tests.store.values import LEASE, NOW, OWNER, a_firing, a_job, a_retry, an_end

LONG = b"x" * 50_000
PATHS = ("/elsewhere", "/form")


async def kept(store: Any, **changes: Any) -> Continuation:
    """A continuation that *store* has."""
    continuation = a_continuation(**changes)
    assert await store.keep_continuation(continuation) == continuation
    return continuation


async def is_there(store: Any, continuation: Continuation) -> bool:
    page = await store.find_continuations(None, 1000)
    return continuation.id in {one.id for one in page.items}


async def resume(store: Any, continuation: Continuation, session: str | None, now: float) -> Any:
    return await store.resume_continuation(continuation.id, session, PATHS, now)


def continued(job: Job) -> Continued | None:
    return job.definition.request.continuation


# By link.


@pytest.mark.parametrize("body", [b"", b"short \x00\xff", LONG])
@ensureDeferred
async def test_its_session_resumes_it_as_it_was(store: Any, body: bytes) -> None:
    saved = await kept(store, body=body)
    assert await resume(store, saved, "hash of abc", NOW) == saved


@pytest.mark.parametrize("session", [None, "", "hash of abd", "hash of ab"])
@ensureDeferred
async def test_no_other_session_does_and_nothing_is_used_up(
    store: Any, session: str | None
) -> None:
    saved = await kept(store)
    assert await resume(store, saved, session, NOW) is None
    assert await resume(store, saved, "hash of abc", NOW) == saved


@ensureDeferred
async def test_without_a_session_nobody_does(store: Any) -> None:
    saved = await kept(store, session=None)
    assert await resume(store, saved, None, NOW) is None
    assert await resume(store, saved, "hash of abc", NOW) is None


@ensureDeferred
async def test_a_guessed_id_finds_nothing(store: Any) -> None:
    await kept(store)
    assert await store.resume_continuation("0" * 32, "hash of abc", PATHS, NOW) is None


@ensureDeferred
async def test_nor_does_anybody_at_another_path(store: Any) -> None:
    saved = await kept(store, target="/caf%C3%A9/a%2Fb?step=1")
    for paths in ((), ("/caf%C3%A9/a%2Fb",), ("/form", "/caf\xc3\xa9")):
        assert await store.resume_continuation(saved.id, "hash of abc", paths, NOW) is None
    paths = ("/", "/caf\xc3\xa9/a/b")
    assert await store.resume_continuation(saved.id, "hash of abc", paths, NOW) == saved


@ensureDeferred
async def test_one_is_for_one_use(store: Any) -> None:
    saved = await kept(store, body=LONG)
    assert await resume(store, saved, "hash of abc", NOW) == saved
    assert await resume(store, saved, "hash of abc", NOW) is None


@ensureDeferred
async def test_of_many_who_come_at_once_one_gets_it(store: Any) -> None:
    saved = await kept(store)
    asked = [resume_later(store, saved) for _ in range(20)]
    answers = [answer for _, answer in await DeferredList(asked)]
    assert [one for one in answers if one is not None] == [saved]


def resume_later(store: Any, continuation: Continuation) -> Any:
    return store.resume_continuation(continuation.id, "hash of abc", PATHS, NOW)


@ensureDeferred
async def test_a_reusable_one_is_for_many(store: Any) -> None:
    saved = await kept(store, reusable=True)
    for _ in range(3):
        assert await resume(store, saved, "hash of abc", NOW) == saved


@ensureDeferred
async def test_it_is_there_until_it_expires(store: Any) -> None:
    saved = await kept(store, reusable=True)
    assert await resume(store, saved, "hash of abc", NOW + 7 * DAY - 1) == saved
    assert await resume(store, saved, "hash of abc", NOW + 7 * DAY) is None


# As a job.


@pytest.mark.parametrize("body", [b"short", LONG])
@ensureDeferred
async def test_a_job_is_given_the_saved_request(store: Any, body: bytes) -> None:
    saved = await kept(store, body=body)
    [job] = await store.add([a_job_of(saved)])
    request = replace(saved.request, continuation=Continued(saved.id, '{"step":2}'))
    assert job.definition.request == request
    assert (await store.job(job.id)).definition.request == request
    [run] = await store.claim(OWNER, NOW, 9, LEASE)
    assert run.request == request
    assert not await is_there(store, saved)


@ensureDeferred
async def test_a_second_job_of_it_is_refused(store: Any) -> None:
    saved = await kept(store)
    await store.add([a_job_of(saved)])
    with pytest.raises(NoSuchContinuation, match=saved.id):
        await store.add([a_job_of(saved)])
    with pytest.raises(NoSuchContinuation, match="may have expired or been used"):
        await store.add([a_job(), a_job_of("f" * 32)])
    assert len(await store.claim(OWNER, NOW, 9, LEASE)) == 1


@ensureDeferred
async def test_two_jobs_of_it_at_once_are_refused_together(store: Any) -> None:
    saved = await kept(store)
    with pytest.raises(NoSuchContinuation):
        await store.add([a_job_of(saved), a_job_of(saved)])
    assert await is_there(store, saved)
    assert await store.claim(OWNER, NOW, 9, LEASE) == []


@pytest.mark.parametrize("name", [None, "report"])
@ensureDeferred
async def test_the_same_job_again_is_the_same_answer(store: Any, name: str | None) -> None:
    saved = await kept(store)
    asked = a_job_of(saved, name=name)
    [first] = await store.add([asked])
    [again] = await store.add([asked])
    assert again == first
    assert continued(first) == Continued(saved.id, '{"step":2}')


@ensureDeferred
async def test_a_link_that_was_followed_leaves_nothing_for_a_job(store: Any) -> None:
    saved = await kept(store)
    await resume(store, saved, "hash of abc", NOW)
    with pytest.raises(NoSuchContinuation):
        await store.add([a_job_of(saved)])


@ensureDeferred
async def test_an_expired_one_makes_no_job(store: Any) -> None:
    saved = await kept(store, expires=NOW)
    with pytest.raises(NoSuchContinuation):
        await store.add([a_job_of(saved)])


@ensureDeferred
async def test_a_reusable_one_makes_many_jobs_and_such_as_repeat(store: Any) -> None:
    saved = await kept(store, reusable=True, body=LONG)
    jobs = [a_job_of(saved), a_job_of(saved), a_job_of(saved, name="often", repeats=True)]
    answers = await store.add(jobs)
    assert {continued(job) for job in answers} == {Continued(saved.id, '{"step":2}')}
    await store.drop_continuation(saved.id)
    await store.fire([a_firing(answers[2])], NOW)
    runs = await store.claim(OWNER, NOW, 9, LEASE)
    assert [run.request.body for run in runs] == [LONG] * 3
    assert {run.request.continuation for run in runs} == {Continued(saved.id, '{"step":2}')}


@ensureDeferred
async def test_a_job_that_repeats_needs_a_reusable_one(store: Any) -> None:
    saved = await kept(store)
    with pytest.raises(NotPossible, match="is for one use"):
        await store.add([a_job_of(saved, name="often", repeats=True)])
    assert await is_there(store, saved)


@ensureDeferred
async def test_a_job_that_is_not_added_uses_nothing(store: Any) -> None:
    [holder] = await store.add([a_job(key="k")])
    saved = await kept(store)
    assert await store.add([a_job_of(saved, key="k")]) == [holder]
    assert await is_there(store, saved)


@ensureDeferred
async def test_a_job_that_replaces_has_the_request(store: Any) -> None:
    await store.add([a_job("report")])
    saved = await kept(store)
    [job] = await store.add([a_job_of(saved, name="report")])
    assert job.definition.request.body == saved.request.body
    assert await store.job_named("report") == job


@ensureDeferred
async def test_a_run_by_hand_has_it_too(store: Any) -> None:
    saved = await kept(store)
    [job] = await store.add([a_job_of(saved, name="report", due=NOW + DAY)])
    run = await store.run_now(job.id, "1" * 26, NOW)
    assert run.request == job.definition.request


# With the success of a run.


async def a_claimed_run(store: Any) -> Any:
    await store.add([a_job()])
    [run] = await store.claim(OWNER, NOW, 1, LEASE)
    return run


def with_follow_ups(outcome: Any, *jobs: Job) -> Any:
    return outcome._replace(dispatch=outcome.dispatch._replace(follow_ups=jobs))


@ensureDeferred
async def test_follow_ups_come_with_the_end_of_their_run(store: Any) -> None:
    run = await a_claimed_run(store)
    jobs = [a_job(), a_job("named"), a_job_of(await kept(store))]
    assert await store.record([with_follow_ups(an_end(run), *jobs)]) == [True]
    assert [(await store.job(job.id)).id for job in jobs] == [job.id for job in jobs]


@ensureDeferred
async def test_not_with_an_attempt_that_is_not_the_end_or_was_refused(store: Any) -> None:
    run = await a_claimed_run(store)
    job = a_job()
    await store.record([with_follow_ups(a_retry(run), job)])
    stale = an_end(run._replace(attempt=7))
    assert await store.record([with_follow_ups(stale, job)]) == [False]
    assert await store.job(job.id) is None


@ensureDeferred
async def test_follow_ups_that_cannot_be_are_left_out_together(store: Any) -> None:
    run = await a_claimed_run(store)
    jobs = [a_job(), a_job_of("f" * 32)]
    assert await store.record([with_follow_ups(an_end(run), *jobs)]) == [True]
    assert [await store.job(job.id) for job in jobs] == [None, None]
    assert (await store.job(run.id)).previous_status == 200


# The session is given another cookie.


@ensureDeferred
async def test_it_goes_along_when_the_cookie_changes(store: Any) -> None:
    saved = await kept(store)
    other = await kept(store, session="hash of other")
    assert await store.follow_session("hash of abc", "hash of new", [], NOW) == 1
    assert await resume(store, saved, "hash of new", NOW) == replace(saved, session="hash of new")
    assert await resume(store, other, "hash of new", NOW) is None


@ensureDeferred
async def test_the_former_cookie_counts_for_a_moment(store: Any) -> None:
    saved = await kept(store, reusable=True)
    await store.follow_session("hash of abc", "hash of new", [], NOW)
    assert await resume(store, saved, "hash of abc", NOW + FORMER_SESSION - 1) is not None
    assert await resume(store, saved, "hash of abc", NOW + FORMER_SESSION) is None
    assert await resume(store, saved, "hash of new", NOW + FORMER_SESSION) is not None


@ensureDeferred
async def test_requests_made_side_by_side_may_each_change_it(store: Any) -> None:
    saved = await kept(store, reusable=True)
    for number in range(1, 4):
        await store.follow_session("hash of abc", f"hash {number}", [], NOW + number)
    assert await resume(store, saved, "hash 3", NOW + 3) is not None
    # And yet the first one does not live longer for it.
    late = NOW + 1 + FORMER_SESSION
    assert await resume(store, saved, "hash of abc", late) is None
    assert await store.follow_session("hash of abc", "hash of thief", [], late) == 0
    assert await resume(store, saved, "hash of thief", late) is None


@ensureDeferred
async def test_what_had_no_session_gets_the_first(store: Any) -> None:
    mine, others = await kept(store, session=None), await kept(store, session=None)
    bound = await kept(store)
    assert await store.follow_session(None, "hash of first", [mine.id, bound.id], NOW) == 1
    assert await resume(store, mine, "hash of first", NOW) is not None
    assert await resume(store, others, "hash of first", NOW) is None
    assert await resume(store, bound, "hash of first", NOW) is None
    assert await store.follow_session("hash of nobody", "hash of first", [], NOW) == 0


# Lists, and the end.


@ensureDeferred
async def test_one_is_shown_without_its_body(store: Any) -> None:
    saved = await kept(store, body=LONG, expires=NOW)
    shown = replace(saved, request=replace(saved.request, body=b""))
    assert await store.continuation(saved.id) == shown
    assert await store.continuation("0" * 32) is None


@ensureDeferred
async def test_the_same_again_is_kept_once(store: Any) -> None:
    saved = await kept(store)
    again = replace(saved, state="null", created=NOW + 5)
    assert await store.keep_continuation(again) == saved


@ensureDeferred
async def test_of_one_session_the_latest_are_kept(store: Any) -> None:
    before = [await kept(store, created=NOW - 1 - number) for number in range(2)]
    other = await kept(store, session="hash of other", created=NOW - 9)
    for _ in range(MOST_OF_SESSION - 1):
        await kept(store)
    assert [await is_there(store, one) for one in (*before, other)] == [True, False, True]


@ensureDeferred
async def test_pages_of_them_the_newest_first_without_bodies(store: Any) -> None:
    made = [await kept(store, created=NOW + number // 2) for number in range(5)]
    expected = sorted(made, key=lambda one: (one.created, one.id), reverse=True)
    found, after = [], None
    for size in (2, 2, 1):
        page = await store.find_continuations(after, 2)
        assert len(page.items) == size
        found += page.items
        after = page.after
    assert after is None
    assert [one.id for one in found] == [one.id for one in expected]
    assert found[0] == replace(expected[0], request=replace(expected[0].request, body=b""))
    with pytest.raises(BadValue, match="no page ends at 'x'"):
        await store.find_continuations("x", 2)


@ensureDeferred
async def test_one_is_dropped_or_those_of_a_session_or_all(store: Any) -> None:
    one, two = await kept(store), await kept(store)
    other, nobodys = await kept(store, session="hash of other"), await kept(store, session=None)
    assert await store.drop_continuation(one.id)
    assert not await store.drop_continuation(one.id)
    assert await store.clear_continuations("hash of abc") == 1
    assert [await is_there(store, it) for it in (two, other, nobodys)] == [False, True, True]
    assert await store.clear_continuations(None) == 2


@ensureDeferred
async def test_the_sweep_takes_what_has_expired_and_no_more_than_it_is_told(store: Any) -> None:
    old = [await kept(store, expires=NOW, body=LONG + bytes([n])) for n in range(3)]
    young = await kept(store, expires=NOW + 1)
    assert [await store.sweep_continuations(NOW, 2) for _ in range(3)] == [2, 1, 0]
    assert [await is_there(store, one) for one in (*old, young)] == [False] * 3 + [True]


@ensureDeferred
async def test_they_outlive_a_restart(make_store: Any) -> None:
    store = make_store()
    await store.open()
    saved = await kept(store, body=LONG)
    await store.close()
    store = make_store()
    await store.open()
    assert await resume(store, saved, "hash of abc", NOW) == saved
    await store.close()
