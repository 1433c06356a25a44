"""``twistd jobqueue``: its command line, and the service that comes of it.

The one module that imports the global reactor.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from getopt import GetoptError
from itertools import groupby, takewhile
from random import SystemRandom
from typing import Any, NoReturn

import twisted
from twisted.application.service import IService
from twisted.internet import reactor
from twisted.python import usage

from jqengine.clock import SystemClock
from jqengine.config import (
    Settings,
    SettingsFile,
    find_system_zone,
    resolve,
    settings_file_name,
    texts_of,
    unknown_option,
)
from jqengine.engine import make_engine
from jqengine.errors import ConfigurationError, JobQueueError
from jqengine.launch import (
    ExitStatus,
    Launch,
    StartReport,
    collect_less_often,
    use_monotonic_time,
)
from jqengine.logs import twistd_observer, writes_to_stderr
from jqengine.options import OPTIONS, Option
from jqengine.systemd import ServiceManager
from jqengine.version import VERSION
from jqengine.workers.supervisor import Supervisor

_INTRODUCTION = (
    "Serves a WSGI application and sends it jobs: requests that the engine makes when their "
    "time has come. Each option may also be given as an environment variable "
    "(JOBQUEUE_JOB_THREADS for --job-threads) or in the table [jobqueue] of a TOML file; the "
    "command line wins, then the environment, then the file."
)


class Options(usage.Options):
    """The command line of ``twistd jobqueue``, made of :data:`~jqengine.options.OPTIONS`.

    Whatever is wrong with it ends the process with one line; twistd itself
    would print the whole help instead.

    :ivar settings: what all three sources say, once they are parsed.
    :ivar texts: the same, as it was written.
    """

    settings: Settings
    texts: Mapping[str, Sequence[str]]

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}
        super().__init__()

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Parse *options*, then the other sources."""
        arguments = sys.argv[1:] if options is None else options
        with _one_line_errors():
            self._refuse_abbreviations(arguments)
            try:
                super().parseOptions(arguments)
            except usage.UsageError as error:
                raise ConfigurationError(self._explanation(error)) from None

    def parseArgs(self, *arguments: str) -> None:
        """Refuse what is no option."""
        if arguments:
            raise ConfigurationError(f"unexpected {arguments[0]!r}: only options are taken")

    def postOptions(self) -> None:
        """Resolve the settings."""
        file = _read(settings_file_name(self._texts, os.environ))
        self.settings = resolve(
            self._texts,
            os.environ,
            file,
            directory=os.getcwd(),
            system_zone=find_system_zone,
        )
        self.texts = texts_of(self._texts, os.environ, file)

    def opt_version(self) -> NoReturn:
        """Show the version and exit."""
        sys.stdout.write(f"jqengine {VERSION} (Twisted {twisted.__version__})\n")
        sys.exit(0)

    def getUsage(self, width: int | None = None) -> str:
        """The options in groups, each with its default."""
        width = width or int(os.environ.get("COLUMNS", "80"))
        parts = ["", textwrap.fill(_INTRODUCTION, width)]
        for group, options in groupby(OPTIONS, key=lambda option: option.group):
            parts += ["", f"{group}:", *(_help_of(option, width) for option in options)]
        return "\n".join([*parts, "", "      --help, --version"]) + "\n"

    def _refuse_abbreviations(self, arguments: Sequence[str]) -> None:
        # getopt takes any unique beginning of a name, and a name that is not
        # ambiguous today would be with the next option.
        names = {name.rstrip("=") for name in self.longOpt}
        for argument in takewhile(lambda one: one != "--", arguments):
            name = argument[2:].partition("=")[0]
            if argument.startswith("--") and not name.startswith("_") and name not in names:
                raise ConfigurationError(self._unknown(f"--{name}", name))

    def _explanation(self, error: usage.UsageError) -> str:
        cause = error.__context__
        if isinstance(cause, GetoptError) and "not recognized" in cause.msg:
            return self._unknown(f"-{cause.opt}", cause.opt)
        return str(error)

    def _unknown(self, given: str, name: str) -> str:
        if name in getattr(self.parent, "synonyms", ()):
            return f"no option {given}; it is one of the runner: say it before jobqueue"
        return unknown_option(given, (f"--{option.name}" for option in OPTIONS))


def _add_handlers() -> None:
    """Give :class:`Options` the ``opt_*`` methods in which usage.Options finds its options."""
    for option in OPTIONS:
        handler = _handler(option)
        setattr(Options, f"opt_{option.field}", handler)
        if option.short:
            setattr(Options, f"opt_{option.short}", handler)


def _handler(option: Option) -> Callable[[Options, str], None]:
    def keep(self: Options, text: str) -> None:
        self._texts.setdefault(option.name, []).append(text)

    keep.__doc__ = option.help
    return keep


_add_handlers()


def makeService(options: Options) -> IService:
    """The service of the engine that *options* describe; nothing is started yet."""
    use_monotonic_time(reactor)
    collect_less_often()
    exit_status = ExitStatus()
    twistd = _twistd_options(options)
    with _one_line_errors():
        observer = None if twistd is None else twistd_observer(twistd, reactor)
        logged = twistd is not None and writes_to_stderr(twistd)
        service = _service(options, log_to_parent=not logged)
    report = StartReport(reactor, exit_status, twistd, None if logged else sys.stderr)
    return Launch(service, report, observer)


def _service(options: Options, *, log_to_parent: bool) -> IService:
    """One engine, or the parent of several."""
    tools: dict[str, Any] = {
        "reactor": reactor,
        "clock": SystemClock(),
        "random": SystemRandom(),
        "manager": ServiceManager.of(os.environ),
    }
    if options.settings.workers == 1:
        return make_engine(options.settings, **tools)
    return Supervisor(options.settings, options.texts, log_to_parent=log_to_parent, **tools)


def _twistd_options(options: Options) -> MutableMapping[str, Any] | None:
    """The options of twistd itself, or ``None`` under ``twist``, which logs as we do untold."""
    runner = options.parent
    return runner if runner is not None and "nodaemon" in runner else None


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """End the process with one line for what a user can mend."""
    try:
        yield
    except JobQueueError as error:
        raise SystemExit(f"jobqueue: {error}") from None


def _read(name: str | None) -> SettingsFile | None:
    if name is None:
        return None
    try:
        with open(name, encoding="utf-8") as file:
            return SettingsFile(name, file.read())
    except OSError as error:
        raise ConfigurationError(f"--config: cannot read {name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"--config: {name} is not UTF-8 text") from None


def _help_of(option: Option, width: int) -> str:
    flag = f"-{option.short}, " if option.short else "    "
    repeatable = ", repeatable" if option.repeatable else ""
    text = f"{option.help} [{option.shown_default}{repeatable}]"
    body = textwrap.fill(
        text, width, initial_indent=" " * 10, subsequent_indent=" " * 10, break_on_hyphens=False
    )
    return f"  {flag}--{option.name}={option.metavar}\n{body}"
