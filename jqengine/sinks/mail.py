"""``mailto:`` mails each result through the server that ``--smtp`` names."""

from __future__ import annotations

from email.headerregistry import Address

from twisted.internet.defer import Deferred
from zope.interface import implementer

from jqengine.errors import BadValue
from jqengine.interfaces import IResultSink
from jqengine.mediatype import body_text
from jqengine.options import parse_flag
from jqengine.sinks.diff import difference
from jqengine.sinks.mailboxes import parse_address, parse_mailto
from jqengine.sinks.message import Envelope, compose
from jqengine.sinks.smtp import Letter, MailServer
from jqengine.sinktools import Parcel, SinkTools
from jqengine.sinkurl import On, OptionParsers, SinkURL


@implementer(IResultSink)
class MailSink:
    """Mails results: a text in the message, anything else as an attachment.

    ``#from=`` is the sender; ``#diff=yes``, beside ``#on=change``, shows what
    has changed since the last mail instead of the whole text, which is attached.
    """

    lane = "mailto:"
    durable = True
    options: OptionParsers = {"diff": parse_flag, "from": parse_address}

    def __init__(self, url: SinkURL, tools: SinkTools) -> None:
        self._recipients = parse_mailto(url.target)
        self.compares = bool(url.options.get("diff", False))
        if self.compares and url.on is not On.CHANGE:
            raise BadValue("#diff=yes shows a change; expected #on=change with it")
        self._sender = url.options.get("from") or _default_sender(tools)
        self._server = MailServer(tools)
        self._tools = tools

    def deliver(self, parcel: Parcel) -> Deferred[None]:
        """Mail the result; fires once the server has taken responsibility."""
        return Deferred.fromCoroutine(self._deliver(parcel))

    async def _deliver(self, parcel: Parcel) -> None:
        now = self._tools.clock.now()
        envelope = Envelope(self._sender, self._recipients, self._tools.hostname, now)
        message = await self._tools.in_thread(lambda: self._message(envelope, parcel))
        letter = Letter(self._sender.addr_spec, self._recipients.envelope, message)
        await self._server.send(letter)

    def _message(self, envelope: Envelope, parcel: Parcel) -> bytes:
        """Blocks: a large body takes a while to encode, and longer to compare."""
        now = body_text(parcel.result)
        if not self.compares or parcel.previous is None or now is None:
            return compose(envelope, parcel)
        before = body_text(parcel.result._replace(body=parcel.previous))
        change = None if before is None else difference(before, now)
        return compose(envelope, parcel, change)


def _default_sender(tools: SinkTools) -> Address:
    return parse_address(tools.smtp.sender or f"jobqueue@{tools.hostname}")
