"""The API on an engine that does nothing unless it is told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any, NamedTuple

import pytest

from jqengine.admin.api.application import Api
from jqengine.admin.queues import Queues
from jqengine.testing import eager

NOW = "2026-11-24T03:00:00Z"


class Got(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, which must be JSON."""
        kind = self.headers["Content-Type"]
        assert kind in ("application/json", "application/problem+json"), kind
        return json.loads(self.body)


class Site:
    """The API, asked without a network.

    :ivar engine: behind it.
    """

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.api = Api(Queues(look=engine.queue, operate=engine.queue), lambda: 1_795_489_200.0)

    def get(self, path: str, **headers: str) -> Got:
        """GET."""
        return self.ask("GET", path, None, **headers)

    def post(self, path: str, said: Any = None, **headers: str) -> Got:
        """POST."""
        return self.ask("POST", path, said, **headers)

    def ask(self, method: str, path: str, said: Any = None, **headers: str) -> Got:
        """A request; *said* becomes JSON, unless it is bytes."""
        path, _, query = path.partition("?")
        body = b"" if said is None else said if isinstance(said, bytes) else _json(said)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": f"/api/v1{path}".encode().decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/json" if body else "",
            "wsgi.input": BytesIO(body),
            "jqengine.role": "operate",
        }
        for name, value in headers.items():
            environ["CONTENT_TYPE" if name == "content_type" else f"HTTP_{name.upper()}"] = value
        started: list[Any] = []
        answer = b"".join(self.api(environ, lambda *said: started.append(said)))  # type: ignore[arg-type,func-returns-value]
        [(status, found)] = started
        assert len(dict(found)) == len(found)
        return Got(int(status[:3]), dict(found), answer)


def _json(said: Any) -> bytes:
    return json.dumps(said).encode()


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answers the status that the path names."""
    status = environ["PATH_INFO"].strip("/") or "200"
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    start_response(f"{status} Status", [("Content-Type", "text/plain")])
    return [environ["REQUEST_METHOD"].encode(), b" ", body]


@pytest.fixture
def site() -> Iterator[Site]:
    """The API."""
    with eager(application, now=NOW) as engine:
        yield Site(engine)
