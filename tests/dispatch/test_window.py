"""How much is claimed ahead."""

from __future__ import annotations

from jqengine.dispatch.window import MOST_CLAIMED, ClaimWindow


def test_it_begins_with_as_many_as_there_are_threads() -> None:
    window = ClaimWindow(10)
    assert window.size == 10
    assert window.room(0) == 10


def test_quick_jobs_are_claimed_by_the_hundred_and_slow_ones_are_not() -> None:
    quick, slow = ClaimWindow(10), ClaimWindow(10)
    quick.observe(1000, 0.1)
    slow.observe(1000, 5000.0)
    assert quick.size == MOST_CLAIMED
    assert slow.size == 10


def test_one_slow_job_does_not_end_the_memory_of_many_quick_ones() -> None:
    window = ClaimWindow(10)
    window.observe(1000, 0.1)
    window.observe(1, 0.1)
    assert 10 < window.size < MOST_CLAIMED


def test_it_waits_for_half_a_window_but_never_with_an_idle_thread() -> None:
    window = ClaimWindow(10)
    window.observe(1000, 1.0)
    size = window.size
    assert size > 900
    assert window.room(size) == 0
    assert window.room(size - 100) == 0
    assert window.room(size // 2) == size - size // 2
    assert ClaimWindow(10).room(9) == 1


def test_nothing_is_learned_from_what_never_ran() -> None:
    window = ClaimWindow(10)
    window.observe(500, 0.0)
    assert window.size == 10
