"""A node that is stopped for longer than a lease, and goes on."""

from __future__ import annotations

import re
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.storm.audit import calls_by_run, violations
from tests.storm.book import BEGAN, lines
from tests.storm.orders import CALM
from tests.storm.storm import Node, Storm

PATIENCE = 30.0


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_a_node_that_was_stopped_says_too_late_what_it_has_found(tmp_path: Path) -> None:
    with Storm(tmp_path, 1, 2, '@at "now" - /long --name=long\n') as storm:
        stopped, other = storm.nodes

        def has_begun(attempt: int) -> bool:
            run_id = long_run(storm.store)
            return any(
                (line.what, line.run, line.attempt) == (BEGAN, run_id, attempt)
                for line in lines(tmp_path / "book")
            )

        storm.start(stopped, {CALM: "yes"})
        until(lambda: has_begun(1))
        stop_between_commits(storm, stopped)
        storm.start(other, {CALM: "yes"})
        until(lambda: has_begun(2))
        storm.signal(stopped, signal.SIGCONT)
        log = tmp_path / f"{stopped.name}.log"
        until(
            lambda: f"The result of {long_run(storm.store)} attempt 1 is refused" in log.read_text()
        )
        until(lambda: long_run(storm.store, "finished") != "")
        evidence = storm.settle()
    calls = calls_by_run(evidence.book)[long_run(storm.store)]
    assert [call.began.attempt for call in calls] == [1, 2]
    # That two attempts overlap is what a lost lease explains, and nothing else is wrong:
    # not a result of the older one, nor a file of the sink.
    beside = re.compile(r"[0-9a-f]+: attempt \d begins beside \d")
    assert [one for one in violations(evidence) if not beside.fullmatch(one)] == []


def stop_between_commits(storm: Storm, node: Node) -> None:
    """Stop an engine that does not hold the lock of the store, for which all others wait."""
    while True:
        storm.signal(node, signal.SIGSTOP)
        with closing(sqlite3.connect(storm.store, timeout=0.2, isolation_level=None)) as probe:
            try:
                probe.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError:
                storm.signal(node, signal.SIGCONT)
                time.sleep(0.05)


def long_run(store: Path, state: str = "%") -> str:
    """The id of the one run of ``long``; empty while it is not in that state."""
    if not store.exists():
        return ""
    with closing(sqlite3.connect(store)) as connection:
        try:
            query = "SELECT id FROM runs WHERE name = 'long' AND state LIKE ?"
            found = connection.execute(query, (state,)).fetchone()
        except sqlite3.OperationalError:  # the tables are not there yet
            return ""
    return found[0] if found else ""
