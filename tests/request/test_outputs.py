"""A response can be looked at while the application gives it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jqengine.request.capture import call_application
from jqengine.request.outputs import Outputs

ENVIRON = {"jobqueue.job": {"run": "run", "attempt": 2}}


def call(application: Any, environ: dict[str, Any], outputs: Outputs) -> Any:
    ticks = iter(range(100))
    return call_application(
        application,
        environ,
        now=lambda: float(next(ticks)),
        body_limit=10,
        outputs=outputs,
    )


def test_pieces_are_there_as_soon_as_they_are_said() -> None:
    outputs = Outputs()
    seen: list[Any] = []

    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        output = outputs.of("run")
        assert output is not None
        assert output.last_wrote is None
        for piece in (b"one ", b"two ", b"three"):
            yield piece
            seen.append((list(output.pieces(0)), list(output.pieces(1)), output.last_wrote))
        assert not output.ended

    result = call(application, dict(ENVIRON), outputs)
    assert seen == [
        ([b"one "], [], 1.0),
        ([b"one ", b"two "], [b"two "], 2.0),
        ([b"one ", b"two ", b"th"], [b"two ", b"th"], 3.0),
    ]
    assert result.body == b"one two th"
    assert outputs.under_way() == []


def test_whoever_looked_learns_of_the_end_however_it_comes() -> None:
    outputs = Outputs()
    found: list[Any] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        found.append(outputs.under_way())
        raise RuntimeError("oops")

    assert call(application, dict(ENVIRON), outputs).status == 0
    ((key, output),) = found[0]
    assert (key.run_id, key.attempt, output.ended) == ("run", 2, True)
    assert outputs.of("run") is None


def test_a_request_that_is_no_job_is_nobodys_business() -> None:
    outputs = Outputs()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        assert outputs.under_way() == []
        return [b"done"]

    assert call(application, {}, outputs).body == b"done"
