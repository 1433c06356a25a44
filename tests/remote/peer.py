"""A client reduced to bytes: what a test sends, and what it is answered."""

from __future__ import annotations

from twisted.internet.testing import StringTransportWithDisconnection

from jqengine.wire.boxes import Box, BoxReader, pack_box


class Transport(StringTransportWithDisconnection):
    """A connection in memory that says whether it is read."""

    def abortConnection(self) -> None:
        """End at once."""
        self.loseConnection()

    @property
    def is_read(self) -> bool:
        """Whether bytes would be taken."""
        return self.producerState == "producing"


def pause_reading(transport: Transport) -> None:
    transport.producerState = "paused"


class Peer:
    """Speaks to a protocol through a transport in memory."""

    def __init__(self, protocol: object, transport: Transport | None = None) -> None:
        self.protocol = protocol
        self.transport = transport or Transport()
        self.transport.protocol = protocol
        self._reader = BoxReader()
        self._tag = 0
        protocol.makeConnection(self.transport)

    @property
    def gone(self) -> bool:
        """Whether the engine has ended the connection."""
        return not self.transport.connected

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.protocol.dataReceived(data)

    def ask(self, command: str, **arguments: bytes) -> bytes:
        """Make a call; its tag."""
        self._tag += 1
        tag = b"%d" % self._tag
        named = {name.replace("_", "-").encode(): value for name, value in arguments.items()}
        self.send(pack_box({b"_command": command.encode(), b"_ask": tag, **named}))
        return tag

    def answers(self) -> list[Box]:
        """What has come since the last time."""
        data = self.transport.value()
        self.transport.clear()
        return self._reader.feed(data)

    def call(self, command: str, **arguments: bytes) -> Box:
        """Make a call that is answered at once."""
        tag = self.ask(command, **arguments)
        [answer] = self.answers()
        assert answer.get(b"_answer", answer.get(b"_error")) == tag
        return answer
