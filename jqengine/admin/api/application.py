"""The API as a WSGI application."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse

from jqengine.admin.queues import Queues


class Api:
    """Answers ``/api/v1``.

    :param queues: the engine, by role.
    """

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        body = json.dumps(self._queues.of(environ).stats()).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]
