"""Where the log goes and what a line of it looks like.

Modules log through ``twisted.logger.Logger``; only this one knows observers.
A terminal gets Twisted's own text; anything else gets one JSON object a line,
so that a collector can index the fields of an event.  The journal of systemd
gets the level of each line besides.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from math import isfinite
from typing import Any

from twisted.logger import (
    FileLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    formatEvent,
    formatEventAsClassicLogText,
)
from twisted.python.logfile import LogFile
from zope.interface import provider

from jqengine.errors import ConfigurationError
from jqengine.harmless import harmless_json, harmless_text

DEFAULT_LOG_FILE = "twistd.log"

LARGEST_LOG_FILE = 32 * 1024 * 1024
MOST_LOG_FILES = 10
"""Bytes after which a log file is put by for a new one, and how many are kept so."""

_JOURNAL_LEVELS = {
    LogLevel.debug: 7,
    LogLevel.info: 6,
    LogLevel.warn: 4,
    LogLevel.error: 3,
    LogLevel.critical: 2,
}
"""Those of syslog(3)."""

_SHOWN = frozenset(_JOURNAL_LEVELS) - {LogLevel.debug}

WHOLE_LINE = "{log_line}"
"""The format of an event whose ``log_line`` is its message; with ``log_`` it is
no field besides."""

# What twisted.python.log adds to the events of its old interface.
_LEGACY_FIELDS = frozenset(
    {"time", "system", "isError", "format", "message", "why", "failure", "sender", "text"}
)


def json_line(event: LogEvent) -> str | None:
    """*event* as one line of JSON, or ``None`` if it says nothing.

    ``time`` (RFC 3339, UTC), ``level``, ``logger`` and ``message``, then the
    plain fields of the event under their own names, then ``traceback``.
    """
    message = _message(event)
    failure = event.get("log_failure")
    if not message and failure is None:
        return None
    level = event.get("log_level", LogLevel.info)
    line = {
        **_plain_fields(event),
        "time": _shown_time(event["log_time"]),
        "level": level.name,
        "logger": event.get("log_namespace", "-"),
        "message": message,
    }
    if failure is not None:
        line["traceback"] = failure.getTraceback()
    return harmless_json(_encode(line)) + "\n"


# Made once: the encoder itself costs as much as what it encodes.
_encode = json.JSONEncoder(ensure_ascii=False).encode


def _message(event: LogEvent) -> str:
    # What is a line already, as each of the access log's, needs no formatting.
    if event.get("log_format") == WHOLE_LINE:
        return str(event["log_line"])
    return formatEvent(event)


def _shown_time(instant: float) -> str:
    """RFC 3339, UTC, to the millisecond."""
    second, microseconds = divmod(round(instant * 1e6), 1_000_000)
    return f"{_shown_second(second)}.{microseconds // 1000:03d}+00:00"


@lru_cache(maxsize=4)
def _shown_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()[:19]


def _plain_fields(event: LogEvent) -> dict[str, Any]:
    """The fields that JSON can hold; the message has the others already."""
    # First, so that the keys of every line begin in the same order.
    fields = dict.fromkeys(("time", "level", "logger", "message"))
    for name, value in event.items():
        if _is_plain(value) and not name.startswith("log_") and name not in _LEGACY_FIELDS:
            fields[name] = value
    return fields


def _is_plain(value: object) -> bool:
    if type(value) in _PLAIN:
        return True
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, str | int)


_PLAIN = frozenset({str, int, bool, type(None)})


def journal_line(event: LogEvent) -> str | None:
    """As :func:`json_line`, behind the level in the way of sd-daemon(3).

    The journal takes that away, and shows and filters by it.
    """
    line = json_line(event)
    level = _JOURNAL_LEVELS[event.get("log_level") or LogLevel.info]
    return line and f"<{level}>{line}"


def terminal_line(event: LogEvent) -> str | None:
    """*event* as Twisted's own text, without what would be a command to a terminal."""
    text = formatEventAsClassicLogText(event)
    return None if text is None else harmless_text(text)


def observer_to(stream: Any, environ: Mapping[str, str] = os.environ) -> ILogObserver:
    """An observer that writes to *stream*: text if it is a terminal, else JSON.

    Events below ``info`` are left out.  Safe to call from any thread; each
    event is one write.

    :param environ: says whether *stream* is the journal's.
    """
    write = _writer_to(stream, environ)

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        # Twisted's own predicate sorts all levels to compare two of them.
        if event.get("log_level") in _SHOWN:
            write(event)

    observer: ILogObserver = observe
    return observer


def _writer_to(stream: Any, environ: Mapping[str, str]) -> ILogObserver:
    if getattr(stream, "isatty", lambda: False)():
        return FileLogObserver(stream, terminal_line)
    if _is_of_journal(stream, environ):
        return FileLogObserver(stream, journal_line)
    return FileLogObserver(stream, json_line)


def _is_of_journal(stream: Any, environ: Mapping[str, str]) -> bool:
    """Whether the journal reads *stream*, as systemd.exec(5) says how to know.

    The variable is inherited by whatever a service starts, the stream need not be.
    """
    said = environ.get("JOURNAL_STREAM")
    if not said:
        return False
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return said == f"{status.st_dev}:{status.st_ino}"


def twistd_observer(options: Mapping[str, Any], reactor: Any) -> ILogObserver | None:
    """The observer that suits twistd's own *options*.

    In the foreground it is standard error, so that standard output is left to
    the ``stdout:`` sink.  ``None`` when the user chose a logger or syslog, or
    asked for what twistd refuses.

    :raises ConfigurationError: the log file cannot be written.
    """
    name, foreground = options["logfile"], options["nodaemon"]
    if options["logger"] or options["syslog"] or (name == "-" and not foreground):
        return None
    if name == "-":
        return observer_to(sys.stdout)
    if foreground and not name:
        return observer_to(sys.stderr)
    return observer_to(_log_file(name or DEFAULT_LOG_FILE, reactor))


def writes_to_stderr(options: Mapping[str, Any]) -> bool:
    """Whether :func:`twistd_observer` chooses standard error for *options*."""
    other = options["logfile"] or options["logger"] or options["syslog"]
    return bool(options["nodaemon"] and not other)


def _log_file(name: str, reactor: Any) -> LogFile:
    """The log file of that name; SIGUSR1 rotates it, as twistd promises, and so does its size."""
    try:
        log_file: LogFile = LogFile.fromFullPath(
            name, rotateLength=LARGEST_LOG_FILE, maxRotatedFiles=MOST_LOG_FILES
        )
    except OSError as error:
        raise ConfigurationError(f"--logfile: cannot write {name}: {error.strerror}") from None
    if not signal.getsignal(signal.SIGUSR1):
        signal.signal(signal.SIGUSR1, lambda *_: reactor.callFromThread(log_file.rotate))
    return log_file
