"""Jobs that wait on the disk while the store cannot be reached."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, execute
from twisted.internet.task import Clock

from jqengine.errors import StoreFull, StoreUnavailable
from jqengine.job import Job, Owner
from jqengine.store.memory import MemoryStore
from jqengine.store.spool import PATIENCE, PAUSE, Spool, spooling
from jqengine.store.spoolfiles import OLD, SpoolFiles

from .values import a_job, an_id_factory

GONE = StoreUnavailable("the store is gone")


class Wall:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def now(self) -> float:
        return 1_800_000_000.0 + self.clock.seconds()


class Place:
    """A spool over a store in memory, on a clock that is moved by hand."""

    def __init__(self, directory: Path, most: int = 10**9) -> None:
        self.clock = Clock()
        self.wall = Wall(self.clock)
        self.directory = directory
        self.new_id = an_id_factory()
        self.store: Any = MemoryStore(self.new_id)
        self.store.open()
        self.most = most
        self.woken = 0
        self.start()

    def start(self) -> None:
        self.files = SpoolFiles(str(self.directory), self.new_id, self.most)
        self.spool = Spool(
            self.files,
            self.store,
            reactor=self.clock,
            clock=self.wall,
            in_thread=lambda function: execute(function),
            wake=self._wake,
        )
        done(Deferred.fromCoroutine(self.spool.open()))
        self.seen = spooling(self.store, self.spool)

    def _wake(self) -> None:
        self.woken += 1

    def close(self) -> None:
        done(Deferred.fromCoroutine(self.spool.close()))
        assert not self.clock.getDelayedCalls()

    def job(self, number: int, name: str | None = None, **changes: Any) -> Job:
        job_id = self.new_id(self.wall.now())
        said = {"target": f"/{number}", "method": "POST", "body": b"\x00" * 9000, **changes}
        return a_job(name, self.wall.now(), id=job_id, **said)

    def kept(self) -> list[str]:
        return sorted(path.name for path in self.directory.iterdir() if path.name != "lock")

    def in_store(self) -> list[str]:
        found = done(self.store.claim(Owner("n", "b"), self.wall.now() + 10, 100, 60.0))
        return [run.request.target for run in found]


def done(deferred: Deferred[Any]) -> Any:
    """What *deferred* has fired with; its failure is raised."""
    found: list[Any] = []
    deferred.addBoth(found.append)
    [answer] = found
    if hasattr(answer, "raiseException"):
        answer.raiseException()
    return answer


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "spool")
    yield made
    made.close()


def test_while_the_store_is_there_nothing_is_spooled(place: Place) -> None:
    job = place.job(1)
    assert done(place.seen.add([job])) == [job]
    assert place.kept() == []
    assert done(place.seen.stats(place.wall.now()))["spooled"] == 0


def test_what_the_store_cannot_take_waits_and_comes_in_order(place: Place) -> None:
    place.store.trouble = GONE
    jobs = [place.job(number) for number in range(3)]
    for job in jobs:
        assert done(place.seen.add([job])) == [job]
    assert len(place.kept()) == 3
    assert place.spool.count == 3
    with pytest.raises(StoreUnavailable, match="is gone; 3 jobs wait in the spool"):
        done(place.seen.stats(place.wall.now()))
    place.clock.advance(PAUSE)
    assert len(place.kept()) == 3
    place.store.trouble = None
    place.clock.advance(PAUSE)
    assert place.kept() == []
    assert place.spool.count == 0
    assert place.woken
    assert place.in_store() == ["/0", "/1", "/2"]


def test_a_killed_process_loses_nothing_and_brings_nothing_twice(place: Place) -> None:
    place.store.trouble = GONE
    jobs = [place.job(1), place.job(2)]
    done(place.seen.add(jobs))
    [name] = place.kept()
    text = (place.directory / name).read_bytes()
    place.close()
    place.store.trouble = None
    place.start()
    place.clock.advance(0)
    # It was killed after the store had taken them, before the file was gone.
    place.close()
    (place.directory / name).write_bytes(text)
    place.start()
    place.clock.advance(0)
    assert place.kept() == []
    assert place.in_store() == ["/1", "/2"]


def test_a_job_comes_out_as_it_went_in(place: Place) -> None:
    place.store.trouble = GONE
    job = place.job(1, attempts=9, group="mail", concurrency=2, user="ann", sinks=("a:", "b:"))
    done(place.seen.add([job]))
    batch = place.files.oldest()
    assert batch is not None
    assert list(batch.jobs) == [job]


@pytest.mark.parametrize("changes", [{"name": "n"}, {"key": "k"}])
def test_what_only_the_store_can_say_is_refused(place: Place, changes: Any) -> None:
    place.store.trouble = GONE
    with pytest.raises(StoreUnavailable, match=r"is gone; .* is not spooled"):
        done(place.seen.add([place.job(1), place.job(2, **changes)]))
    assert place.kept() == []


def test_it_is_refused_while_others_wait_too(place: Place) -> None:
    place.store.trouble = GONE
    done(place.seen.add([place.job(1)]))
    with pytest.raises(StoreUnavailable, match="not spooled"):
        done(place.seen.add([place.job(2, name="n")]))


def test_a_store_that_does_not_answer_counts_as_gone(place: Place) -> None:
    silent: Deferred[Sequence[Job]] = Deferred()
    add, place.store.add = place.store.add, lambda jobs: silent
    job = place.job(1)
    answer = place.seen.add([job])
    place.clock.advance(PATIENCE)
    assert done(answer) == [job]
    assert len(place.kept()) == 1
    place.store.add = add
    place.clock.advance(PAUSE)
    assert place.kept() == []


def test_a_full_spool_refuses(tmp_path: Path) -> None:
    place = Place(tmp_path / "spool", most=20_000)
    place.store.trouble = StoreFull("the disk is full")
    done(place.seen.add([place.job(1)]))
    with pytest.raises(StoreUnavailable, match=r"moment ago; and the spool .* is full"):
        done(place.seen.add([place.job(2)]))
    assert len(place.kept()) == 1
    place.close()


def test_a_disk_that_cannot_be_written_refuses(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.store.trouble = GONE

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnavailable, match=r"is gone; and the spool .*: No space left"):
        done(place.seen.add([place.job(1)]))
    assert place.kept() == []


def test_what_cannot_be_read_is_put_aside_and_the_rest_goes_on(place: Place) -> None:
    place.store.trouble = GONE
    done(place.seen.add([place.job(1)]))
    (place.directory / f"{'0' * 26}.1.jobs").write_text('{"version": 99}')
    place.store.trouble = None
    place.clock.advance(PAUSE)
    assert place.kept() == [f"{'0' * 26}.1.refused"]
    assert place.in_store() == ["/1"]


def test_half_a_file_is_no_file(place: Place) -> None:
    part = place.directory / "x.1.part"
    part.write_text("half")
    old = place.wall.now() - OLD - 1
    os.utime(part, (old, old))
    fresh = place.directory / "y.1.part"
    fresh.write_text("another process writes it")
    os.utime(fresh, (place.wall.now(),) * 2)
    place.close()
    place.start()
    assert place.kept() == ["y.1.part"]
    assert place.spool.count == 0


def test_another_process_that_empties_it_is_left_alone(place: Place) -> None:
    place.store.trouble = GONE
    done(place.seen.add([place.job(1)]))
    place.store.trouble = None
    with place.files.held() as mine:
        assert mine
        place.clock.advance(PAUSE)
        assert len(place.kept()) == 1
    place.clock.advance(PAUSE)
    assert place.kept() == []
