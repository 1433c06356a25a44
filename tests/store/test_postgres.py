"""What only the store on PostgreSQL has to get right: other writers, a server that goes away."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
import pytest_twisted
from pytest_twisted import ensureDeferred
from sqlalchemy import make_url
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater

from jqengine.errors import ConfigurationError, SchemaTooNew, StoreError, StoreUnavailable
from jqengine.job import Owner
from jqengine.lifecycle import RunState
from jqengine.news import Topic
from jqengine.store import intake, turns
from jqengine.store.hot import execute
from jqengine.store.opening import store_for
from jqengine.store.schema import REVISION
from tests.postgres import Databases, connect, rows

from .values import LEASE, a_firing, a_job, an_end, an_id_factory

__all__ = ["databases", "postgres_url"]

from tests.postgres import databases, postgres_url

OTHER = Owner("node-2", "boot-1")
OWNER = Owner("node-1", "boot-1")


@pytest_twisted.async_yield_fixture
async def stores(postgres_url: str) -> AsyncIterator[Any]:
    """Opens so many stores on one empty database, all at the same instant."""
    from twisted.internet import reactor

    opened: list[Any] = []

    async def open_stores(count: int) -> Sequence[Any]:
        opened.extend(store_for(postgres_url, reactor, an_id_factory()) for _ in range(count))
        await gatherResults([one.open() for one in opened[-count:]])
        return opened[-count:]

    yield open_stores
    await gatherResults([one.close() for one in opened])


@ensureDeferred
async def test_ten_nodes_start_on_an_empty_database(stores: Any, postgres_url: str) -> None:
    await stores(10)
    assert rows(postgres_url, "SELECT version_num FROM jobqueue_revision") == [(REVISION,)]


@ensureDeferred
async def test_no_run_is_given_to_two(stores: Any) -> None:
    several = await stores(4)
    now = time.time()
    await several[0].add([a_job(due=now) for _ in range(400)])
    owners = [Owner(f"node-{number}", "boot") for number in range(4)]
    asked = [
        store.claim(owner, now, 30, LEASE)
        for _ in range(6)
        for store, owner in zip(several, owners, strict=True)
    ]
    claimed = [run.id for runs in await gatherResults(asked) for run in runs]
    assert len(claimed) == len(set(claimed)) == 400


@ensureDeferred
async def test_a_due_time_fires_once_however_many_see_it(stores: Any) -> None:
    several = await stores(4)
    now = time.time()
    jobs = [a_job(f"job-{number}", due=now) for number in range(50)]
    await several[0].add(jobs)
    firings = [a_firing(job, next_due=now + 60) for job in jobs]
    made = await gatherResults([store.fire(firings, now) for store in several])
    assert sorted(made) == [0, 0, 0, 50]


@ensureDeferred
async def test_names_and_keys_are_settled_between_nodes(stores: Any) -> None:
    several = await stores(4)
    now = time.time()
    named = [
        store.add([a_job("name", due=now + 60, text=str(n))]) for n, store in enumerate(several)
    ]
    keyed = [store.add([a_job(due=now + 60, key="key")]) for store in several]
    answers = await gatherResults([*named, *keyed])
    assert len({answer[0].id for answer in answers[:4]}) == 1
    assert len({answer[0].id for answer in answers[4:]}) == 1


@ensureDeferred
async def test_a_run_held_behind_one_that_ends_elsewhere_is_released(stores: Any) -> None:
    """The end and the firing come at once, in whatever order the database takes them."""
    one, two = await stores(2)
    now = time.time()
    for number in range(20):
        job = a_job(f"job-{number}", due=now)
        await one.add([job])
        await one.fire([a_firing(job, next_due=now + 1)], now)
        [run] = await one.claim(OWNER, now, 1, LEASE)
        later = a_firing(job, now + 1, next_due=now + 60, held=True, expected=now + 1)
        await gatherResults([one.record([an_end(run)]), two.fire([later], now + 1)])
        [latest, _] = await one.runs(job.id, 2)
        assert latest.state is RunState.WAITING
        [run] = await one.claim(OWNER, now + 1, 1, LEASE)
        await one.record([an_end(run)])


@ensureDeferred
async def test_leases_go_by_the_clock_of_the_database(stores: Any) -> None:
    """A node that is an hour late or early neither loses claims nor steals any."""
    one, two = await stores(2)
    now = time.time()
    await one.add([a_job(due=now - 7200) for _ in range(2)])
    [run] = await one.claim(OWNER, now - 3600, 1, LEASE)
    [early] = await two.claim(OTHER, now + 3600, 1, LEASE)
    assert await two.recover(OTHER, now + 3600, LEASE) == []
    assert await one.recover(OWNER, now - 3600, LEASE) == []
    assert await one.renew(OWNER, now - 3600, LEASE) == 1
    assert await two.recover(OTHER, now + 3600, LEASE) == []
    assert await one.record([an_end(run)]) == [True]
    assert await two.record([an_end(early, owner=OTHER)]) == [True]


@ensureDeferred
async def test_a_claim_whose_lease_is_over_goes_to_another(stores: Any) -> None:
    one, two = await stores(2)
    now = time.time()
    await one.add([a_job(due=now)])
    [run] = await one.claim(OWNER, now, 1, 0.05)
    from twisted.internet import reactor

    await deferLater(reactor, 0.1)
    [found] = await two.recover(OTHER, now, LEASE)
    assert found.id == run.id
    assert await one.record([an_end(run)]) == [False]
    assert await two.record([an_end(found, owner=OTHER)]) == [True]


@ensureDeferred
async def test_what_changes_is_heard_by_the_others_and_not_by_oneself(stores: Any) -> None:
    one, two = await stores(2)
    heard_by_one: list[Any] = []
    heard: Deferred[Any] = Deferred()
    one.listen(heard_by_one.append)
    two.listen(lambda topics: Topic.READY in topics and not heard.called and heard.callback(topics))
    from twisted.internet import reactor

    while not heard.called:
        # Whether the other is listening yet nobody can tell.
        await one.add([a_job(due=time.time() + 60)])
        await deferLater(reactor, 0.02)
    assert heard_by_one == []


@ensureDeferred
async def test_strange_values_come_back_as_they_were(stores: Any) -> None:
    [store] = await stores(1)
    now = round(time.time(), 6)
    job = a_job(
        "größe \U0001f600",
        due=now,
        target="/%00?" + "x" * 3000,
        headers=(("X-Latin", "caf\xe9\xff"), ("X-Control", "\x01\x7f")),
        body=bytes(range(256)) * 40,
        priority=2**40,
    )
    await store.add([job])
    assert await store.job(job.id) == job
    anonymous = a_job(due=now, body=bytes(range(256)), priority=-(2**40))
    await store.add([anonymous])
    assert await store.job(anonymous.id) == anonymous


@ensureDeferred
async def test_a_name_that_it_does_not_take_harms_no_other(stores: Any) -> None:
    [store] = await stores(1)
    good, bad = a_job(due=time.time() + 60), a_job("a\0b", due=time.time() + 60)
    asked = [store.add([good]), store.add([bad])]
    assert list(await asked[0]) == [good]
    with pytest.raises(Exception, match="NUL"):
        await asked[1]


@ensureDeferred
async def test_a_reason_that_no_database_takes_costs_no_result(stores: Any) -> None:
    [store] = await stores(1)
    await store.add([a_job(due=time.time())])
    [run] = await store.claim(OWNER, time.time(), 1, LEASE)
    end = an_end(run)
    strange = end._replace(result=end.result._replace(reason="a\0b\udc80\nc"))
    assert await store.record([strange]) == [True]
    [(_, result)] = await store.results(run.id)
    assert result.reason == "a\ufffdb?\nc"


@ensureDeferred
async def test_a_connection_that_is_lost_is_made_anew(stores: Any, postgres_url: str) -> None:
    [store] = await stores(1)
    await store.add([a_job(due=time.time() + 60)])
    with connect(postgres_url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    with pytest.raises(StoreUnavailable, match=r"is away|cannot be reached"):
        await store.add([a_job(due=time.time() + 60)])
    await store.add([a_job(due=time.time() + 60)])


@ensureDeferred
async def test_a_turn_that_another_has_is_waited_for_from_the_beginning(
    stores: Any, postgres_url: str
) -> None:
    """A transaction with locks of its own begins anew rather than wait for the turn."""
    [store] = await stores(1)
    now = time.time()
    job = a_job("job", due=now)
    await store.add([job])
    with connect(postgres_url) as holder:
        holder.execute(f"SELECT pg_advisory_lock({turns.TURN})")
        asked = [store.add([a_job(due=now)]), store.fire([a_firing(job)], now)]
        from twisted.internet import reactor

        await deferLater(reactor, 0.1)
        assert not asked[1].called
        holder.execute(f"SELECT pg_advisory_unlock({turns.TURN})")
        assert (await asked[1]) == 1
        await asked[0]


@ensureDeferred
async def test_writers_that_meet_try_again(stores: Any) -> None:
    """Two transactions lock the same two rows in opposite order."""
    one, two = await stores(2)
    now = time.time()
    first, second = a_job(due=now), a_job(due=now)
    await one.add([first, second])

    def locking(*ids: str) -> Callable[[Any], None]:
        def operation(connection: Any) -> None:
            for run_id in ids:
                execute(connection, f"UPDATE runs SET ready = ready WHERE id = '{run_id}'")
                execute(connection, "SELECT pg_sleep(0.05)")

        return operation

    await gatherResults(
        [
            one._writer.submit(locking(first.id, second.id)),
            two._writer.submit(locking(second.id, first.id)),
        ]
    )


@ensureDeferred
async def test_a_commit_whose_answer_is_lost_is_not_done_twice(
    stores: Any, postgres_url: str
) -> None:
    """The server commits, and the connection is gone before it can say so."""
    [store] = await stores(1)
    database = store._writer._transactions._database
    job = a_job(due=time.time())

    def add(connection: Any) -> Sequence[Any]:
        answer = intake.add(connection, [job])
        real = connection._commit_impl

        def commit() -> None:
            del connection._commit_impl
            real()
            connection.connection.driver_connection.close()
            raise driver_error

        connection._commit_impl = commit
        return answer

    driver_error = database._place.driver.OperationalError("the connection is lost")
    assert list(await store._writer.submit(add)) == [job]
    assert rows(postgres_url, "SELECT id FROM runs") == [(job.id,)]


@ensureDeferred
async def test_a_newer_schema_is_refused(stores: Any, postgres_url: str) -> None:
    from twisted.internet import reactor

    await stores(1)
    with connect(postgres_url) as connection:
        connection.execute("UPDATE jobqueue_revision SET version_num = '9999'")
    with pytest.raises(SchemaTooNew, match=r"newer version .*9999.*; upgrade"):
        await store_for(postgres_url, reactor, an_id_factory()).open()
    with connect(postgres_url) as connection:
        connection.execute("UPDATE jobqueue_revision SET version_num = %s", [REVISION])


def altered(url: str, **parts: Any) -> str:
    """*url* with other parts."""
    return make_url(url).set(**parts).render_as_string(hide_password=False)


@ensureDeferred
async def test_what_cannot_be_opened_is_said_in_one_line(
    databases: Databases, postgres_url: str
) -> None:
    from twisted.internet import reactor

    databases.execute("DROP ROLE IF EXISTS powerless")
    databases.execute("CREATE ROLE powerless LOGIN")
    with connect(postgres_url) as connection:
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    table = [
        (altered(postgres_url, username="nobody_at_all"), 'role "nobody_at_all" does not exist'),
        (altered(postgres_url, database="nowhere"), '"nowhere" does not exist; make it'),
        (altered(postgres_url, username="powerless"), 'to the user "powerless"'),
        ("postgresql://me:geheim@127.0.0.1:1/queue", "Connection refused; is the server running"),
        ("postgresql://me:geheim@nohost.invalid/queue", "check the name of the host"),
    ]
    for url, said in table:
        with pytest.raises(StoreError) as caught:
            await store_for(url, reactor, an_id_factory()).open()
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
        assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql://me:ge%@heim@:x", "postgresql://me@h/db?colour=red"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    from twisted.internet import reactor

    with pytest.raises(ConfigurationError, match="expected something like") as caught:
        store_for(url, reactor, an_id_factory())  # type: ignore[arg-type]
    assert "heim" not in str(caught.value)


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("runs WHERE state = 'waiting' AND group_name IS NULL AND priority = 0 AND ready <= 5"
         " ORDER BY ready, id LIMIT 10", "runs_waiting"),
        ("runs WHERE state = 'running' AND lease_until < 5", "runs_running"),
        ("runs WHERE job_id = 'x' AND job_id IS NOT NULL AND finished IS NULL", "runs_unfinished"),
        ("jobs WHERE state = 'scheduled' AND due <= 5 ORDER BY due LIMIT 10", "jobs_due"),
    ],
)  # fmt: skip
def test_hot_questions_have_an_index(played_database: str, statement: str, index: str) -> None:
    with connect(played_database) as connection:
        connection.execute("SET enable_seqscan = off")
        plan = connection.execute(f"EXPLAIN SELECT id FROM {statement}").fetchall()
    assert index in "".join(line for (line,) in plan)
    assert "Sort" not in "".join(line for (line,) in plan)
