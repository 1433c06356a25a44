"""The application of every node: it writes down each call, and answers."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Any

_book = os.open(os.environ["CLUSTER_BOOK"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
_node = os.environ["CLUSTER_NODE"]


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Note jobs; of anything else say hello."""
    run = environ.get("HTTP_X_JOBQUEUE_RUN")
    if run is not None:
        attempt = environ["HTTP_X_JOBQUEUE_ATTEMPT"]
        os.write(_book, f"{run} {attempt} {_node} {time.time()!r}\n".encode())
        if environ["PATH_INFO"].startswith("/slow"):
            time.sleep(float(environ["QUERY_STRING"]))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [_node.encode()]
