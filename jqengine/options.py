"""The table of options, which says everything about each of them once.

It drives the command line, the environment, the settings file, ``--help`` and
the reference page; :mod:`jqengine.config` reads it.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import unquote_to_bytes

from jqengine.errors import BadValue
from jqengine.retention import Retention
from jqengine.smtpurl import parse_smtp_url
from jqengine.units import Backoff, StatusSet, parse_duration, parse_size

ENVIRONMENT_PREFIX = "JOBQUEUE_"

_BASE_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>\d{0,5}))?"
    r"(?P<path>(?:/[^?#\s]*)?)",
    re.ASCII | re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FLAGS = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class BaseURL:
    """The address that an application finds in a job's environ.

    :ivar host: in lower case; an IPv6 address is in brackets (RFC 3875, 4.1.14).
    :ivar script_name: decoded as PEP 3333 wants it, without a slash at its end.
    """

    scheme: str
    host: str
    port: int
    script_name: str


def parse_base_url(text: str) -> BaseURL:
    """Read ``https://www.example.org/app/``; the port defaults to the scheme's."""
    match = _BASE_URL.fullmatch(text.strip())
    port = match and int(match["port"] or _DEFAULT_PORTS[match["scheme"].lower()])
    if match is None or not port or port > 65_535:
        raise BadValue(
            f"{text!r} is not a base URL; expected something like http://example.org:80/app"
        )
    script_name = unquote_to_bytes(match["path"]).decode("latin-1").rstrip("/")
    return BaseURL(match["scheme"].lower(), match["host"].lower(), port, script_name)


def parse_filled(text: str) -> str:
    """*text* itself, unless it is blank."""
    if not text.strip():
        raise BadValue("is empty")
    return text


def parse_flag(text: str) -> bool:
    """Read ``on`` or ``off``, and what else people write for them."""
    value = _FLAGS.get(text.strip().lower())
    if value is None:
        raise BadValue(f"{text!r} is neither on nor off")
    return value


def parse_cookie_name(text: str) -> str:
    """The name of a cookie: a token of HTTP (RFC 6265, section 4.1.1)."""
    name = text.strip()
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise BadValue(f"{text!r} is not the name of a cookie; expected something like session")
    return name


def parse_host_name(text: str) -> str:
    """The name of a host, without a port, in lower case."""
    name = text.strip().rstrip(".").lower()
    if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", name):
        raise BadValue(f"{text!r} is not the name of a host; expected something like example.org")
    return name


def parse_path_prefix(text: str) -> str:
    """A path of the application, decoded as PEP 3333 wants it."""
    path = text.strip()
    if not path.startswith("/") or re.search(r"[?#\s]", path):
        raise BadValue(f"{text!r} is not a path; expected something like /reports")
    return unquote_to_bytes(path).decode("latin-1")


def parse_positive_duration(text: str) -> float:
    """A duration above zero, in seconds."""
    seconds = parse_duration(text)
    if seconds <= 0:
        raise BadValue(f"{text!r} is no time at all; expected something like 90s or 15m")
    return seconds


def parse_zone(text: str) -> str:
    """The name of an IANA zone that this machine knows."""
    name = text.strip()
    try:
        if name.startswith("right/"):  # these count leap seconds, which no clock here does
            raise ValueError(name)
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = _closest_zone(name) or "expected a name like Europe/Paris"
        raise BadValue(f"{name!r} is not a time zone; {hint}") from None
    return name


