"""By what a result is recognized: its validators and its body.  Pure."""

from __future__ import annotations

import hashlib
import re

from jqengine.delivery import Fingerprint, Validators
from jqengine.job import Result
from jqengine.request.httpdate import http_date

_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')


def fingerprint_of(result: Result) -> Fingerprint:
    """What tells *result* from another success of its job."""
    return Fingerprint(validators_of(result), hashlib.sha256(result.body).hexdigest())


def validators_of(result: Result) -> Validators:
    """The validators of *result*, as far as they are well formed."""
    etag = (result.header("ETag") or "").strip()
    modified = (result.header("Last-Modified") or "").strip()
    return Validators(
        etag=etag if _ETAG.fullmatch(etag) else None,
        modified=modified if modified.isprintable() and http_date(modified) is not None else None,
    )
