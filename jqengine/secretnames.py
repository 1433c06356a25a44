"""Which names stand for secrets: of headers, of query parameters, of fields of a form.  Pure."""

from __future__ import annotations

import re
from functools import lru_cache

SECRET_NAMES = frozenset(
    {
        "_k",  # a continuation's link
        "_r",  # the response to a request that did not wait
        "auth",
        "authorization",
        "code",
        "cookie",
        "csrf",
        "jwt",
        "nonce",
        "otp",
        "passphrase",
        "passwd",
        "proxyauthorization",
        "pwd",
        "session",
        "sessionid",
        "setcookie",
        "sid",
        "sig",
    }
)
"""Names that are secret as a whole, without their hyphens and underscores."""

SECRET_PARTS = ("accesskey", "apikey", "credential", "password", "privatekey", "secret",
                "signature", "token")  # fmt: skip
"""What makes a name secret wherever it stands in it: ``X-Auth-Token``, ``user[password]``."""


@lru_cache(maxsize=4096)
def stands_for_a_secret(name: str) -> bool:
    """Whether a value of that name is not to be shown, in any spelling."""
    plain = squeezed(name)
    if plain in SECRET_NAMES or name.lower() in SECRET_NAMES:
        return True
    return any(part in plain for part in SECRET_PARTS)


def squeezed(name: str) -> str:
    """*name* in lower case, and without what stands between words."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