def _closest_zone(name: str) -> str:
    zones = zoneinfo.available_timezones()
    cities = {zone.rpartition("/")[2].lower(): zone for zone in sorted(zones, reverse=True)}
    return closest(cities.get(name.lower().replace(" ", "_"), name), zones)


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A parser of whole numbers from *least* to *most*, both included."""

    def parse(text: str) -> int:
        plain = text.strip()
        if re.fullmatch(r"-?[0-9]{1,9}", plain) and least <= int(plain) <= most:
            return int(plain)
        raise BadValue(f"{text!r} is not a whole number from {least} to {most}")

    return parse


def closest(name: str, known: Iterable[str]) -> str:
    """``did you mean ...?`` with the one of *known* nearest to *name*, or nothing."""
    spellings = {one.lower(): one for one in sorted(known)}
    near = get_close_matches(name[:60].lower(), spellings, n=1)
    return f"did you mean {spellings[near[0]]}?" if near else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One row of the table.

    :ivar parse: makes the value of one text, or raises
        :class:`~jqengine.errors.BadValue`.
    :ivar default: the texts that stand when no source gives the option;
        ``STATE`` in them is the state directory.
    :ivar default_words: says the default to people, where *default* cannot.
    :ivar in_file: whether a settings file may hold it.
    :ivar in_environment: whether the engine reads its variable.
    """

    name: str
    group: str
    metavar: str
    help: str
    parse: Callable[[str], Any]
    short: str | None = None
    default: tuple[str, ...] = ()
    default_words: str = ""
    required: bool = False
    repeatable: bool = False
    in_file: bool = True
    in_environment: bool = True

    @property
    def field(self) -> str:
        """Its attribute of :class:`Settings`."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return ENVIRONMENT_PREFIX + self.field.upper()

    @property
    def shown_default(self) -> str:
        """The default, for people."""
        if self.required:
            return "required"
        return self.default_words or " ".join(self.default) or "none"


OPTIONS: tuple[Option, ...] = (
    Option(
        name="app",
        short="a",
        group="Application",
        metavar="NAME",
        parse=parse_filled,
        required=True,
        help="The WSGI application: pkg.module (its `application` or `app`), pkg.module:name, "
        "pkg.module:factory(), or the path of a .wsgi or .py file. "
        "The working directory is importable.",
    ),
    Option(
        name="http",
        group="Application",
        metavar="ENDPOINT",
        parse=parse_filled,
        repeatable=True,
        default=("tcp:8080:interface=127.0.0.1",),
        help="Where HTTP is served: a Twisted endpoint (tcp, tls, unix, systemd); off for nowhere.",
    ),
    Option(
        name="threads",
        group="Application",
        metavar="N",
        parse=whole_number(1, 10_000),
        default=("10",),
        help="Threads that call the application for HTTP.",
    ),
    Option(
        name="max-body",
        group="Application",
        metavar="SIZE",
        parse=parse_size,
        default=("16MiB",),
        help="The largest body of an HTTP request; a larger one is answered 413.",
    ),
    Option(
        name="access-log",
        group="Application",
        metavar="on|off",
        parse=parse_flag,
        default=("on",),
        help="Whether each HTTP request is logged.",
    ),
    Option(
        name="session-cookie",
        group="Application",
        metavar="NAME",
        parse=parse_cookie_name,
        help="The cookie by which the application knows a client's session. A link to a "
        "continuation is for its owner alone; without it there are no such links.",
    ),
    Option(
        name="respond-async",
        group="Application",
        metavar="PATH",
        parse=parse_path_prefix,
        repeatable=True,
        help="A path, with all beneath it, where a client that sends Prefer: respond-async gets "
        "202 at once: its request is stored and run as a job, and the response is kept for it.",
    ),
    Option(
        name="crontab",
        short="c",
        group="Jobs",
        metavar="FILE",
        parse=parse_filled,
        repeatable=True,
        help="A crontab whose lines become requests to the application.",
    ),
    Option(
        name="timezone",
        group="Jobs",
        metavar="ZONE",
        parse=parse_zone,
        default_words="the system's",
        help="The IANA zone that times are read in, where a job says no other.",
    ),
    Option(
        name="job-threads",
        group="Jobs",
        metavar="N",
        parse=whole_number(1, 10_000),
        default=("10",),
        help="Threads that call the application for jobs.",
    ),
    Option(
        name="attempts",
        group="Jobs",
        metavar="N",
        parse=whole_number(1, 1_000),
        default=("3",),
        help="Tries of one run.",
    ),
    Option(
        name="backoff",
        group="Jobs",
        metavar="WAIT",
        parse=Backoff.parse,
        default=(str(Backoff()),),
        help="The wait between tries: 2s..10m doubles from the first to the second with full "
        "jitter, 30s stays the same, none does not wait.",
    ),
    Option(
        name="timeout",
        group="Jobs",
        metavar="TIME",
        parse=parse_positive_duration,
        default=("15m",),
        help="How long one try may take before it counts as without a response.",
    ),
    Option(
        name="remove-on",
        group="Jobs",
        metavar="LIST",
        parse=StatusSet.parse,
        default=("0,400-599",),
        help="Statuses that, after the last try, take a recurring job out of the queue: "
        "0,400-499,503 or never. 0 is no response at all.",
    ),
    Option(
        name="sink",
        group="Jobs",
        metavar="URL",
        parse=parse_filled,
        repeatable=True,
        default=("stdout:",),
        help="Where results go, besides the sinks that a job names itself; off for nowhere.",
    ),
    Option(
        name="smtp",
        group="Jobs",
        metavar="URL",
        parse=parse_smtp_url,
        default=("smtp://127.0.0.1:25",),
        help="The server that takes mail for mailto: sinks: "
        "smtp://USER@HOST:587?tls=required&password=env:NAME, or password=file:PATH; "
        "smtps: for TLS from the start. tls is required, opportunistic or off; without it, "
        "required for any server but one on this machine.",
    ),
    Option(
        name="base-url",
        group="Jobs",
        metavar="URL",
        parse=parse_base_url,
        default=("http://127.0.0.1:80/",),
        help="What the application believes its address is in a job: "
        "scheme, host, port and SCRIPT_NAME.",
    ),
    Option(
        name="amp",
        group="Clients",
        metavar="ENDPOINT",
        parse=parse_filled,
        repeatable=True,
        default=("STATE/amp.sock",),
        default_words="unix:STATE/amp.sock:mode=600",
        in_environment=False,
        help="Where jobs are scheduled, over AMP: unix:PATH, for this user and root alone, or any "
        "other endpoint, for clients with a secret or a certificate; off for nowhere. The engine "
        "tells the application in JOBQUEUE_AMP, and does not itself read that variable.",
    ),
    Option(
        name="amp-secret-file",
        group="Clients",
        metavar="FILE",
        parse=parse_filled,
        help="A file of mode 600 with lines ROLE SECRET, the role submit or operate: clients "
        "that come over TCP show that they know one.",
    ),
    Option(
        name="amp-certificate",
        group="Clients",
        metavar="FILE",
        parse=parse_filled,
        help="The certificate of the engine and its key, in PEM: AMP over TCP is then in TLS.",
    ),
    Option(
        name="amp-client-ca",
        group="Clients",
        metavar="FILE",
        parse=parse_filled,
        help="The certificate, in PEM, of the authority that signs those of clients: they must "
        "show one. Its unit (OU) operate makes an operator.",
    ),
    Option(
        name="admin",
        group="Engine",
        metavar="ENDPOINT",
        parse=parse_filled,
        default=("tcp:8081:interface=127.0.0.1",),
        help="Where people and monitors look: dashboard, API, metrics, health; off for nowhere. "
        "A loopback address or a unix socket; any other takes TLS (ssl:) and --admin-auth.",
    ),
    Option(
        name="admin-auth",
        group="Engine",
        metavar="KIND",
        parse=parse_filled,
        repeatable=True,
        help="Who may log in to --admin, as Twisted's strcred says it: file:PATH of a file of mode "
        "600 with lines NAME:PASSWORD, unix for the users of this machine, or what a plugin adds. "
        "Without it nobody has to.",
    ),
    Option(
        name="admin-operator",
        group="Engine",
        metavar="USER",
        parse=parse_filled,
        repeatable=True,
        default=("*",),
        help="Who may change something at --admin; everybody else who comes in may look. "
        "* is everybody, off nobody.",
    ),
    Option(
        name="admin-host",
        group="Engine",
        metavar="NAME",
        parse=parse_host_name,
        repeatable=True,
        help="A name by which browsers reach --admin through a proxy. Any other but localhost is "
        "turned away.",
    ),
    Option(
        name="redact",
        group="Engine",
        metavar="NAME",
        parse=parse_filled,
        repeatable=True,
        help="A header, query parameter or form field whose value is a secret: shown and logged as "
        "a hash, like those of Authorization, Cookie, token, password and their kin.",
    ),
    Option(
        name="state-dir",
        group="Engine",
        metavar="DIR",
        parse=parse_filled,
        default=(".jobqueue",),
        help="All that the engine keeps. Made with mode 0700 when it is not there.",
    ),
    Option(
        name="store",
        group="Engine",
        metavar="URL",
        parse=parse_filled,
        default=("sqlite:///STATE/jobqueue.db",),
        help="The URL of the queue: ``sqlite:///PATH`` or ``postgresql://USER@HOST:PORT/DATABASE``."
        " In the default, STATE is the state directory.",
    ),
    Option(
        name="keep",
        group="Engine",
        metavar="LIMITS",
        parse=Retention.parse,
        default=("30d,1000000,4GiB",),
        help="How much is kept of runs that have ended: an age, a number, and a size of the "
        "store, any of them; forever for no limit.",
    ),
    Option(
        name="spool",
        group="Engine",
        metavar="on|off|DIR",
        parse=parse_filled,
        default=("off",),
        help="Whether new jobs are kept on the local disk while the store cannot be reached, and "
        "brought there later: in STATE/spool, or in a directory that is named.",
    ),
    Option(
        name="workers",
        group="Engine",
        metavar="N",
        parse=whole_number(1, 100),
        default=("1",),
        help="Processes on this machine that share the sockets and the store. With more than one, "
        "a parent process holds the sockets, and starts again what dies.",
    ),
    Option(
        name="drain-timeout",
        group="Engine",
        metavar="TIME",
        parse=parse_duration,
        default=("30s",),
        help="How long SIGTERM waits for running requests and jobs.",
    ),
    Option(
        name="otel",
        group="Engine",
        metavar="on|off",
        parse=parse_flag,
        default=("off",),
        help="Whether requests, jobs and deliveries are sent as OpenTelemetry spans, to where the "
        "standard OTEL_* variables say. Needs jqengine[otel].",
    ),
    Option(
        name="config",
        group="Engine",
        metavar="FILE",
        parse=parse_filled,
        in_file=False,
        help="A TOML file; its table [jobqueue] holds options by these names.",
    ),
)
"""Every option there is, in the order in which people are shown them."""
