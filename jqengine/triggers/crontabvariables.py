"""The ``NAME=value`` lines of a crontab: defaults for the lines below them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from urllib.parse import quote

from jqengine.errors import BadValue
from jqengine.joboptions import JOB_OPTIONS, OptionValues, overlay, shown
from jqengine.options import closest
from jqengine.triggers.crontabhead import BadLine

_ASSIGNMENT = re.compile(
    r"[ \t]*(?P<quote>[\"']?)(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P=quote)[ \t]*="
    r"[ \t]*(?P<value>.*?)[ \t]*",
    re.ASCII | re.DOTALL,
)
_IGNORED = frozenset({"SHELL", "PATH", "HOME", "LOGNAME"})
_OPTION_OF = {option.variable: option for option in JOB_OPTIONS.values() if option.shared}
_OWN = {option.variable: option for option in JOB_OPTIONS.values() if not option.shared}
_ALIASES = {"CRON_TZ": "JOBQUEUE_TZ", "RANDOM_DELAY": "JOBQUEUE_JITTER"}
_MAIL = ("MAILTO", "MAILFROM")
_ADDRESS = re.compile(r"[^\s@,;<>()\[\]\\\"]+(?:@[^\s@,;<>()\[\]\\\"]+)?")


class Assignment(NamedTuple):
    """One ``NAME=value`` line.

    :ivar position: 0-based offset of the value in the line.
    """

    name: str
    value: str
    name_position: int
    position: int


@dataclass(frozen=True, slots=True)
class Variables:
    """The assignments in force at a line.

    :ivar options: values of job options.
    """

    options: Mapping[str, object] = field(default_factory=dict)
    mail_to: tuple[str, ...] = ()
    mail_from: str = ""

    def over(self, defaults: OptionValues) -> OptionValues:
        """The engine's *defaults* with these above them."""
        if not self.mail_to:
            return overlay(defaults, self.options)
        addresses = ",".join(_in_url(address) for address in self.mail_to)
        sender = f"#from={_in_url(self.mail_from)}" if self.mail_from else ""
        return overlay(defaults, self.options, {"sink": (f"mailto:{addresses}{sender}",)})


def read_assignment(line: str) -> Assignment | None:
    """The assignment that *line* is, or ``None`` when it is none.

    As in cron, blanks may stand around the ``=``, and quotes around either
    side keep the blanks within them.

    :raises BadLine: the value begins with a quote and does not end with it.
    """
    match = _ASSIGNMENT.fullmatch(line)
    if match is None:
        return None
    value, position = match["value"], match.start("value")
    if value[:1] in ('"', "'"):
        if len(value) < 2 or value.find(value[0], 1) != len(value) - 1:
            raise BadLine(f"the value must end with the {value[0]} that it begins with", position)
        value, position = value[1:-1], position + 1
    return Assignment(match["name"], value, match.start("name"), position)


def is_ignored(assignment: Assignment) -> bool:
    """Whether cron knows the variable and a job that is a request has no use for it."""
    return assignment.name in _IGNORED


def assign(variables: Variables, assignment: Assignment) -> Variables:
    """*variables* after one more assignment.

    An empty value goes back to the engine's own default.

    :raises BadLine: the name is unknown or the value malformed.
    """
    name, value = assignment.name, assignment.value
    try:
        if name == "MAILTO":
            return replace(variables, mail_to=_addresses(value))
        if name == "MAILFROM":
            return replace(variables, mail_from=_sender(value))
        text = _delay(value) if name == "RANDOM_DELAY" else value
        option = _OPTION_OF.get(_ALIASES.get(name, name))
        if option is None:
            raise _unknown(assignment)
        options = {key: kept for key, kept in variables.options.items() if key != option.name}
        if text:
            options[option.name] = option.read(text)
        return replace(variables, options=options)
    except BadValue as error:
        raise BadLine(f"{name}: {error}", assignment.position) from None


def _delay(text: str) -> str:
    """``RANDOM_DELAY`` counts minutes."""
    if text and not re.fullmatch("[0-9]{1,6}", text):
        raise BadValue(f"{shown(text)} is not a whole number of minutes")
    return text and f"{text}m"


def _addresses(text: str) -> tuple[str, ...]:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    return tuple(_address(part) for part in parts)


def _sender(text: str) -> str:
    return _address(text.strip()) if text.strip() else ""


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise BadValue(f"{shown(text)} is not a mail address")
    return text


def _in_url(address: str) -> str:
    return quote(address, safe="@+")


def _unknown(assignment: Assignment) -> BadLine:
    name = assignment.name
    if name in _OWN:
        option = _OWN[name]
        message = f"{name}: a {option.name} is one job's own; write --{option.name}={option.form}"
        return BadLine(f"{message} on its line", assignment.name_position)
    known = (*_OPTION_OF, *_ALIASES, *_MAIL, *_IGNORED)
    hint = "did you mean CRON_TZ?" if name == "TZ" else closest(name, known)
    hint = hint or "expected CRON_TZ, MAILTO, MAILFROM, RANDOM_DELAY or JOBQUEUE_ and an option"
    return BadLine(f"there is no variable {shown(name)}; {hint}", assignment.name_position)
