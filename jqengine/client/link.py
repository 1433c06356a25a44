"""One connection to an engine, shared by threads.

There is no thread behind it: whoever waits for an answer reads, for all who
wait (the *leader*), and when his own has come he hands the reading to one of
the others (the *followers*).  So a single thread never waits for another to be
woken, and the client works where a process may have no threads of its own.
"""

from __future__ import annotations

import threading
from collections import deque
from itertools import count
from time import monotonic

from jqengine.client.stream import Stream
from jqengine.errors import JobQueueError, LimitReached, NotConnected, NotInTime
from jqengine.wire.asks import WINDOW, Answer, Ask, Backlog, answer_of
from jqengine.wire.boxes import BadBox, Box, BoxReader, pack_box

_GLANCE = 0.05
"""Seconds after which a sender looks again whether it must read itself."""

_LONG = 3600.0
"""Seconds of one wait at most: the system's calls do not take every number."""


class LinkLost(NotConnected):
    """The connection ended; what was asked on it may have been done or not."""


class _Reply:
    """A call under way, and what came back.

    :ivar wake: set for a follower when its answer has come or it is to lead.
    :ivar leads: whether the reading was handed to it.
    """

    __slots__ = ("answer", "leads", "tag", "wake")

    def __init__(self, tag: bytes) -> None:
        self.tag = tag
        self.answer: Answer | JobQueueError | None = None
        self.wake: threading.Event | None = None
        self.leads = False


