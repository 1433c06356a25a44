"""``publish:/path`` serves the last good result on the public HTTP port."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from jqengine.errors import BadValue, DeliveryFailed
from jqengine.interfaces import IResultSink
from jqengine.sinktools import Parcel, SinkTools
from jqengine.sinkurl import On, OptionParsers, SinkURL


@implementer(IResultSink)
class PublishSink:
    """Replaces what is served at a path by each good result.

    Good is a status of 2xx with a whole body.  Any other result changes
    nothing: what was served stays, and a 304 says that it is still right.
    """

    lane = "publish:"
    durable = True
    compares = False
    options: OptionParsers = {}

    def __init__(self, url: SinkURL, tools: SinkTools) -> None:
        if url.on is On.FAILURE:
            raise BadValue("publish: serves good results; expected no #on=failure with it")
        self._path = parse_path(url.target)
        self._publications = tools.publications

    def deliver(self, parcel: Parcel) -> Deferred[None]:
        """Serve the result from now on, if it is a good one."""
        result = parcel.result
        if not 200 <= result.status < 300:
            return succeed(None)
        if result.truncated:
            kept = len(result.body)
            return fail(DeliveryFailed(f"the body was cut off after {kept} bytes", permanent=True))
        return self._publications.publish(self._path, parcel)


def parse_path(target: str) -> str:
    """The path in ``publish:/path``, decoded.

    :raises BadValue: it is not a plain absolute path: it has a query, an empty
        segment, ``.`` or ``..``, an encoded slash, or bytes that are not UTF-8.
    """
    try:
        path = unquote_to_bytes(target).decode("utf-8")
    except UnicodeDecodeError:
        raise BadValue(f"publish:{target} is not UTF-8 behind its % signs") from None
    segments = path.split("/")
    odd = "" in segments[1:-1] or any(one in (".", "..") for one in segments)
    encoded_slash = path.count("/") != target.count("/") or "\\" in path
    if segments[0] or len(segments) < 2 or "?" in target or odd or encoded_slash:
        raise BadValue(f"publish:{target} is not a plain path; expected publish:/a/b.html")
    if not path.isprintable():
        raise BadValue(f"publish:{target} holds an unprintable character")
    return path
