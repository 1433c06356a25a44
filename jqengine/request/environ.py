"""A run becomes a WSGI environ (PEP 3333), as the design's section 6 says it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from io import BytesIO
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

from jqengine.delivery import Validators
from jqengine.job import Headers, Run
from jqengine.request.continuation import CONTINUATION, facts
from jqengine.request.headers import environ_key, is_trusted

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})")
_NO_TRACE = "0" * 32
_CONDITIONS = frozenset(
    {
        "HTTP_IF_MATCH",
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_NONE_MATCH",
        "HTTP_IF_RANGE",
        "HTTP_IF_UNMODIFIED_SINCE",
    }
)


class JobEnviron:
    """Builds the environ of a run's attempt.  Safe to call from any thread.

    :param scheme: ``http`` or ``https``, what ``wsgi.url_scheme`` says.
    :param host: ``SERVER_NAME``.
    :param port: ``SERVER_PORT``.
    :param script_name: ``SCRIPT_NAME``, without a slash at its end.
    :param errors: the text stream the application finds as ``wsgi.errors``.
    """

    def __init__(
        self,
        *,
        scheme: str = "http",
        host: str = "127.0.0.1",
        port: int = 80,
        script_name: str = "",
        errors: object,
    ) -> None:
        self._base: dict[str, Any] = {
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_HOST": "localhost",
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_SOFTWARE": "jqengine",
            "SCRIPT_NAME": script_name,
            "CONTENT_TYPE": "",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scheme,
            "wsgi.errors": errors,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "wsgi.file_wrapper": FileWrapper,
        }

    def __call__(self, run: Run) -> dict[str, Any]:
        """The environ for the attempt that *run* is on; a new dict each time."""
        request = run.request
        environ = self._base.copy()
        environ.update(_header_keys(request.headers))
        path, query = _split_target(request.target)
        environ["REQUEST_METHOD"] = request.method
        environ["SERVER_PROTOCOL"] = request.protocol
        environ["PATH_INFO"] = path
        environ["QUERY_STRING"] = query
        environ["CONTENT_LENGTH"] = str(len(request.body))
        environ["wsgi.input"] = BytesIO(request.body)
        if request.user is not None:
            # PEP 3333 wants the bytes of a name as latin-1 text.
            environ["REMOTE_USER"] = request.user.encode().decode("latin-1")
            environ["AUTH_TYPE"] = "JobQueue"
        if request.continuation is not None:
            environ[CONTINUATION] = facts(request.continuation)
        if run.validators is not None and request.method in ("GET", "HEAD"):
            _set_conditions(environ, run.validators)
        _set_trusted(environ, run)
        return environ


def _set_conditions(environ: dict[str, Any], validators: Validators) -> None:
    """Let the application answer 304 when nothing has changed (RFC 9110, section 13).

    A job that has a condition of its own means that one.
    """
    if not _CONDITIONS.isdisjoint(environ):
        return
    if validators.etag is not None:
        environ["HTTP_IF_NONE_MATCH"] = validators.etag
    if validators.modified is not None:
        environ["HTTP_IF_MODIFIED_SINCE"] = validators.modified


def _set_trusted(environ: dict[str, Any], run: Run) -> None:
    due = rfc3339(run.due)
    environ["HTTP_X_VIA_JOBQUEUE"] = "yes"
    environ["HTTP_X_VIA_JOBQUEUE_JOB"] = run.job_id
    environ["HTTP_X_JOBQUEUE_RUN"] = run.id
    environ["HTTP_X_JOBQUEUE_ATTEMPT"] = str(run.attempt)
    environ["HTTP_X_JOBQUEUE_DUE"] = due
    environ["HTTP_IDEMPOTENCY_KEY"] = run.id
    environ["HTTP_TRACEPARENT"] = trace_of(run, environ.get("HTTP_TRACEPARENT"))
    environ["jobqueue.job"] = MappingProxyType(
        {
            "id": run.job_id,
            "name": run.name,
            "run": run.id,
            "attempt": run.attempt,
            "due": due,
            "user": run.request.user,
            "idempotency_key": run.id,
            "previous_status": run.previous_status,
        }
    )


@lru_cache(maxsize=1024)
def _split_target(target: str) -> tuple[str, str]:
    path, _, query = target.partition("?")
    return unquote_to_bytes(path).decode("latin-1"), query


@lru_cache(maxsize=1024)
def _header_keys(headers: Headers) -> dict[str, str]:
    keys: dict[str, str] = {}
    for name, value in headers:
        key = environ_key(name)
        if is_trusted(name) or key == "CONTENT_LENGTH":
            continue
        separator = "; " if key == "HTTP_COOKIE" else ","
        keys[key] = f"{keys[key]}{separator}{value}" if key in keys else value
    return keys


def trace_of(run: Run, parent: str | None) -> str:
    """The ``traceparent`` of an attempt (W3C Trace Context).

    It continues the trace in *parent*, the header the job was scheduled with;
    without one the run begins a trace that all its attempts share.  Made from
    ids alone, so that an attempt has the same span wherever it is asked.
    """
    match = _TRACEPARENT.fullmatch(parent or "")
    trace, flags = (match[1], match[2]) if match else (_NO_TRACE, "01")
    if trace == _NO_TRACE:
        # Samplers take some traces by their id, which therefore is to look random.
        trace, flags = blake2b(run.id.encode(), digest_size=16).hexdigest(), "01"
    # Not the end of the id, which all runs of one process share.
    span = run.id[8:16].rjust(8, "0")
    return f"00-{trace}-{span}{run.attempt & 0xFFFFFFFF:08x}-{flags}"


@lru_cache(maxsize=1024)
def rfc3339(instant: float) -> str:
    """*instant* as RFC 3339 text in UTC, to the microsecond if need be."""
    moment = datetime.fromtimestamp(instant, UTC)
    return moment.isoformat().replace("+00:00", "Z")


EnvironBuilder = Callable[[Run], dict[str, Any]]
"""What a job host needs of this module."""
