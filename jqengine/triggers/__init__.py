"""Time texts and crontabs: pure functions of (text, now, zone)."""
