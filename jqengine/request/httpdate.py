"""Dates as HTTP writes them (RFC 9110, section 5.6.7).  Pure."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime


def http_date(text: str) -> int | None:
    """Seconds since the epoch, or ``None`` where *text* is no date.

    All three forms are read; the one of asctime() names no zone and means UTC.
    """
    try:
        moment = parsedate_to_datetime(text.strip())
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
