"""What ``Retry-After`` asks for (RFC 9110, section 10.2.3).  Pure."""

from __future__ import annotations

from email.utils import parsedate_to_datetime


def retry_after(text: str, now: float) -> float | None:
    """Seconds from *now*, or ``None`` where the text is neither a number nor a date.

    A date that has passed gives a negative number.
    """
    plain = text.strip()
    if plain.isascii() and plain.isdigit():
        return float(plain[:9])
    try:
        return parsedate_to_datetime(plain).timestamp() - now
    except (ValueError, OverflowError):
        return None
