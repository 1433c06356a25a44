"""Which header names the application may trust, and where they land.

The engine speaks to the application in headers that nobody else may send:
``X-Via-JobQueue*`` and ``X-JobQueue-*``.  WSGI folds ``-`` and ``_`` together,
so a name must be judged by the environ key it lands on, not by its spelling.
"""

from __future__ import annotations

import re

_TRUSTED_KEY = re.compile(r"HTTP_X_(?:VIA_JOBQUEUE|JOBQUEUE_)")


def environ_key(name: str) -> str:
    """The WSGI environ key of header *name* (PEP 3333, RFC 3875 section 4.1.18)."""
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def is_trusted(name: str) -> bool:
    """Whether *name*, in any spelling, lands on a key only the engine may set."""
    return _TRUSTED_KEY.match(environ_key(name.strip())) is not None


def is_unsafe_from_clients(name: str) -> bool:
    """Whether a real client's header *name* must not reach the application.

    That is every trusted name, every name with ``_`` (it could shadow another
    header), and ``Proxy`` (which would become ``HTTP_PROXY``).
    """
    return "_" in name or is_trusted(name) or name.strip().lower() == "proxy"
