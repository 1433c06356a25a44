"""Whatever a client sends, it is saved, and comes back the same."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from jqengine.continuation import Continued
from jqengine.eager.office import outcome_of
from jqengine.remote.continuations import Continuations
from jqengine.request.continuation import captured, resumed, state_text
from jqengine.request.environ import JobEnviron
from jqengine.store.memory import MemoryStore
from tests.dispatch.values import a_run
from tests.store.values import NOW, an_id_factory

TOKEN = st.text("!$%&'*+.^`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=20)
TEXT = st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=40)
PATH = TEXT.map("/{}".format)
# What is no delimiter of the request line.
QUERY = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="#\x7f"), max_size=40
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)  # fmt: skip


class Now:
    def now(self) -> float:
        return NOW


def saved(said: dict[str, Any]) -> Any:
    """What the engine keeps of it."""
    store = MemoryStore(an_id_factory())
    store.open()
    make = Continuations(store=store, clock=Now(), random_bytes=lambda size: b"k" * size)
    headers = [list(pair) for pair in said.get("headers", ())]
    return outcome_of(Deferred.fromCoroutine(make.make({**said, "headers": headers})))


@given(
    PATH,
    QUERY,
    st.dictionaries(TOKEN, TEXT, max_size=5),
    st.binary(max_size=100),
    st.text(max_size=20).filter(lambda name: not name or name.isprintable()),
)
def test_a_request_comes_back_as_it_was(
    path: str, query: str, headers: dict[str, str], body: bytes, user: str
) -> None:
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_USER": user.encode().decode("latin-1"),
        "wsgi.input": BytesIO(body),
        **{f"HTTP_X_{name}": value for name, value in headers.items()},
    }
    request = saved(captured(environ)).request
    job = JobEnviron(errors=None)(a_run(request=request))
    assert job["PATH_INFO"] == path
    assert parsed(job["QUERY_STRING"]) == parsed(query)
    assert job["wsgi.input"].read() == body
    assert job.get("REMOTE_USER", "") == environ["REMOTE_USER"]
    for name, value in headers.items():
        if value.isprintable() and value == value.strip():
            assert job[f"HTTP_X_{name}"] == value
    link = resumed({**environ, "REMOTE_USER": "other"}, request, Continued("1" * 32, "null"))
    assert link["wsgi.input"].read() == body
    assert parsed(link["QUERY_STRING"]) == parsed(query)
    assert link["REMOTE_USER"] == "other"


def parsed(query: str) -> list[tuple[bytes, bytes]]:
    """The fields of a query, in bytes."""
    fields = parse_qsl(query, keep_blank_values=True, encoding="latin-1")
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]


@given(JSON)
def test_state_comes_back_as_it_was(state: Any) -> None:
    made = saved({"target": "/x", "state": state})
    assert made.state == state_text(state)


def test_the_parser_of_the_test_sees_bytes() -> None:
    assert parsed("a=%E9&b=\xe9") == [(b"a", b"\xe9"), (b"b", b"\xe9")]
    assert unquote_to_bytes("%E9") == b"\xe9"
