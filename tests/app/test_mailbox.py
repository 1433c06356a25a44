"""Many results, one wake-up, nothing lost."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from jqengine.app.mailbox import Mailbox
from tests.app.fakes import HandReactor


def test_what_is_posted_before_the_reactor_looks_comes_in_one_batch() -> None:
    reactor = HandReactor()
    batches: list[Sequence[int]] = []
    mailbox = Mailbox(reactor, batches.append)
    for number in range(5):
        mailbox.post(number)
    assert batches == []
    assert reactor.look() == 1
    assert batches == [[0, 1, 2, 3, 4]]


def test_the_next_post_wakes_the_reactor_again() -> None:
    reactor = HandReactor()
    batches: list[Sequence[int]] = []
    mailbox = Mailbox(reactor, batches.append)
    for number in range(3):
        mailbox.post(number)
        assert reactor.look() == 1
    assert batches == [[0], [1], [2]]


def test_what_is_posted_while_a_batch_is_received_comes_in_the_next() -> None:
    reactor = HandReactor()
    batches: list[Sequence[int]] = []

    def receive(batch: Sequence[int]) -> None:
        batches.append(batch)
        if batch == [0]:
            mailbox.post(1)

    mailbox = Mailbox(reactor, receive)
    mailbox.post(0)
    reactor.look()
    assert batches == [[0]]
    reactor.look()
    assert batches == [[0], [1]]


def test_nothing_is_lost_or_reordered_among_busy_senders() -> None:
    reactor = HandReactor()
    received: list[tuple[int, int]] = []
    mailbox = Mailbox(reactor, received.extend)
    senders, each = 8, 5_000

    def send(sender: int) -> None:
        for number in range(each):
            mailbox.post((sender, number))

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(senders)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        reactor.look()
    for thread in threads:
        thread.join()
    reactor.look()
    for sender in range(senders):
        assert [number for one, number in received if one == sender] == list(range(each))
