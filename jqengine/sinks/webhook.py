"""``https:`` and ``http:`` POST each result, signed in Standard Webhooks form."""

from __future__ import annotations

import base64
import json
import os.path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.client import BrowserLikePolicyForHTTPS
from zope.interface import implementer

from jqengine.errors import BadValue, DeliveryFailed
from jqengine.interfaces import IResultSink
from jqengine.mediatype import body_text
from jqengine.options import parse_flag
from jqengine.request.environ import rfc3339
from jqengine.request.retryafter import retry_after
from jqengine.secretref import SecretRef
from jqengine.sinks.addresses import is_public
from jqengine.sinks.checkedclient import Answer, CheckedClient
from jqengine.sinks.checkedendpoints import CheckedEndpoints
from jqengine.sinks.choice import is_success
from jqengine.sinks.signing import keys_of, signature_headers
from jqengine.sinks.weburl import WebURL, parse_web_url
from jqengine.sinktools import Parcel, SinkTools
from jqengine.sinkurl import OptionParsers, SinkURL
from jqengine.smtpurl import is_loopback
from jqengine.units import format_duration
from jqengine.version import VERSION

TIMEOUT = 30.0
"""Seconds for one request, from the look-up of the name to the answer."""

COMMON_KEY_FILE = "webhook.secret"
"""In the state directory: signs for every webhook that names no secret."""

GONE = 410
"""An endpoint that says so wants no more deliveries (Standard Webhooks)."""


@implementer(IResultSink)
class WebhookSink:
    """Posts results as JSON.

    It connects only to public addresses unless ``#allow-private=yes``, and
    takes no answer but 2xx for a success.  ``#secret=env:NAME`` or
    ``#secret=file:PATH`` names what signs; ``#authorization=`` names in the
    same way the value of a header ``Authorization``.
    """

    durable = True
    compares = False
    options: OptionParsers = {
        "allow-private": parse_flag,
        "authorization": SecretRef.parse,
        "secret": SecretRef.parse,
    }

    def __init__(self, url: SinkURL, tools: SinkTools) -> None:
        self._url = parse_web_url(url.scheme, url.target)
        self._private = bool(url.options.get("allow-private", False))
        if not self._private:
            _refuse_plainly_private(self._url)
        self._secret: SecretRef | None = url.options.get("secret")
        self._authorization: SecretRef | None = url.options.get("authorization")
        self._tools = tools
        self.lane = f"{self._url.scheme}://{self._url.authority}"

    def deliver(self, parcel: Parcel) -> Deferred[None]:
        """Post the result; fires once the server has answered 2xx."""
        delivery = Deferred.fromCoroutine(self._deliver(parcel))
        return delivery.addTimeout(TIMEOUT, self._tools.reactor, _too_late)

    async def _deliver(self, parcel: Parcel) -> None:
        body = payload(parcel)
        headers = await self._headers(parcel, body)
        answer = await self._client().post(str(self._url), headers, body)
        judge(answer, self._tools.clock.now())

    def _client(self) -> CheckedClient:
        return CheckedClient(self._tools.reactor, self._connecting)

    def _connecting(self) -> CheckedEndpoints:
        reactor = self._tools.reactor
        may_connect = (lambda address: True) if self._private else is_public
        return CheckedEndpoints(
            reactor, reactor.nameResolver, BrowserLikePolicyForHTTPS(), may_connect
        )

    async def _headers(self, parcel: Parcel, body: bytes) -> dict[str, str]:
        keys = await self._keys()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"jqengine/{VERSION}",
            **signature_headers(parcel.id, int(self._tools.clock.now()), body, keys),
        }
        if self._authorization is not None:
            headers["Authorization"] = _one_line(await self._tools.secret(self._authorization))
        return headers

    async def _keys(self) -> tuple[bytes, ...]:
        """The keys as they are now: a secret can be replaced at any time."""
        if self._secret is not None:
            return keys_of(await self._tools.secret(self._secret))
        common = os.path.join(self._tools.state_dir, COMMON_KEY_FILE)
        if await self._tools.in_thread(lambda: os.path.exists(common)):
            return keys_of(await self._tools.secret(SecretRef("file", common)))
        return ()


def _refuse_plainly_private(url: WebURL) -> None:
    """Refuse at once what needs no resolver; the rest is looked at on delivery."""
    if is_loopback(url.host) or (url.numeric and not is_public(url.host)):
        raise BadValue(f"{url.host} is a private address; expected #allow-private=yes with it")


def _too_late(outcome: object, seconds: float) -> None:
    raise DeliveryFailed(f"no answer within {format_duration(seconds)}")


def _one_line(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise DeliveryFailed("the secret of #authorization= cannot stand in a header")
    return value


def payload(parcel: Parcel) -> bytes:
    """The JSON of a result: ``type``, ``timestamp`` and ``data``, in UTF-8.

    The body is text where it is text, else base64; ``data.body_encoding`` says
    which.
    """
    run, result = parcel.run, parcel.result
    text = body_text(result)
    body = base64.b64encode(result.body).decode("ascii") if text is None else text
    document: dict[str, Any] = {
        "type": "run.finished" if is_success(result.status) else "run.failed",
        "timestamp": rfc3339(result.finished),
        "data": {
            "delivery": parcel.id,
            "job": {"id": run.job_id, "name": run.name, "removed": parcel.removed},
            "run": {"id": run.id, "due": rfc3339(run.due), "attempt": run.attempt},
            "request": {
                "method": run.request.method,
                "target": run.request.target,
                "user": run.request.user,
            },
            "status": result.status,
            "reason": result.reason,
            "headers": [list(header) for header in result.headers],
            "body": body,
            "body_encoding": "base64" if text is None else "text",
            "truncated": result.truncated,
            "started": rfc3339(result.started),
            "finished": rfc3339(result.finished),
        },
    }
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def judge(answer: Answer, now: float) -> None:
    """Return for an answer that says it has taken the result.

    :raises DeliveryFailed: for any other; 410 is for good, and ``Retry-After``
        of a 429 or 503 is passed on.
    """
    if 200 <= answer.status < 300:
        return
    said = f"{answer.status} {_shown(answer.reason)}".rstrip()
    if 300 <= answer.status < 400:
        raise DeliveryFailed(f"answered {said}; redirects are not followed")
    asked = answer.headers.get("retry-after") if answer.status in (429, 503) else None
    detail = _shown(answer.body.decode("utf-8", "replace"))
    raise DeliveryFailed(
        f"answered {said}{f': {detail}' if detail else ''}",
        permanent=answer.status == GONE,
        wait=retry_after(asked, now) if asked else None,
    )


def _shown(text: str) -> str:
    """Words of a stranger in one short line."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text[:400]).split())
    return line if len(line) <= 200 else f"{line[:197]}..."
