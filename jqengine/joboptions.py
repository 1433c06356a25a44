"""The options of a job: one table for every place that takes them.

A crontab line (``--attempts=5``), a default above it (``JOBQUEUE_ATTEMPTS=5``),
the engine's own settings and the clients all read an option by the row it has
here, and so give it the same name, the same values and the same errors.
Pure; safe to call from any thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from jqengine.errors import BadValue
from jqengine.job import (
    Catchup,
    Definition,
    Duplicate,
    Overlap,
    Policy,
    Request,
    Schedule,
    Syntax,
)
from jqengine.options import (
    ENVIRONMENT_PREFIX,
    closest,
    parse_positive_duration,
    parse_zone,
    whole_number,
)
from jqengine.units import Backoff, Rate, StatusSet, parse_duration

OptionValues = Mapping[str, object]
"""Option names, without dashes in front, and their parsed values."""

SINKS_OFF = "off"
"""As a sink: forget the sinks named before it, the defaults included."""


class Part(Enum):
    """The part of a definition in which an option lands."""

    DEFINITION = "definition"
    SCHEDULE = "schedule"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class JobOption:
    """One row of the table.

    :ivar name: as users write it, ``catchup-window``.
    :ivar part: where its value lands, and in which
    :ivar field: attribute of that.
    :ivar read: the value of a text; raises :class:`BadValue`.
    :ivar form: what a value looks like, for help and error texts.
    :ivar default: the text that means the default, or empty when that has none.
    :ivar help: one phrase on what it does.
    :ivar shared: whether it can be a default of several jobs.
    :ivar repeatable: whether it may be given several times, the values adding up.
    """

    name: str
    part: Part
    field: str
    read: Callable[[str], Any]
    form: str
    default: str
    help: str
    shared: bool = True
    repeatable: bool = False

    @property
    def variable(self) -> str:
        """Its name in an environment and above crontab lines, ``JOBQUEUE_ATTEMPTS``."""
        return ENVIRONMENT_PREFIX + self.name.upper().replace("-", "_")

    def value(self, given: object) -> object:
        """The value of *given*: a text, a number that stands for its text, or,
        where the option is repeatable, a list of texts.

        :raises BadValue: it is none of these, or the text is malformed.
        """
        if isinstance(given, str):
            return self.read(given)
        if self.repeatable and isinstance(given, list | tuple):
            return tuple(part for one in given for part in self._parts(one))
        if isinstance(given, int | float) and not isinstance(given, bool):
            return self.read(str(given))
        raise BadValue(f"{shown(str(given))} is not a text; expected {self.form}")

    def _parts(self, one: object) -> tuple[object, ...]:
        if not isinstance(one, str):
            raise BadValue(f"{shown(str(one))} is not a text; expected {self.form}")
        parts: tuple[object, ...] = self.read(one)
        return parts


def _one_of(words: type[StrEnum]) -> Callable[[str], StrEnum]:
    def read(text: str) -> StrEnum:
        try:
            return words(text.strip().lower())
        except ValueError:
            known = ", ".join(words)
            raise BadValue(f"{shown(text)} is none of {known}") from None

    return read


def _label(text: str) -> str:
    """A name for people and for URLs: one line, as it is written."""
    if not text or text != text.strip() or len(text) > 200 or not text.isprintable():
        raise BadValue(
            f"{shown(text)} is not a name; expected 1 to 200 printable characters,"
            " without spaces around them"
        )
    return text


def _concurrency(text: str) -> int:
    try:
        return 0 if text.strip().lower() == "none" else whole_number(1, 1_000_000)(text)
    except BadValue as error:
        raise BadValue(f"{error}, or none") from None


def _sinks(text: str) -> tuple[str, ...]:
    sinks = tuple(text.split())
    for sink in sinks:
        if sink != SINKS_OFF and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", sink):
            raise BadValue(
                f"{shown(sink)} is not a sink; expected a URL such as"
                " https://example.org/hook or stdout:, or off"
            )
        if not sink.isprintable():
            raise BadValue(f"{shown(sink)} is not a sink; it holds an unprintable character")
    if not sinks:
        raise BadValue("a sink is missing; expected a URL such as stdout:, or off")
    return sinks


def parse_moment(text: str) -> datetime | date:
    """A date, or a date and a time of day, in ISO 8601.

    The time may have an offset, without which it is the wall clock of a zone
    that the caller knows.

    :raises BadValue: it is anything else.
    """
    plain = text.strip()
    # Not fromisoformat() alone, which takes any character for the T.
    if re.fullmatch(r"[0-9][0-9W:.,+\-]*(?:[T ][0-9:.,+\-]+Z?)?", plain, re.ASCII):
        for kind in (date, datetime):
            try:
                return kind.fromisoformat(plain)
            except ValueError:
                continue
    raise BadValue(f"{shown(text)} is not a date or time like 2026-12-24 or 2026-12-24T17:30")


def moment_instant(moment: datetime | date, zone: str, *, whole_day: bool = False) -> float:
    """The instant of a parsed moment, on the wall clock of *zone* if it has no offset.

    :param whole_day: a date alone means its last microsecond, not its first.
    :raises BadValue: it is out of the years 2 to 9998.
    """
    if not 1 < moment.year < 9999:
        raise BadValue(f"the year {moment.year} is out of range; expected 2 to 9998")
    end = timedelta(0)
    if not isinstance(moment, datetime):
        day = moment + timedelta(days=1) if whole_day else moment
        moment = datetime.combine(day, time())
        end = timedelta(microseconds=whole_day)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return round(moment.timestamp() - end.total_seconds(), 6)


JOB_OPTIONS: Mapping[str, JobOption] = MappingProxyType(
    {
        option.name: option
        for option in (
            JobOption(
                "name", Part.DEFINITION, "name", _label, "NAME", "",
                "what the job is called; a name is the job's own", shared=False,
            ),
            JobOption(
                "remove-on", Part.POLICY, "remove_on", StatusSet.parse, "STATUSES", "0,400-599",
                "statuses that take a recurring job out of the queue; never for none",
            ),
            JobOption(
                "attempts", Part.POLICY, "attempts", whole_number(1, 1000), "N", "3",
                "tries of one run",
            ),
            JobOption(
                "backoff", Part.POLICY, "backoff", Backoff.parse, "WAIT", "2s..10m",
                "the wait between tries: doubling (2s..10m), fixed (30s) or none",
            ),
            JobOption(
                "timeout", Part.POLICY, "timeout", parse_positive_duration, "DURATION", "15m",
                "how long a try may take",
            ),
            JobOption(
                "tz", Part.SCHEDULE, "zone", parse_zone, "ZONE", "",
                "the time zone in which the schedule is read",
            ),
            JobOption(
                "sink", Part.DEFINITION, "sinks", _sinks, "URL", "",
                "where results go, besides the sinks named before; off forgets those",
                repeatable=True,
            ),
            JobOption(
                "times", Part.SCHEDULE, "times", whole_number(1, 999_999_999), "N", "",
                "at most so many due times",
            ),
            JobOption(
                "until", Part.SCHEDULE, "until", parse_moment, "TIME", "",
                "no due time after this; a date alone is included",
            ),
            JobOption(
                "catchup", Part.POLICY, "catchup", _one_of(Catchup), "latest|all|none", "latest",
                "which due times that passed while no engine ran still run",
            ),
            JobOption(
                "catchup-window", Part.POLICY, "catchup_window", parse_duration, "DURATION",
                "24h", "how old a missed due time may be and still run",
            ),
            JobOption(
                "overlap", Part.POLICY, "overlap", _one_of(Overlap), "skip|allow|queue", "skip",
                "what becomes of a due time while the run before it is unfinished",
            ),
            JobOption(
                "priority", Part.POLICY, "priority", whole_number(-32768, 32767), "N", "0",
                "of several waiting runs the one with the smaller number starts first",
            ),
            JobOption(
                "jitter", Part.SCHEDULE, "jitter", parse_duration, "DURATION", "0s",
                "moves every due time later by a part of this that is the job's own",
            ),
            JobOption(
                "key", Part.POLICY, "key", _label, "KEY", "",
                "two unfinished jobs never share a key", shared=False,
            ),
            JobOption(
                "duplicate", Part.POLICY, "duplicate", _one_of(Duplicate),
                "first|replace|reject|debounce", "first",
                "what becomes of a job whose key an unfinished job holds", shared=False,
            ),
            JobOption(
                "group", Part.POLICY, "group", _label, "GROUP", "",
                "whose limits its runs share; its key unless said",
            ),
            JobOption(
                "concurrency", Part.POLICY, "concurrency", _concurrency, "N", "",
                "runs of its group under way at once, at most; none for no limit",
            ),
            JobOption(
                "rate", Part.POLICY, "rate", Rate.parse, "N/DURATION", "",
                "how often an attempt of its group may begin, as 10/1m; none for no limit",
            ),
        )
    }
)  # fmt: skip
"""Every option of a job, by its name."""


def read_options(given: Mapping[str, object]) -> OptionValues:
    """The values of options given by name, as texts, numbers or lists of texts.

    ``None`` stands for an option that is not given.

    :raises BadValue: an option is unknown or malformed; the sentence names it.
    """
    values = {}
    for name, value in given.items():
        option = JOB_OPTIONS.get(name)
        if option is None:
            hint = closest(name, JOB_OPTIONS) or f"expected one of {', '.join(JOB_OPTIONS)}"
            raise BadValue(f"there is no job option {shown(name)}; {hint}")
        if value is not None:
            try:
                values[name] = option.value(value)
            except BadValue as error:
                raise BadValue(f"{name}: {error}") from None
    return values


def overlay(*layers: OptionValues) -> OptionValues:
    """Option values of which a later layer wins, and adds to the sinks of the earlier ones."""
    merged: dict[str, object] = {}
    for layer in layers:
        sinks = (*_as_sinks(merged), *_as_sinks(layer))
        merged.update(layer)
        if sinks:
            merged["sink"] = sinks
    return merged


def define(
    request: Request,
    syntax: Syntax,
    text: str,
    options: OptionValues,
    *,
    identity: str | None,
    origin: str,
) -> Definition:
    """A definition from a request, a time text and parsed option values.

    :param options: ``tz`` must be among them; what is not there is the default.
    :param identity: the job's when it has no name.
    :raises BadValue: ``until`` is out of the range of years.
    """
    zone = str(options["tz"])
    values = dict(options)
    values["sink"] = effective_sinks(_as_sinks(options))
    until = values.get("until")
    if isinstance(until, date):
        values["until"] = moment_instant(until, zone, whole_day=True)
    fields = {part: _fields(part, values) for part in Part}
    name = fields[Part.DEFINITION].get("name")
    policy = _grouped(Policy(**fields[Part.POLICY]), name)
    return Definition(
        identity=name or identity,
        request=request,
        schedule=Schedule(syntax=syntax, text=text, **fields[Part.SCHEDULE]),
        policy=policy,
        origin=origin,
        **{"name": None, **fields[Part.DEFINITION]},
    )


def _grouped(policy: Policy, name: str | None) -> Policy:
    """*policy* in the group of its key, or for the sake of its limits in that of the *name*."""
    group = policy.group or policy.key or (name if policy.limits else None)
    return policy if group == policy.group else replace(policy, group=group)


def check_policy(policy: Policy) -> None:
    """Make sure that *policy* says nothing of a group or a key that there is not.

    :raises BadValue: it does.
    """
    if policy.key is None and policy.duplicate is not Duplicate.FIRST:
        raise BadValue("duplicate: it says what becomes of a key that is held; give a key")
    if policy.group is None and policy.limits:
        limit = "rate" if policy.concurrency is None else "concurrency"
        raise BadValue(f"{limit}: it is the limit of a group; give a group, a key or a name")


def effective_sinks(sinks: Iterable[str]) -> tuple[str, ...]:
    """The sinks that remain of a list with ``off`` in it, each once, in order."""
    kept: dict[str, None] = {}
    for sink in sinks:
        if sink == SINKS_OFF:
            kept.clear()
        else:
            kept[sink] = None
    return tuple(kept)


def _as_sinks(values: OptionValues) -> tuple[str, ...]:
    sinks = values.get("sink", ())
    assert isinstance(sinks, tuple)
    return sinks


def _fields(part: Part, values: OptionValues) -> dict[str, Any]:
    return {
        option.field: values[option.name]
        for option in JOB_OPTIONS.values()
        if option.part is part and option.name in values
    }


def shown(text: str) -> str:
    """*text* quoted for an error message, a long one cut."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
