"""How continuations lie in SQLite: found by indexes, and gone without a trace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from sqlalchemy import Connection

from jqengine.store import continuations, intake, pruning, recording
from jqengine.store.claiming import claim
from jqengine.store.opening import store_for
from jqengine.store.sqlite import SqliteDatabase, SqliteFile
from tests.continuations.values import a_continuation, a_job_of
from tests.store.values import LEASE, NOW, OWNER, a_job, an_end, an_id_factory

LONG = b"x" * 50_000


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A connection that writes, to an empty store."""
    file = SqliteFile(str(tmp_path / "queue.db"))
    file.create()
    connection = SqliteDatabase(file, writing=True).connect()
    yield connection
    connection.close()


def do(connection: Connection, operation: Any, *arguments: Any) -> Any:
    with connection.begin():
        return operation(connection, *arguments)


def count(connection: Connection, table: str) -> int:
    with connection.begin():
        number: int = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
        return number


def test_a_long_body_is_kept_once_and_for_as_long_as_anything_has_it(
    connection: Connection,
) -> None:
    one, two = a_continuation(body=LONG), a_continuation(body=LONG)
    for continuation in (one, two):
        do(connection, continuations.keep, continuation)
    assert count(connection, "bodies") == 1
    do(connection, continuations.forget, [one.id])
    do(connection, intake.add, [a_job_of(two)])
    assert (count(connection, "continuations"), count(connection, "bodies")) == (0, 1)
    [run] = do(connection, claim, OWNER, NOW, 1, LEASE)
    assert run.request.body == LONG
    do(connection, recording.record, [an_end(run)])
    do(connection, pruning.prune, NOW + 100, 10)
    assert count(connection, "bodies") == 0


@pytest.mark.parametrize(
    "forgetting",
    [
        lambda one: partial(
            continuations.resume, continuation_id=one.id, session="s", paths=["/form"], now=NOW
        ),
        lambda one: partial(continuations.clear, session="s"),
        lambda one: partial(continuations.sweep, now=NOW + 1e9, limit=5),
    ],
    ids=["resumed", "cleared", "swept"],
)
def test_nothing_of_it_stays(connection: Connection, forgetting: Any) -> None:
    one = a_continuation(body=LONG, session="s")
    do(connection, continuations.keep, one)
    do(connection, forgetting(one))
    assert (count(connection, "continuations"), count(connection, "bodies")) == (0, 0)


def test_every_question_has_its_index(connection: Connection) -> None:
    statements: list[str] = []
    driver: Any = connection.connection.driver_connection
    one, two = a_continuation(body=LONG), a_continuation()
    driver.set_trace_callback(statements.append)
    for operation, *arguments in (
        (continuations.keep, one),
        (continuations.keep, two),
        (continuations.is_followed, "s"),
        (continuations.follow, "s", "t", ["i"], NOW),
        (continuations.find, f"{NOW!r},x", 9),
        (continuations.one, two.id),
        (continuations.can_be_resumed, two.id, "s", ["/form"], NOW),
        (continuations.resume, two.id, "s", ["/form"], NOW),
        (intake.add, [a_job_of(one, name="n"), a_job()]),
        (continuations.clear, "s"),
        (continuations.sweep, NOW, 9),
    ):
        do(connection, operation, *arguments)
    driver.set_trace_callback(None)
    questions = {one for one in statements if re.match(r"SELECT|UPDATE|DELETE", one)}
    plans = {
        step[3]: question
        for question in questions
        for step in driver.execute(f"EXPLAIN QUERY PLAN {question}")
    }
    slow = {step for step in plans if re.match(r"SCAN (?!CONSTANT)|USE TEMP", step)}
    assert {plans[step] for step in slow} == set()


@ensureDeferred
async def test_a_guess_does_not_trouble_the_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from twisted.internet import reactor

    store: Any = store_for(f"sqlite:///{tmp_path}/queue.db", reactor, an_id_factory())
    await store.open()
    saved = await store.keep_continuation(a_continuation())
    written: list[Any] = []
    submit = store._writer.submit
    monkeypatch.setattr(
        store._writer, "submit", lambda *asked: (written.append(asked), submit(*asked))[1]
    )
    for guess in (("0" * 32, saved.session), (saved.id, "another"), (saved.id, None)):
        assert await store.resume_continuation(*guess, ["/form"], NOW) is None
    assert written == []
    assert await store.resume_continuation(saved.id, saved.session, ["/form"], NOW) == saved
    assert len(written) == 1
    await store.close()
