"""What ``Retry-After`` asks for (RFC 9110, section 10.2.3).  Pure."""

from __future__ import annotations

from jqengine.request.httpdate import http_date


def retry_after(text: str, now: float) -> float | None:
    """Seconds from *now*, or ``None`` where the text is neither a number nor a date.

    A date that has passed gives a negative number.
    """
    plain = text.strip()
    if plain.isascii() and plain.isdigit():
        return float(plain[:9])
    date = http_date(plain)
    return None if date is None else date - now