class Link:
    """Makes calls and gives their answers.  Safe to call from many threads."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._reader = BoxReader()
        self._tags = count(1)
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._pending: dict[bytes, _Reply] = {}
        self._followers: dict[bytes, _Reply] = {}
        self._led = False
        self._lost: str | None = None
        self._pushed: deque[Box] = deque()

    def is_usable(self) -> bool:
        """Whether calls can be made; finds out that a connection at rest has ended."""
        if self._lost is None and not self._pending and self._takes_lead():
            try:
                if self._stream.wait(read=True, write=False, seconds=0):
                    self._read()
            finally:
                self._pass_lead_on()
        return self._lost is None

    def exchange(
        self, backlog: Backlog, answers: list[Answer | JobQueueError], seconds: float
    ) -> None:
        """Make the calls of *backlog*, several at once, and add their answers in order.

        A call without an answer is back in *backlog* when this raises.

        :param seconds: in which each of them must come.
        :raises LinkLost: the connection ended.
        :raises NotInTime: an answer has not come.
        """
        under_way: deque[tuple[Ask, _Reply]] = deque()
        try:
            while True:
                deadline = monotonic() + seconds
                ask = backlog.take() if len(under_way) < WINDOW else None
                if ask is not None:
                    reply = _Reply(b"%x" % next(self._tags))
                    under_way.append((ask, reply))
                    self._send(ask, reply, deadline)
                elif under_way:
                    answers.append(self._wait(under_way[0][1], deadline))
                    under_way.popleft()
                else:
                    return
        finally:
            for _, reply in under_way:
                self._pending.pop(reply.tag, None)
            backlog.give_back(ask for ask, _ in under_way)

    def next_pushed(self, seconds: float) -> Box | None:
        """A box that the engine sent unasked, or ``None`` if none comes in time.

        For a link that nobody else uses.

        :raises LinkLost: the connection ended.
        """
        deadline = monotonic() + seconds
        while not self._pushed:
            self._raise_if_lost()
            left = deadline - monotonic()
            if left <= 0:
                return None
            self._read_within(left)
        return self._pushed.popleft()

    def close(self, why: str = "the client was closed") -> None:
        """End the connection; calls under way fail."""
        self._lose(why)

    def abandon(self) -> None:
        """Let go of a connection that belongs to the process this one was forked from."""
        self._stream.close()

    def _send(self, ask: Ask, reply: _Reply, deadline: float) -> None:
        try:
            data = pack_box(ask.box(reply.tag))
        except BadBox as error:
            raise LimitReached(f"{ask.command}: {error}") from None
        if not self._sending.acquire(timeout=_within(deadline)):
            raise _late(ask.command)
        try:
            self._raise_if_lost()
            self._pending[reply.tag] = reply
            self._write(memoryview(data), deadline)
        except OSError as error:
            self._lose(str(error))
            self._raise_if_lost()
        except BaseException:
            # Half of a box may have left.
            self._lose("a call was interrupted")
            raise
        finally:
            self._sending.release()
            self._close_if_unused()

    def _write(self, data: memoryview, deadline: float) -> None:
        while data or self._stream.unsent:
            sent = self._stream.send(data)
            data = data[sent:]
            if not sent and (data or self._stream.unsent):
                self._wait_to_write(deadline)

    def _wait_to_write(self, deadline: float) -> None:
        """Wait for room, and read meanwhile if nobody does.

        The engine reads no further while its answers are not read.
        """
        if monotonic() > deadline:
            raise TimeoutError("the engine reads no more")
        leads = self._takes_lead()
        try:
            wait = _LONG if leads else _GLANCE
            seconds = min(wait, _within(deadline))
            if self._stream.wait(read=leads, write=True, seconds=seconds) and leads:
                self._read()
        finally:
            if leads:
                self._pass_lead_on()
        self._raise_if_lost()

    def _wait(self, reply: _Reply, deadline: float) -> Answer | JobQueueError:
        leads = False
        try:
            while reply.answer is None:
                self._raise_if_lost()
                left = _within(deadline)
                if left <= 0:
                    raise _late("the engine")
                leads = leads or self._leads_or_follows(reply)
                if leads:
                    self._read_within(left)
                else:
                    leads = self._follow(reply, left)
        finally:
            if leads:
                self._pass_lead_on()
        return reply.answer

    def _takes_lead(self) -> bool:
        with self._lock:
            if self._led or self._lost is not None:
                return False
            self._led = True
            return True

    def _leads_or_follows(self, reply: _Reply) -> bool:
        """Become the leader, or a follower, whom :meth:`_follow` lets wait."""
        with self._lock:
            if self._lost is not None:
                return False
            if not self._led:
                self._led = True
                return True
            if reply.answer is None:
                reply.wake = threading.Event()
                self._followers[reply.tag] = reply
            return False

    def _follow(self, reply: _Reply, seconds: float) -> bool:
        """Wait to be woken; whether it is to lead from now on."""
        if reply.wake is not None:
            reply.wake.wait(seconds)
        with self._lock:
            self._followers.pop(reply.tag, None)
            reply.wake = None
            leads, reply.leads = reply.leads, False
            return leads

    def _pass_lead_on(self) -> None:
        with self._lock:
            if self._followers:
                reply = self._followers.pop(next(iter(self._followers)))
                reply.leads = True
                _wake(reply)
                return
            self._led = False
        self._close_if_unused()

    def _read_within(self, seconds: float) -> None:
        if self._stream.wait(read=True, write=False, seconds=seconds):
            self._read()

    def _read(self) -> None:
        """Take what has come; for the leader."""
        try:
            data = self._stream.receive()
            boxes = self._reader.feed(data) if data else ()
        except (OSError, BadBox) as error:
            self._lose(str(error))
            return
        except BaseException:
            self._lose("reading was interrupted")
            raise
        answered = []
        for box in boxes:
            reply = self._pending.pop(box.get(b"_answer") or box.get(b"_error") or b"", None)
            if reply is not None:
                reply.answer = answer_of(box)
                answered.append(reply)
            elif b"_command" in box:
                self._pushed.append(box)
        with self._lock:
            for reply in answered:
                if self._followers.pop(reply.tag, None) is not None:
                    _wake(reply)

    def _lose(self, why: str) -> None:
        with self._lock:
            if self._lost is None:
                self._lost = why
                self._stream.shut_down()
            for reply in self._followers.values():
                _wake(reply)
            self._followers.clear()
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        """Close a lost stream, unless a thread is still waiting for its file descriptor.

        Closed under its hands, the number could be that of another file by then.
        """
        if self._lost is not None:
            with self._lock:
                if not self._led and not self._sending.locked():
                    self._stream.close()

    def _raise_if_lost(self) -> None:
        if self._lost is not None:
            raise LinkLost(f"the connection to the engine was lost: {self._lost}")


def _wake(reply: _Reply) -> None:
    if reply.wake is not None:
        reply.wake.set()


def _within(deadline: float) -> float:
    return min(deadline - monotonic(), _LONG)


def _late(what: str) -> NotInTime:
    return NotInTime(f"{what} has not answered in time")
