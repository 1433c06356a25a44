"""The settings of one engine, resolved from three sources.

An option has one name everywhere: ``--job-threads`` on the command line,
``JOBQUEUE_JOB_THREADS`` in the environment and ``job-threads`` in the table
``[jobqueue]`` of a TOML file.
"""

from __future__ import annotations

import os.path
import tomllib
import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import tzlocal

from jqengine.errors import BadValue, ConfigurationError
from jqengine.options import ENVIRONMENT_PREFIX, OPTIONS, BaseURL, Option, closest
from jqengine.retention import Retention
from jqengine.smtpurl import SMTPServer
from jqengine.units import Backoff, StatusSet

FILE_TABLE = "jobqueue"
OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one engine was told to do.

    Durations are seconds, sizes bytes.  Names of files are as the user wrote
    them and are read from *directory*, because ``twistd --rundir`` changes the
    working directory after the settings are made; only *state_dir* is absolute.
    """

    app: str
    crontab: tuple[str, ...]
    http: tuple[str, ...]
    admin: str
    admin_auth: tuple[str, ...]
    admin_operator: tuple[str, ...]
    admin_host: tuple[str, ...]
    redact: tuple[str, ...]
    state_dir: str
    store: str
    sink: tuple[str, ...]
    smtp: SMTPServer
    timezone: str
    remove_on: StatusSet
    attempts: int
    backoff: Backoff
    timeout: float
    threads: int
    job_threads: int
    base_url: BaseURL
    amp: tuple[str, ...]
    amp_secret_file: str | None
    amp_certificate: str | None
    amp_client_ca: str | None
    keep: Retention
    workers: int
    spool: str
    drain_timeout: float
    max_body: int
    access_log: bool
    session_cookie: str | None
    respond_async: tuple[str, ...]
    otel: bool
    config: str | None
    directory: str

    @property
    def spool_directory(self) -> str | None:
        """Where jobs wait that the store cannot take, or ``None`` for nowhere."""
        if self.spool == OFF:
            return None
        return (
            os.path.join(self.state_dir, "spool") if self.spool == "on" else self.path(self.spool)
        )

    def path(self, name: str) -> str:
        """The absolute path of a file that the user named *name*."""
        return os.path.join(self.directory, name)


_BY_NAME = {option.name: option for option in OPTIONS}
_BY_VARIABLE = {option.variable: option for option in OPTIONS if option.in_environment}

# The engine sets JOBQUEUE_AMP for the application that it hosts, so an engine
# started by that application finds it too; it says nothing about this engine.
_NOT_OURS = frozenset(option.variable for option in OPTIONS if not option.in_environment)


class SettingsFile(NamedTuple):
    """A settings file that was read: its name, as the user wrote it, and its text."""

    path: str
    text: str


class _Given(NamedTuple):
    """The texts that one source has for an option, and what to call the place."""

    where: str
    texts: tuple[str, ...]


def resolve(
    command_line: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    settings_file: SettingsFile | None = None,
    *,
    directory: str,
    system_zone: Callable[[], str],
) -> Settings:
    """The settings that the three sources give together.  Pure.

    The command line wins, then the environment, then the file; a repeatable
    option is taken whole from one source, never added up.

    :param command_line: the texts of each option by its name, in order.
    :param directory: the absolute path of the working directory.
    :param system_zone: asked for the zone when no source names one.
    :raises ConfigurationError: an option is unknown, missing or malformed; the
        sentence names the option and its source.
    """
    given = _given(command_line, environ, settings_file)
    state_dir = os.path.join(directory, _value(_BY_NAME["state-dir"], given, ""))
    values = {option.field: _value(option, given, state_dir) for option in OPTIONS}
    if values["timezone"] is None:
        values["timezone"] = system_zone()
    return Settings(**{**values, "state_dir": state_dir}, directory=directory)


def texts_of(
    command_line: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    settings_file: SettingsFile | None = None,
) -> dict[str, Sequence[str]]:
    """The texts that :func:`resolve` reads, as a command line alone would give them.

    :raises ConfigurationError: as it does, for what is unknown.
    """
    given = _given(command_line, environ, settings_file)
    return {name: source.texts for name, source in given.items()}


def settings_file_name(
    command_line: Mapping[str, Sequence[str]], environ: Mapping[str, str]
) -> str | None:
    """The file that ``--config`` or ``JOBQUEUE_CONFIG`` names, or ``None``.

    :raises ConfigurationError: as :func:`resolve` does for these two sources.
    """
    given = {**_from_environment(environ), **_from_command_line(command_line)}
    name: str | None = _value(_BY_NAME["config"], given, "")
    return name


def find_system_zone() -> str:
    """The IANA name of this machine's zone.

    :raises ConfigurationError: it has none, so that a guess would be wrong.
    """
    try:
        # The first call refuses a TZ like UTC+3; the second would pass over it.
        tzlocal.get_localzone()
        name: str | None = tzlocal.get_localzone_name()
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        why = str(error.args[0]).split("\n", 1)[0].strip()
        raise ConfigurationError(
            f"the system's time zone is unknown ({why}); say --timezone"
        ) from None
    if name is None and os.path.exists("/etc/localtime"):
        raise ConfigurationError("the system's time zone has no name; say --timezone")
    return name or "UTC"


def unknown_option(name: str, known: Iterable[str]) -> str:
    """``no option NAME``, with the closest of *known* if one is close."""
    hint = closest(name, known)
    return f"no option {name}" + (f"; {hint}" if hint else "")


def _given(
    command_line: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    settings_file: SettingsFile | None,
) -> dict[str, _Given]:
    return {
        **(_from_file(settings_file) if settings_file else {}),
        **_from_environment(environ),
        **_from_command_line(command_line),
    }


def _from_command_line(texts: Mapping[str, Sequence[str]]) -> dict[str, _Given]:
    for name in texts.keys() - _BY_NAME.keys():
        raise ConfigurationError(unknown_option(f"--{name}", (f"--{one}" for one in _BY_NAME)))
    return {name: _Given(f"--{name}", tuple(values)) for name, values in texts.items()}


def _from_environment(environ: Mapping[str, str]) -> dict[str, _Given]:
    given = {}
    for variable, text in environ.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in _NOT_OURS:
            continue
        option = _BY_VARIABLE.get(variable)
        if option is None:
            raise ConfigurationError(f"environment: {unknown_option(variable, _BY_VARIABLE)}")
        # An empty variable is how many tools write one that is not set.
        if text.strip():
            texts = tuple(text.split()) if option.repeatable else (text,)
            given[option.name] = _Given(variable, texts)
    return given


def _from_file(file: SettingsFile) -> dict[str, _Given]:
    try:
        document = tomllib.loads(file.text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file.path}: not TOML: {error}") from None
    table = document.get(FILE_TABLE)
    if not isinstance(table, dict):
        raise ConfigurationError(f"{file.path}: has no table [{FILE_TABLE}]")
    for name in document.keys() & _BY_NAME.keys():
        raise ConfigurationError(f"{file.path}: {name} belongs under [{FILE_TABLE}]")
    return {name: _from_key(file.path, name, value) for name, value in table.items()}


def _from_key(path: str, name: str, value: object) -> _Given:
    option = _BY_NAME.get(name)
    if option is None or not option.in_file:
        allowed = [one.name for one in OPTIONS if one.in_file]
        raise ConfigurationError(f"{path}: [{FILE_TABLE}]: {unknown_option(name, allowed)}")
    where = f"{path}: [{FILE_TABLE}] {name}"
    if not isinstance(value, list):
        return _Given(where, (_scalar(where, value),))
    if not option.repeatable:
        raise ConfigurationError(f"{where}: expected one value, not a list")
    return _Given(where, tuple(_scalar(where, one) for one in value))


def _scalar(where: str, value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else OFF
    if isinstance(value, str | int | float):
        return str(value)
    raise ConfigurationError(f"{where}: expected a text or a number, not a {type(value).__name__}")


def _value(option: Option, given: Mapping[str, _Given], state_dir: str) -> Any:
    """The parsed value of *option*: a tuple for a repeatable one, else one or ``None``."""
    source = given.get(option.name)
    if source is None and option.required:
        raise ConfigurationError(
            f"--{option.name} is missing: say it here, as {option.variable} or in a settings file"
        )
    if source is None:
        defaults = tuple(text.replace("STATE", state_dir) for text in option.default)
        source = _Given(f"--{option.name}", defaults)
    try:
        if option.repeatable:
            return _several(option, source.texts)
        return option.parse(source.texts[-1]) if source.texts else None
    except BadValue as error:
        raise ConfigurationError(f"{source.where}: {error}") from None


def _several(option: Option, texts: tuple[str, ...]) -> tuple[Any, ...]:
    if OFF not in texts:
        return tuple(option.parse(text) for text in texts)
    if len(texts) > 1:
        raise BadValue(f"{OFF!r} stands alone; expected it or {option.metavar}, not both")
    return ()
