"""The dashboard over an engine without an application, asked as a browser would."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from html.parser import HTMLParser
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from jqengine.admin.dashboard.application import Dashboard
from jqengine.admin.dashboard.desk import Desk
from jqengine.admin.dashboard.templating import Templates
from jqengine.admin.queues import Queues
from jqengine.client.inside import InsideQueue
from jqengine.remote.doorway import Doorway
from tests.remote.office import Office

TOKEN = "70c3n"
VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})


class Element(NamedTuple):
    """A start tag."""

    name: str
    attributes: Mapping[str, str | None]


class Reader(HTMLParser):
    """Reads a page as a browser does, and complains of what no browser should have to mend.

    :ivar elements: every start tag.
    :ivar text: what can be read.
    """

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.ids: list[str] = []
        self._open: list[str] = []
        self._texts: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == [], f"left open: {self._open}"
        assert len(self.ids) == len(set(self.ids)), "two elements have one id"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if "id" in element.attributes:
            self.ids.append(element.attributes["id"] or "")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, tag
        assert self._open.pop() == tag, (tag, self._open)

    def handle_data(self, data: str) -> None:
        self._texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self._texts).split())

    def forms(self) -> list[str]:
        """Where the forms of the page go."""
        return [one.attributes.get("action") or "" for one in self.elements if one.name == "form"]


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def page(self) -> Reader:
        return Reader(self.body.decode())

    @property
    def location(self) -> str:
        return self.headers["Location"]


class Site:
    """An engine and its dashboard.

    :ivar office: the engine; its clock is moved by hand.
    """

    def __init__(self) -> None:
        self.office = Office()
        self._pool = ThreadPool(1, 4)
        self._pool.start()
        self._doorway = Doorway(reactor, self.office.factory.buildProtocol)
        self.queue = self._queue(only_looks=False)
        queues = Queues(look=self._queue(only_looks=True), operate=self.queue)
        desk = Desk(Templates(self.office.wall.now, "UTC"), lambda: "http://127.0.0.1:8080")
        self.dashboard = Dashboard(desk, queues)

    def close(self) -> None:
        pytest_twisted.blockon(Deferred.fromCoroutine(self.office.factory.end_all()))
        self._pool.stop()

    async def call(self, function: Any, *arguments: Any, **named: Any) -> Any:
        """Call a client's function in a thread."""
        call = partial(function, *arguments, **named)
        return await deferToThreadPool(reactor, self._pool, call)

    async def get(self, path: str, *, role: str = "operate", method: str = "GET") -> Answer:
        """Ask for a page."""
        return await self.call(self._ask, method, path, b"", role)

    async def post(
        self,
        path: str,
        fields: Sequence[tuple[str, str]] | Mapping[str, str] = (),
        *,
        role: str = "operate",
    ) -> Answer:
        """Send a form."""
        return await self.call(self._ask, "POST", path, urlencode(fields).encode(), role)

    def _queue(self, *, only_looks: bool) -> InsideQueue:
        return InsideQueue(partial(self._doorway.connect, only_looks=only_looks))

    def _ask(self, method: str, path: str, body: bytes, role: str) -> Answer:
        parts = urlsplit(path)
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "CONTENT_TYPE": "application/x-www-form-urlencoded" if body else "",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "jqengine.role": role,
            "jqengine.csrf": TOKEN,
        }
        started: list[Any] = []
        answer = self.dashboard(environ, lambda *said: started.append(said))  # type: ignore[arg-type,func-returns-value]
        (status, headers), *_ = started
        return Answer(int(status[:3]), dict(headers), b"".join(answer))


def sites() -> Iterator[Site]:
    """One site, closed at the end."""
    one = Site()
    yield one
    one.close()
